"""Starts the run of each slot at its time, and gives every other slot its one fate.

    on time, check idle, room for it       ran (or interrupted, if it is cut off)
    its check still runs                   skipped (overlap); with `overlap: queue` it waits, unless a newer one comes
    its check runs, but for no slot        it waits for the end of that run
    it waits while the agent stops         skipped (queue)
    as many runs as allowed are under way  skipped (concurrency)
    too much money is not taken back yet   skipped (exposure)
    outside the hours of `only`            off (hours), unless its alert fires
    its file says that it is paused        off (paused)
    halted by a person                     off (halt)
    its budget is used up                  skipped (budget)
    found more than half an interval late  missed (late): the next slot is nearer than this one

The wall clock names slots, and may be stepped. Forward: the slots in between were missed. Backward: slots that were
settled once are never settled again; until the clock has caught up the check is run at its usual times, not as a slot.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import anyio
from anyio.abc import TaskGroup

from synthprobe.agent.again import Again
from synthprobe.agent.confirming import Confirming
from synthprobe.agent.making import DEFAULT_LIMITS, Admission, Limits, Runs
from synthprobe.agent.marks import Begun
from synthprobe.agent.permits import FREE, Permits
from synthprobe.agent.places import Places
from synthprobe.agent.settling import Settling
from synthprobe.agent.spool import Spool
from synthprobe.agent.timetable import Timetable
from synthprobe.clock import Clock
from synthprobe.core import schedule
from synthprobe.core.hours import NEVER, Hours, always, is_open, stretches
from synthprobe.core.probes import Check, Overlap
from synthprobe.core.reports import Finished
from synthprobe.core.results import Fate, Trigger

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at the wall clock at most: how soon a step of it is noticed."""

GATHER = 0.04
"""Seconds between two looks for slots at least: those that come due in between start together, a little late."""

SHORTEST = 0.001
"""Seconds to wait for a slot that is all but due: a loop's timer may ring a little early, and no shorter one rests."""

STEP = timedelta(seconds=1)
"""How far wall and monotonic clock may drift apart between two looks before the wall clock counts as stepped."""

LATENESS_KEPT = 10_000


