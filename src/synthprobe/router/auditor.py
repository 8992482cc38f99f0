"""Looks every minute for alerts that fire without a timer, which no crash should leave behind, and arms them."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

import anyio

from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.placing import place
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores.errors import StoreError

EVERY = 60.0
"""Seconds between two looks."""

log = logging.getLogger(__name__)


class Auditor:
    """Every problem that is open has a next due instant; one that has none gets it."""

    def __init__(self, around: Surroundings, *, wake: Callable[[], None]) -> None:
        self.heartbeat = Heartbeat(around.clock)
        self._around = around
        self._wake = wake

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self.audit()
            except StoreError as error:
                log.warning("the auditor cannot use the store and looks again: %s", error)
            self.heartbeat.beat()
            await anyio.sleep(EVERY)

    async def audit(self) -> tuple[str, ...]:
        """Look once; return the fingerprints of the alerts that had no timer."""
        if not await self._around.store.read(alert_rows.firing_without_timer):
            return ()
        repaired = await self._around.store.write(
            partial(_repair, self._around.routes(), self._around.clock.now())
        )
        for fingerprint in repaired:
            log.error("alert %s fires but had no timer; it has one now", fingerprint)
        self._wake()
        return repaired


def _repair(tree: Routes, now: datetime) -> Tx[tuple[str, ...]]:
    lost = yield from alert_rows.firing_without_timer()
    for alert in lost:
        yield from place(alert, tree, now)
    return tuple(alert.fingerprint for alert in lost)
