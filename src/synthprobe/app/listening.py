"""What is done about a fact once it is on disk: counted, and exported where OTEL_* says so."""

import logging
from collections import Counter
from typing import assert_never

import anyio
from anyio import to_thread
from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.results import CheckInfo
from synthprobe.core.sparing import sparingly
from synthprobe.ports import Store
from synthprobe.router.facts import (
    AlertMoved,
    Attempted,
    ChecksAnnounced,
    Decided,
    Fact,
    RunRecorded,
    SlotsRecorded,
    UndosRecorded,
)
from synthprobe.stores import alerts, guests
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError
from synthprobe.telemetry.metrics import Metrics
from synthprobe.telemetry.otlp import Exporter

log = logging.getLogger(__name__)

COUNT_EVERY = 5.0
"""Seconds between two counts of the alerts in the store."""


class Listening(Struct, frozen=True):
    """Feeds metrics and the OTLP exporter from the router's facts."""

    metrics: Metrics
    exporter: Exporter | None
    checks: dict[str, CheckInfo]
    """Every check announced to this process, by key."""

    def hear(self, fact: Fact) -> None:
        """Count one fact; never blocks."""
        match fact:
            case RunRecorded():
                self._ran(fact)
            case SlotsRecorded(ranges=ranges):
                self.metrics.slots(ranges, self.checks)
            case UndosRecorded():
                pass
            case ChecksAnnounced():
                self._announced(fact)
            case Attempted():
                self.metrics.notified(
                    fact.receiver, fact.reason, fact.outcome.value, fact.latency.total_seconds()
                )
            case Decided():
                if not fact.reason.sends:
                    self.metrics.notified(fact.receiver, fact.reason.value, "not_sent")
            case _:
                assert_never(fact)

    async def count_alerts(self, store: Store) -> None:
        """Keep the gauges of alerts by state and severity true, and count lost spans, until cancelled."""
        dropped = 0
        while True:
            try:
                found = await store.read(alerts.open_)
                self.metrics.set_alerts(Counter((alert.state.value, alert.severity) for alert in found))
            except StoreError as error:
                log.warning("alerts cannot be counted, trying again: %s", error, extra=sparingly("count"))
            if self.exporter:
                self.metrics.dropped("otlp", self.exporter.dropped - dropped)
                dropped = self.exporter.dropped
            await anyio.sleep(COUNT_EVERY)

    async def count_guests(self, account: Account, clock: Clock) -> None:
        """Keep the gauge of what runs of other machines have at stake true, until cancelled."""
        while True:
            try:
                found = await to_thread.run_sync(account.run, lambda: guests.all_(clock.now()))
                self.metrics.set_guests(found)
            except StoreError as error:
                log.warning("the account cannot be read, trying again: %s", error, extra=sparingly("guests"))
            await anyio.sleep(COUNT_EVERY)

    def _ran(self, fact: RunRecorded) -> None:
        if fact.check:
            self.metrics.ran(fact.result, fact.check)
        self._moved(fact.moved)
        if self.exporter and fact.spans:
            self.exporter.export(fact.spans)

    def _announced(self, fact: ChecksAnnounced) -> None:
        self.checks.update({check.key: check for check in fact.checks})
        for key in fact.withdrawn:
            self.metrics.forget(key)
            self.checks.pop(key, None)
        for check in fact.checks:
            if check.paused:
                self.metrics.paused(check.key)
        for moved in fact.moved:
            self._moved(moved)

    def _moved(self, moved: AlertMoved) -> None:
        self.metrics.alert_changed(moved.change)