class Scheduler:
    """The loop over all checks of one agent."""

    def __init__(
        self,
        runs: Runs,
        spool: Spool,
        clock: Clock,
        new_id: Callable[[], str],
        limits: Limits = DEFAULT_LIMITS,
        admission: Admission | None = None,
        hours: Callable[[Check], Hours] = always,
        permits: Permits = FREE,
    ) -> None:
        self._runs = runs
        self._clock = clock
        self._new_id = new_id
        self._hours = hours
        self._permits = permits
        self._spool = spool
        self._settling = Settling(spool)
        self._confirming = Confirming()
        self._again = Again(clock)
        self._places = Places(limits, permits, admission)
        self._timetable = Timetable()
        self._queued: dict[str, Begun] = {}
        self._lateness: deque[float] = deque(maxlen=LATENESS_KEPT)
        self._stopping = False

    @property
    def active(self) -> int:
        """Runs under way."""
        return len(self._places)

    def lateness(self) -> tuple[float, ...]:
        """How many seconds late each slot since the last call was started."""
        taken = tuple(self._lateness)
        self._lateness.clear()
        return taken

    async def run(
        self, checks: Iterable[Check], settled: Mapping[str, datetime], since: datetime, stop: anyio.Event
    ) -> None:
        """Start slots until `stop` is set; then let runs end within the grace, and cut off the rest.

        `settled` is the newest slot of each check that has its fate already; all slots up to `since` have one.
        """
        self._timetable.serve(checks, since)
        self._settling.know(settled)
        self._confirming.recall(self._spool.firing & self._timetable.checks.keys(), since)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._settling.settle_for_ever)
            await self._loop(tasks, stop)
            self._stopping = True
            for key in tuple(self._queued):
                self._displace(key, "queue")
            await self._places.until_idle()
            tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._settling.close()

    def serve(self, checks: Iterable[Check], settled: Mapping[str, datetime], since: datetime) -> None:
        """Schedule these checks instead; those that were scheduled before keep their next start and what runs.

        Slots of checks that are new, or come at other times, count from `since` on; `settled` is as for `run`.
        """
        before = tuple(self._timetable.checks)
        for key in self._timetable.serve(checks, since):
            self._displace(key, "queue")
        for key in before:
            if not self._timetable.is_run(key):
                self._displace(key, "queue")
                self._confirming.forget(key)
        self._settling.know(settled)

    async def _loop(self, tasks: TaskGroup, stop: anyio.Event) -> None:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        while not stop.is_set():
            expected = now + timedelta(seconds=self._clock.monotonic() - monotonic)
            now, monotonic = self._clock.now(), self._clock.monotonic()
            if abs(now - expected) > STEP:
                log.warning("the wall clock was stepped from %s to %s", expected, now)
            if now < expected - STEP:
                self._timetable.plan(now)
            gather = GATHER if self._start_due(tasks, now) else SHORTEST
            with anyio.move_on_after(self._pause(now, gather)):
                await stop.wait()

    def _pause(self, now: datetime, shortest: float) -> float:
        first = self._timetable.first_at()
        return LOOK if first is None else min(LOOK, max(shortest, (first - now).total_seconds()))

    def _start_due(self, tasks: TaskGroup, now: datetime) -> bool:
        """Start, or settle, every slot that is due; whether there were any."""
        any_due = False
        for check, first in self._timetable.due(now):
            any_due = True
            self._displace(check.key, "overlap")
            slot = self._newest(check, first, now)
            if slot is not None:
                self._decide(tasks, check, slot, now)
        return any_due

    def _newest(self, check: Check, first: datetime, now: datetime) -> datetime | None:
        """The slot to start now, if it is not too late for it; those before it were missed."""
        before = first - schedule.MICROSECOND
        starts = check.times.between(before, now)
        assert starts is not None, "only called with a start that is due"
        too_late = now - starts.last > (check.times.next_start(starts.last) - starts.last) / 2
        until = starts.last if too_late else starts.last - schedule.MICROSECOND
        for stretch in stretches(self._open_hours(check), before, until):
            fate, why = (Fate.MISSED, "late") if stretch.open else (Fate.OFF, check.why_off)
            self._settling.give_between(check, fate, why, stretch.since, stretch.until)
        return None if too_late else starts.last

    def _open_hours(self, check: Check) -> Hours:
        """A check whose alert fires keeps its slots: nobody would know otherwise that all is well again."""
        if check.probe.paused:
            return NEVER
        return None if self._confirming.fires(check.key) else self._hours(check)

    def _decide(self, tasks: TaskGroup, check: Check, slot: datetime, now: datetime) -> None:
        before = slot - schedule.MICROSECOND
        if self._permits.halted():
            self._settling.give_between(check, Fate.OFF, "halt", before, slot)
        elif not is_open(self._open_hours(check), slot):
            self._settling.give_between(check, Fate.OFF, check.why_off, before, slot)
        elif running := self._places.holds(check.key):
            # A run that is no slot must not cost one.
            if check.probe.overlap is Overlap.QUEUE or running is not Trigger.SCHEDULE:
                self._queued[check.key] = self._begun(check, self._settling.take(check.key, slot))
            else:
                self._settling.give_between(check, Fate.SKIPPED, "overlap", before, slot)
        elif self._places.is_full:
            self._settling.give_between(check, Fate.SKIPPED, "concurrency", before, slot)
        elif refused := self._places.refusal(check, run_id := self._new_id(), Trigger.SCHEDULE):
            self._settling.give_between(check, Fate.SKIPPED, refused, before, slot)
        else:
            # Not for a slot that waited in its queue: that says nothing of how punctual we are.
            self._lateness.append((now - slot).total_seconds())
            self._start(tasks, check, self._begun(check, self._settling.take(check.key, slot), run_id))

    def _displace(self, key: str, why: str) -> None:
        """The slot that waits for its check, if there is one, has waited in vain."""
        if waiting := self._queued.pop(key, None):
            self._settling.give_up(waiting, why)

    def _begun(self, check: Check, slot: datetime | None, run_id: str = "") -> Begun:
        begun = Begun(run_id or self._new_id(), check.key, slot)
        self._settling.claim(begun)
        return begun

    def _start(
        self, tasks: TaskGroup, check: Check, begun: Begun, trigger: Trigger = Trigger.SCHEDULE
    ) -> None:
        self._places.take(check.key, trigger)
        tasks.start_soon(self._run, tasks, check, begun, trigger)

    async def _run(self, tasks: TaskGroup, check: Check, begun: Begun, trigger: Trigger) -> None:
        try:
            finished, confirming = await self._made(check, begun, trigger)
        finally:
            self._places.leave(check.key, begun.run_id)
        if waiting := self._queued.pop(check.key, None):
            if why := self._places.refusal(
                self._timetable.checks[check.key], waiting.run_id, Trigger.SCHEDULE
            ):
                self._settling.give_up(waiting, why)
            else:
                self._start(tasks, self._timetable.checks[check.key], waiting)
        for other in confirming:
            self._extra(tasks, other, Trigger.CONFIRM)
        if self._timetable.is_run(check.key) and self._again.begins(check, finished.result):
            tasks.start_soon(self._while_failing, tasks, check.key)

    async def _while_failing(self, tasks: TaskGroup, key: str) -> None:
        """Run a check between its slots too, until it is well again, or was taken away, or the time is over."""
        while (pause := self._again.pause(key)) is not None:
            await anyio.sleep(pause)
            if not self._again.fails(key):
                break
            if not self._timetable.is_run(key):
                self._again.forget(key)
                break
            self._extra(tasks, self._timetable.checks[key], Trigger.WHILE_FAILING)

    def _extra(self, tasks: TaskGroup, check: Check, trigger: Trigger) -> None:
        """Run a check as no slot, unless it runs just now or may not."""
        runs = self._places.is_full or self._places.holds(check.key)
        if runs or self._stopping or self._permits.halted() or not self._timetable.is_run(check.key):
            return
        if not self._places.refusal(check, run_id := self._new_id(), trigger):
            self._start(tasks, check, self._begun(check, None, run_id), trigger)

    async def _made(self, check: Check, begun: Begun, trigger: Trigger) -> tuple[Finished, tuple[Check, ...]]:
        """A run and its result, which is on disk when this returns; and the checks that are to confirm it."""
        try:
            await self._settling.begin(begun)
            finished = await self._runs.run(
                check, trigger=trigger, scheduled_at=begun.slot_at, run_id=begun.run_id
            )
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._settling.cut_off(begun)
            raise
        confirming: tuple[Check, ...] = ()
        if self._timetable.is_run(check.key):
            confirming = self._confirming.after(
                check, finished.result, self._timetable.checks, self._clock.now()
            )
        await self._settling.finish(finished, fires=self._confirming.fires(check.key))
        return finished, confirming
