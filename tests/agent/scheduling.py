"""An agent's scheduler with pretended runs, on virtual time."""

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import anyio
import probing
from msgspec import structs

from synthprobe.agent.making import DEFAULT_LIMITS, Limits
from synthprobe.agent.permits import FREE, Permits
from synthprobe.agent.scheduler import Scheduler
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core import schedule
from synthprobe.core.hours import Hours, always
from synthprobe.core.probes import Check
from synthprobe.core.reports import Finished, Slots
from synthprobe.core.results import Outcome, Result, SlotRange, Trigger
from synthprobe.stores.inline import InlineStore
from virtual import START, run_virtual

MINUTE = timedelta(minutes=1)


@dataclass
class Pretend:
    """Makes runs that take as long as told, and notes them."""

    clock: Clock
    takes: float = 1.0
    made: list[tuple[str, datetime | None, datetime]] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    outcome: Callable[[datetime], Outcome] = lambda _: Outcome.PASSED
    at_once: int = 0
    most: int = 0

    async def run(
        self, check: Check, *, trigger: Trigger, scheduled_at: datetime | None, run_id: str
    ) -> Finished:
        self.made.append((check.key, scheduled_at, self.clock.now()))
        self.triggers.append(trigger)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await anyio.sleep(self.takes)
        finally:
            self.at_once -= 1
        now = self.clock.now()
        result = _result(check, run_id, scheduled_at, now)
        return Finished("agent-1", structs.replace(result, trigger=trigger, outcome=self.outcome(now)))


@dataclass
class World:
    """One agent's scheduler with its parts, on virtual time."""

    make: Callable[[], tuple[Spool, Scheduler]]
    """Those of a process over the same store."""
    clock: Clock
    runs: Pretend
    spool: Spool
    scheduler: Scheduler
    stop: anyio.Event
    hours: Callable[[Check], Hours] = always

    def again(self) -> None:
        """Begin another process over the same store."""
        self.spool, self.scheduler = self.make()
        self.stop = anyio.Event()

    async def fates(self) -> list[SlotRange]:
        """Every range that was spooled; one that was told again as the last telling had it."""
        reports = [each.report for each in await self.spool.peek(10_000)]
        told = [each for report in reports if isinstance(report, Slots) for each in report.ranges]
        return list({(each.check, each.fate, each.first_at): each for each in told}.values())

    async def ran(self) -> list[datetime]:
        """Every slot with a result in the spool."""
        reports = [each.report for each in await self.spool.peek(10_000)]
        results = [report.result for report in reports if isinstance(report, Finished)]
        return [result.scheduled_at for result in results if result.scheduled_at is not None]

    async def serve(
        self,
        checks: Iterable[Check],
        seconds: float,
        meanwhile: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Serve checks for so long, then stop in order."""
        served = list(checks)
        since = self.clock.now()
        settled = await self.spool.recover(served, since, self.hours)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.scheduler.run, served, settled, since, self.stop)
            if meanwhile is not None:
                tasks.start_soon(meanwhile)
            await anyio.sleep(seconds)
            self.stop.set()


Scenario = Callable[[World], Awaitable[None]]


def simulate(
    scenario: Scenario,
    *,
    takes: float = 1.0,
    limits: Limits = DEFAULT_LIMITS,
    seed: int = 0,
    start: datetime = START,
    hours: Callable[[Check], Hours] = always,
    permits: Permits = FREE,
) -> None:
    """Run a scenario in a new world."""

    async def main(clock: Clock) -> None:
        store = InlineStore(SCHEMA)
        runs, ids = Pretend(clock, takes), probing.ids()

        def make() -> tuple[Spool, Scheduler]:
            spool = Spool(store, "agent-1")
            return spool, Scheduler(runs, spool, clock, ids, limits, hours=hours, permits=permits)

        await scenario(World(make, clock, runs, *make(), anyio.Event(), hours))
        store.close()

    run_virtual(main, seed=seed, start=start)


def starts(check: Check, since: datetime, until: datetime) -> list[datetime]:
    """Every slot of a check in (since, until]."""
    found = []
    while (since := check.times.next_start(since)) <= until:
        found.append(since)
    return found


async def each_slot_once(world: World, check: Check, since: datetime, until: datetime) -> None:
    """Every slot of a check ran or has one other fate, and none has two."""
    reports = [each.report for each in await world.spool.peek(10_000)]
    results = [report.result for report in reports if isinstance(report, Finished)]
    settled = Counter(r.scheduled_at for r in results if r.check == check.key and r.scheduled_at is not None)
    for each in await world.fates():
        if each.check == check.key:
            before = each.first_at - schedule.MICROSECOND
            settled.update(at for at in starts(check, before, each.last_at))
    due = starts(check, since, until)
    assert not [at for at in due if settled[at] == 0], "slots without a fate"
    assert not [at for at, count in settled.items() if count > 1], "slots with two fates"


def _result(check: Check, run_id: str, scheduled_at: datetime | None, now: datetime) -> Result:
    return Result(
        run_id=run_id,
        check=check.key,
        probe=check.probe.name,
        region=check.region,
        trigger=Trigger.SCHEDULE,
        outcome=Outcome.PASSED,
        started_at=now,
        ended_at=now,
        trace_id="0" * 32,
        definition=check.probe.definition,
        scheduled_at=scheduled_at,
    )
