"""Looks every minute for alerts that fire without a timer, and for timers that a stepped clock put off, and sets them.

It also ends what was said of servers that no check looks at any more.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

import anyio
import httpx
from msgspec.structs import replace

from synthprobe.core import groups, incidents
from synthprobe.core.routes import Routes
from synthprobe.core.sparing import sparingly
from synthprobe.ports import Tx
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.notifier import LEASE
from synthprobe.router.own_alerts import after_looks
from synthprobe.router.placing import place
from synthprobe.router.posting import post
from synthprobe.router.ringing import LONGEST
from synthprobe.router.surroundings import Surroundings
from synthprobe.router.watchdog import keep_watch
from synthprobe.senders.outgoing import Outgoing
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import claims
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores.errors import StoreError

EVERY = 60.0
"""Seconds between two looks."""

log = logging.getLogger(__name__)


class Auditor:
    """Every problem that is open has a next due instant; one that has none gets it."""

    def __init__(
        self,
        around: Surroundings,
        *,
        wake: Callable[[], None],
        transport: httpx.AsyncBaseTransport,
        outside: str = "",
    ) -> None:
        self.heartbeat = Heartbeat(around.clock)
        self._around = around
        self._wake = wake
        self._transport = transport
        self._outside = outside

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self.audit()
            except StoreError as error:
                log.warning(
                    "the auditor cannot use the store and looks again: %s", error, extra=sparingly("auditor")
                )
            except Exception:
                log.exception("a look of the auditor failed and is made again")
            self.heartbeat.beat()
            await anyio.sleep(EVERY)

    async def audit(self) -> tuple[str, ...]:
        """Look once; return the fingerprints of the alerts that had no timer."""
        now = self._around.clock.now()
        repaired = await self._around.store.write(partial(_repair, self._around.routes(), now))
        for fingerprint in repaired:
            log.error("alert %s fires but had no timer; it has one now", fingerprint)
        for number in await self._around.store.write(partial(_set_right, self._around.routes(), now)):
            log.error("incident %d was open but nothing was due about it; now something is", number)
        await self._around.store.write(partial(after_looks, self._around.routes(), self._around.new_id, now))
        self._wake()
        await self._ping()
        return repaired

    async def _ping(self) -> None:
        """Tell the outside that the store, the timers and this loop are well; its silence is told there."""
        if not self._outside:
            return
        answer = await post(
            self._transport, Outgoing("GET", self._outside, {}, b""), self._around.clock.now()
        )
        if answer.status is None or not 200 <= answer.status < 300:
            said = answer.failure or f"answered {answer.status}"
            log.warning("the outside heartbeat cannot be reached: %s", said, extra=sparingly("outside"))


def _repair(tree: Routes, now: datetime) -> Tx[tuple[str, ...]]:
    lost = yield from alert_rows.firing_without_timer()
    for alert in lost:
        yield from place(alert, tree, now)
    return tuple(alert.fingerprint for alert in lost)


def _set_right(tree: Routes, now: datetime) -> Tx[tuple[int, ...]]:
    """Make due what a clock that was set back has put off, and what lost its timer; numbers of such incidents."""
    yield from claims.hasten(now, now + LEASE)
    yield from pager_rows.hasten(now + LONGEST)
    for group in (yield from group_rows.armed()):
        if groups.astray(group, now):
            yield from group_rows.save(replace(group, next_flush_at=now))
    yield from keep_watch(tree, now)
    found: list[int] = []
    for incident in (yield from incident_rows.without_timer()):
        if incidents.due_at(incident, tree.reopen_within):
            yield from incident_rows.put_off(incident.number, now)
            found.append(incident.number)
    return tuple(found)
