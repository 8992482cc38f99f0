"""The agent: a measuring instrument. It runs the checks it is given and reports; it knows nothing of people."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeAlias

import anyio
from msgspec import Struct

from synthprobe.agent.exposure import Exposure
from synthprobe.agent.forwarder import Deliver, Forwarder
from synthprobe.agent.janitor import Janitor
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.making import DEFAULT_LIMITS, Limits, Runs
from synthprobe.agent.orders import Orders
from synthprobe.agent.permits import FREE, Permits
from synthprobe.agent.scheduler import Scheduler
from synthprobe.agent.spool import Spool
from synthprobe.agent.timetable import same_times
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core import crons
from synthprobe.core.assertions import show
from synthprobe.core.comparisons import text_of
from synthprobe.core.hours import Hours, always
from synthprobe.core.probes import Check
from synthprobe.core.reports import Announced, ConfigProblem, Pulse
from synthprobe.core.results import CheckInfo
from synthprobe.core.templates import Json
from synthprobe.stores.errors import StoreError

Sourced: TypeAlias = tuple[Check, str]
"""A check with its probe file's text."""

LAST_WORDS = 5.0
"""Seconds in which a stopping agent tries to deliver what is left; the rest waits in the spool."""

MOST_PROBLEMS = 50
"""Faults of files told with each pulse at most."""


class Undoing(Struct, frozen=True):
    """How an agent takes back what its runs leave behind."""

    ledger: Ledger
    exposure: Exposure
    janitor: Janitor
    orders: Orders | None = None


class Agent:
    """Scheduler, runner, spool and forwarder of one process."""

    def __init__(
        self,
        *,
        name: str,
        runs: Runs,
        spool: Spool,
        deliver: Deliver,
        clock: Clock,
        new_id: Callable[[], str],
        jitter: Callable[[], float],
        limits: Limits = DEFAULT_LIMITS,
        undoing: Undoing | None = None,
        hours: Callable[[Check], Hours] = always,
        permits: Permits = FREE,
    ) -> None:
        self._name = name
        self._spool = spool
        self._clock = clock
        self._undoing = undoing
        self._hours = hours
        self._permits = permits
        exposure = undoing.exposure if undoing else None
        self._scheduler = Scheduler(
            runs, spool, clock, new_id, limits, exposure, hours=hours, permits=permits
        )
        self._forwarder = Forwarder(spool, deliver, clock, jitter, self._pulse)
        self._served: dict[str, Check] = {}
        self._problems: tuple[ConfigProblem, ...] = ()

    async def run(self, checks: Sequence[Sourced], stop: anyio.Event) -> None:
        """Serve these checks until `stop` is set, and then end in order: runs, spool, last reports."""
        self._served = {check.key: check for check, _ in checks}
        now = self._clock.now()
        await self._spool.announce(self._announcement(checks, now))
        if self._undoing is not None:
            entries, unreadable = await self._spool.ledger()
            self._undoing.ledger.adopt(entries)
            self._undoing.ledger.unreadable = unreadable
        settled = await self._spool.recover(self._served.values(), now, self._hours)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._forwarder.run)
            tasks.start_soon(self._forwarder.beat)
            if self._undoing is not None:
                tasks.start_soon(self._undoing.janitor.run)
                if self._undoing.orders is not None:
                    tasks.start_soon(self._undoing.orders.run)
            await self._scheduler.run(self._served.values(), settled, now, stop)
            tasks.cancel_scope.cancel()
        with anyio.move_on_after(LAST_WORDS), suppress(BusError, StoreError):
            await self._forwarder.flush()

    async def serve(self, checks: Sequence[Sourced]) -> None:
        """Serve these checks instead, from now on; runs under way end under their old definition. Raises `StoreError`.

        What is gone is not started any more before that is announced, what is new only after it: the router must know
        a check before its first result, and must not take a late result for a check that is served again.
        """
        before, after = self._served, {check.key: check for check, _ in checks}
        now = self._clock.now()
        self._served = {key: check for key, check in before.items() if key in after}
        self._scheduler.serve(self._served.values(), {}, now)
        new = [key for key, check in after.items() if not same_times(before.get(key), check)]
        settled = await self._spool.announce(self._announcement(checks, now), new)
        self._served = after
        self._scheduler.serve(after.values(), settled, now)

    def complain(self, problems: Sequence[ConfigProblem]) -> None:
        """Tell the router with every pulse what is wrong with the files now."""
        self._problems = tuple(problems[:MOST_PROBLEMS])

    def _announcement(self, checks: Sequence[Sourced], now: datetime) -> Announced:
        return Announced(self._name, now, tuple(check_info(check, source) for check, source in checks))

    def _pulse(self, lag: float, waiting: int) -> Pulse:
        ledger = self._undoing.ledger if self._undoing else None
        return Pulse(
            agent=self._name,
            at=self._clock.now(),
            loop_lag=lag,
            active_runs=self._scheduler.active,
            spooled=waiting,
            lateness=self._scheduler.lateness(),
            runs_dropped=self._spool.dropped,
            problems=self._problems,
            halted=self._permits.halted(),
            trouble=self._spool.trouble or self._forwarder.trouble or (ledger.trouble if ledger else ""),
            undo_pending=len(ledger.owed()) if ledger else 0,
            exposure={each: f"{sum_:f}" for each, sum_ in ledger.exposure().items()} if ledger else {},
        )


def check_info(check: Check, source: str) -> CheckInfo:
    """What the router must know of a check; `source` is its probe file's text."""
    probe, row = check.probe, check.row
    return CheckInfo(
        key=check.key,
        probe=probe.name,
        region=check.region,
        every=probe.every.total_seconds(),
        cron=probe.cron,
        timezone=probe.timezone if probe.cron else "",
        longest=crons.longest(probe.cron, probe.timezone).total_seconds() if probe.cron else 0.0,
        definition=probe.definition,
        labels={**probe.labels, **({"owner": probe.owner} if probe.owner else {})},
        row=row.id if row else None,
        row_label=row.label if row else None,
        row_values={name: _shown(value) for name, value in row.values.items()} if row else {},
        slo=probe.slo,
        owner=probe.owner,
        description=probe.description,
        runbook=probe.runbook,
        environment=probe.environment,
        paused=probe.paused,
        rule=probe.alert,
        file=probe.position.file,
        source=source,
    )


def _shown(value: Json) -> str:
    return show(value) if isinstance(value, list | dict) else text_of(value)
