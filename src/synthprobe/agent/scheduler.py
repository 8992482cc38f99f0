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

import heapq
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
from synthprobe.agent.settling import Settling
from synthprobe.agent.spool import Spool
from synthprobe.clock import Clock
from synthprobe.core import schedule
from synthprobe.core.hours import NEVER, Hours, always, is_open, stretches
from synthprobe.core.probes import Check, Overlap
from synthprobe.core.reports import Finished
from synthprobe.core.results import Fate, Trigger
from synthprobe.core.sparing import sparingly

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
        self._admission = admission
        self._clock = clock
        self._new_id = new_id
        self._limits = limits
        self._hours = hours
        self._permits = permits
        self._spool = spool
        self._settling = Settling(spool)
        self._confirming = Confirming()
        self._again = Again(clock)
        self._running: dict[str, Trigger] = {}
        self._queued: dict[str, Begun] = {}
        self._settled: dict[str, datetime] = {}
        self._starts: list[tuple[datetime, str]] = []
        self._checks: dict[str, Check] = {}
        self._lateness: deque[float] = deque(maxlen=LATENESS_KEPT)
        self._idle = anyio.Event()
        self._stopping = False

    @property
    def active(self) -> int:
        """Runs under way."""
        return len(self._running)

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
        self._checks = {check.key: check for check in checks}
        self._settled = dict(settled)
        self._confirming.recall(self._spool.firing & self._checks.keys(), since)
        self._plan(since)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._settling.settle_for_ever)
            await self._loop(tasks, stop)
            self._stopping = True
            for key in tuple(self._queued):
                self._displace(key, "queue")
            kept = self._admission.kept_for_undo() if self._admission is not None else 0.0
            with anyio.move_on_after(max(0.0, self._limits.grace.total_seconds() - kept)):
                await self._until_idle()
            tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._settling.close()

    def serve(self, checks: Iterable[Check], settled: Mapping[str, datetime], since: datetime) -> None:
        """Schedule these checks instead; those that were scheduled before keep their next start and what runs.

        Slots of checks that are new, or come at other times, count from `since` on; `settled` is as for `run`.
        """
        before, self._checks = self._checks, {check.key: check for check in checks}
        kept = {key for key, check in self._checks.items() if same_times(before.get(key), check)}
        for key in before.keys() - kept:
            self._displace(key, "queue")
        for key in before:
            if not self._is_run(key):
                self._displace(key, "queue")
                self._confirming.forget(key)
        self._settled.update(
            {key: max(slot_at, self._settled.get(key, slot_at)) for key, slot_at in settled.items()}
        )
        self._starts = [start for start in self._starts if start[1] in kept]
        self._starts += [self._next_start(key, since) for key in self._checks.keys() - kept]
        heapq.heapify(self._starts)

    async def _loop(self, tasks: TaskGroup, stop: anyio.Event) -> None:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        while not stop.is_set():
            expected = now + timedelta(seconds=self._clock.monotonic() - monotonic)
            now, monotonic = self._clock.now(), self._clock.monotonic()
            if abs(now - expected) > STEP:
                log.warning("the wall clock was stepped from %s to %s", expected, now)
            if now < expected - STEP:
                self._plan(now)
            gather = GATHER if self._start_due(tasks, now) else SHORTEST
            with anyio.move_on_after(self._pause(now, gather)):
                await stop.wait()

    def _plan(self, now: datetime) -> None:
        """Find each check's next start after `now`."""
        self._starts = [self._next_start(key, now) for key in self._checks]
        heapq.heapify(self._starts)

    def _next_start(self, key: str, after: datetime) -> tuple[datetime, str]:
        return self._checks[key].times.next_start(after), key

    def _pause(self, now: datetime, shortest: float) -> float:
        if not self._starts:
            return LOOK
        return min(LOOK, max(shortest, (self._starts[0][0] - now).total_seconds()))

    def _start_due(self, tasks: TaskGroup, now: datetime) -> bool:
        """Start, or settle, every slot that is due; whether there were any."""
        if not self._starts or self._starts[0][0] > now:
            return False
        while self._starts and self._starts[0][0] <= now:
            first, key = self._starts[0]
            check = self._checks[key]
            self._displace(key, "overlap")
            slot = self._newest(check, first, now)
            heapq.heapreplace(self._starts, self._next_start(key, now))
            if slot is not None:
                self._decide(tasks, check, slot, now)
        return True

    def _newest(self, check: Check, first: datetime, now: datetime) -> datetime | None:
        """The slot to start now, if it is not too late for it; those before it were missed."""
        before = first - schedule.MICROSECOND
        starts = check.times.between(before, now)
        assert starts is not None, "only called with a start that is due"
        too_late = now - starts.last > (check.times.next_start(starts.last) - starts.last) / 2
        until = starts.last if too_late else starts.last - schedule.MICROSECOND
        for stretch in stretches(self._open_hours(check), before, until):
            fate, why = (Fate.MISSED, "late") if stretch.open else (Fate.OFF, check.why_off)
            self._give(check, fate, why, stretch.since, stretch.until)
        return None if too_late else starts.last

    def _open_hours(self, check: Check) -> Hours:
        """A check whose alert fires keeps its slots: nobody would know otherwise that all is well again."""
        if check.probe.paused:
            return NEVER
        return None if self._confirming.fires(check.key) else self._hours(check)

    def _decide(self, tasks: TaskGroup, check: Check, slot: datetime, now: datetime) -> None:
        before = slot - schedule.MICROSECOND
        if self._permits.halted():
            self._give(check, Fate.OFF, "halt", before, slot)
        elif not is_open(self._open_hours(check), slot):
            self._give(check, Fate.OFF, check.why_off, before, slot)
        elif running := self._running.get(check.key):
            # A run that is no slot must not cost one.
            if check.probe.overlap is Overlap.QUEUE or running is not Trigger.SCHEDULE:
                self._queued[check.key] = self._begun(check, self._claim(check.key, slot))
            else:
                self._give(check, Fate.SKIPPED, "overlap", before, slot)
        elif len(self._running) >= self._limits.concurrency:
            self._give(check, Fate.SKIPPED, "concurrency", before, slot)
        elif refused := self._refused(check, run_id := self._new_id(), Trigger.SCHEDULE):
            self._give(check, Fate.SKIPPED, refused, before, slot)
        else:
            # Not for a slot that waited in its queue: that says nothing of how punctual we are.
            self._lateness.append((now - slot).total_seconds())
            self._start(tasks, check, self._begun(check, self._claim(check.key, slot), run_id))

    def _displace(self, key: str, why: str) -> None:
        """The slot that waits for its check, if there is one, has waited in vain."""
        if waiting := self._queued.pop(key, None):
            self._settling.give_up(waiting, why)

    def _refused(self, check: Check, run_id: str, trigger: Trigger) -> str:
        """Why a run may not start, in a word: too much is at stake already, or its budget is used up."""
        if self._admission is not None and (why := self._admission.admit(check, run_id)):
            log.warning("%s was not started: %s", check.key, why, extra=sparingly(f"exposure {check.key}"))
            return "exposure"
        if not self._permits.spend(check, trigger):
            if self._admission is not None:
                self._admission.release(run_id)
            return "budget"
        return ""

    def _begun(self, check: Check, slot: datetime | None, run_id: str = "") -> Begun:
        begun = Begun(run_id or self._new_id(), check.key, slot)
        self._settling.claim(begun)
        return begun

    def _start(
        self, tasks: TaskGroup, check: Check, begun: Begun, trigger: Trigger = Trigger.SCHEDULE
    ) -> None:
        self._running[check.key] = trigger
        tasks.start_soon(self._run, tasks, check, begun, trigger)

    def _claim(self, key: str, slot: datetime) -> datetime | None:
        """The slot, or None if it has had its fate already: the clock was set back."""
        settled = self._settled.get(key)
        if settled is not None and slot <= settled:
            return None
        self._settled[key] = slot
        return slot

    def _give(self, check: Check, fate: Fate, why: str, since: datetime, until: datetime) -> None:
        """Give the slots in (since, until] a fate, except those that have theirs."""
        if starts := check.times.between(max(since, self._settled.get(check.key, since)), until):
            self._settled[check.key] = starts.last
            self._settling.give(check.key, fate, why, starts)

    async def _run(self, tasks: TaskGroup, check: Check, begun: Begun, trigger: Trigger) -> None:
        try:
            finished, confirming = await self._made(check, begun, trigger)
        finally:
            del self._running[check.key]
            if self._admission is not None:
                self._admission.release(begun.run_id)
            if not self._running:
                self._idle.set()
        if waiting := self._queued.pop(check.key, None):
            if why := self._refused(self._checks[check.key], waiting.run_id, Trigger.SCHEDULE):
                self._settling.give_up(waiting, why)
            else:
                self._start(tasks, self._checks[check.key], waiting)
        for other in confirming:
            self._extra(tasks, other, Trigger.CONFIRM)
        if self._is_run(check.key) and self._again.begins(check, finished.result):
            tasks.start_soon(self._while_failing, tasks, check.key)

    async def _while_failing(self, tasks: TaskGroup, key: str) -> None:
        """Run a check between its slots too, until it is well again, or was taken away, or the time is over."""
        while (pause := self._again.pause(key)) is not None:
            await anyio.sleep(pause)
            if not self._again.fails(key):
                break
            if not self._is_run(key):
                self._again.forget(key)
                break
            self._extra(tasks, self._checks[key], Trigger.WHILE_FAILING)

    def _is_run(self, key: str) -> bool:
        """Whether a check is served, and not paused."""
        check = self._checks.get(key)
        return check is not None and not check.probe.paused

    def _extra(self, tasks: TaskGroup, check: Check, trigger: Trigger) -> None:
        """Run a check as no slot, unless it runs just now or may not."""
        full = len(self._running) >= self._limits.concurrency
        if self._stopping or full or check.key in self._running or self._permits.halted():
            return
        if not self._is_run(check.key):
            return
        if not self._refused(check, run_id := self._new_id(), trigger):
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
        if self._is_run(check.key):
            confirming = self._confirming.after(check, finished.result, self._checks, self._clock.now())
        await self._settling.finish(finished, fires=self._confirming.fires(check.key))
        return finished, confirming

    async def _until_idle(self) -> None:
        while self._running:
            self._idle = anyio.Event()
            await self._idle.wait()


def same_times(before: Check | None, after: Check) -> bool:
    """Whether a check's slots stay what they were."""
    return before is not None and before.times == after.times
