"""Checks that change, come and go while the agent runs: slots, runs under way, and what the router hears."""

from collections.abc import Sequence
from datetime import timedelta

import anyio
import probing
import pytest
from scheduling import Pretend
from test_agent import Router

from synthprobe.agent.agent import Agent
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core import schedule
from synthprobe.core.probes import Check, Overlap
from synthprobe.core.reports import Announced, ConfigProblem, Finished, Slots
from synthprobe.core.results import Fate
from synthprobe.stores.inline import InlineStore
from virtual import START, run_virtual, step


class Stage:
    """An agent that serves until `stop`, its runs and its router."""

    def __init__(self, clock: Clock, takes: float = 1.0) -> None:
        self.clock = clock
        self.router = Router(clock)
        self.runs = Pretend(clock, takes)
        self.ids = probing.ids()
        self.store = InlineStore(SCHEMA)
        self.again()

    def again(self) -> None:
        """Start another agent over the same spool."""
        self.stop = anyio.Event()
        self.agent = Agent(
            name="agent-1",
            runs=self.runs,
            spool=Spool(self.store, "agent-1"),
            deliver=self.router.deliver,
            clock=self.clock,
            new_id=self.ids,
            jitter=lambda: 0.5,
        )

    async def serve(self, checks: Sequence[Check]) -> None:
        """Serve other checks from now on."""
        await self.agent.serve([(check, "") for check in checks])

    async def run(self, checks: Sequence[Check]) -> None:
        """Serve these first."""
        await self.agent.run([(check, "") for check in checks], self.stop)


def test_new_checks_are_announced_before_their_first_result_and_others_keep_their_times() -> None:
    stays, new = probing.check(every=60), probing.check(name="login", every=20)

    async def scenario(clock: Clock) -> None:
        stage = Stage(clock)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run, [stays])
            await anyio.sleep(300)
            changed_at = clock.now()
            await stage.serve([stays, new])
            await anyio.sleep(300)
            stage.stop.set()
        reports = stage.router.reports
        kinds = [
            [check.key for check in each.checks] if isinstance(each, Announced) else each.result.check
            for each in reports
            if isinstance(each, Announced | Finished)
        ]
        assert kinds.index([stays.key, new.key]) < kinds.index(new.key)
        slots = [slot for key, slot, _ in stage.runs.made if key == stays.key]
        assert slots == list(schedule.due(stays.key, stays.probe.every, START, clock.now()))
        slots = [slot for key, slot, _ in stage.runs.made if key == new.key]
        assert slots == list(schedule.due(new.key, new.probe.every, changed_at, clock.now()))

    run_virtual(scenario)


def test_a_removed_check_is_not_started_any_more_and_its_run_under_way_ends() -> None:
    check, waits = probing.check(every=60), probing.check(name="login", every=60, overlap=Overlap.QUEUE)

    async def scenario(clock: Clock) -> None:
        stage = Stage(clock, takes=100)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run, [check, waits])
            await anyio.sleep(150)
            await stage.serve([])
            begun = len(stage.runs.made)
            await anyio.sleep(600)
            stage.stop.set()
        assert len(stage.runs.made) == begun
        finished = [each for each in stage.router.reports if isinstance(each, Finished)]
        assert len(finished) == begun, "all that had begun has ended"
        fates = [r for each in stage.router.reports if isinstance(each, Slots) for r in each.ranges]
        assert [(r.fate, r.why) for r in fates if r.check == waits.key] == [(Fate.SKIPPED, "queue")]

    run_virtual(scenario)


def test_a_run_under_way_ends_under_the_definition_it_began_with() -> None:
    before = probing.check(every=60, description="before")
    after = probing.check(every=60, description="after")

    async def scenario(clock: Clock) -> None:
        stage = Stage(clock, takes=30)
        seen: list[str] = []
        run = stage.runs.run

        async def watched(check: Check, **more: object) -> Finished:
            seen.append(check.probe.description)
            return await run(check, **more)  # type: ignore[arg-type]

        stage.runs.run = watched  # type: ignore[method-assign]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run, [before])
            first = schedule.next_start(before.key, before.probe.every, START)
            await anyio.sleep((first - START).total_seconds() + 10)
            await stage.serve([after])
            await anyio.sleep(90)
            stage.stop.set()
        assert seen == ["before", "after"]
        assert len([each for each in stage.router.reports if isinstance(each, Finished)]) == 2

    run_virtual(scenario)


def test_a_check_whose_interval_changes_has_slots_of_the_new_kind_from_then_on() -> None:
    slow, fast = probing.check(every=60), probing.check(every=7)

    async def scenario(clock: Clock) -> None:
        stage = Stage(clock)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run, [slow])
            await anyio.sleep(330)
            changed_at = clock.now()
            await stage.serve([fast])
            await anyio.sleep(300)
            stage.stop.set()
        expected = [
            *schedule.due(slow.key, slow.probe.every, START, changed_at),
            *schedule.due(fast.key, fast.probe.every, changed_at, clock.now()),
        ]
        assert [slot for _, slot, _ in stage.runs.made] == expected

    run_virtual(scenario)


@pytest.mark.parametrize("restarted", [False, True], ids=["same agent", "agent started anew meanwhile"])
def test_a_check_that_comes_back_after_the_clock_was_set_back_repeats_no_slot(restarted: bool) -> None:
    check = probing.check(every=60)

    async def scenario(clock: Clock) -> None:
        stage = Stage(clock)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run, [check])
            await anyio.sleep(600)
            await stage.serve([])
            await anyio.sleep(30)
            step(timedelta(minutes=-5))
            if restarted:
                stage.stop.set()
                stage.again()
                tasks.start_soon(stage.run, [])
            await anyio.sleep(30)
            await stage.serve([check])
            await anyio.sleep(600)
            stage.stop.set()
        slots = [slot for _, slot, _ in stage.runs.made if slot is not None]
        assert len(slots) == len(set(slots)) == 16
        assert len(stage.runs.made) == 20, "until the clock has caught up it is run, but not as slots"

    run_virtual(scenario)


def test_what_is_wrong_with_the_files_is_told_with_every_pulse() -> None:
    fault = ConfigProblem("probes/pay.yaml", "probes/pay.yaml:3:1: unknown key `stepz`")

    async def scenario(clock: Clock) -> None:
        stage = Stage(clock)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run, [probing.check()])
            await anyio.sleep(10)
            stage.agent.complain([fault])
            await anyio.sleep(10)
            stage.agent.complain([])
            await anyio.sleep(10)
            stage.stop.set()
        told = [pulse.problems for pulse in stage.router.pulses]
        assert told[5] == () == told[-1]
        assert told[15] == (fault,)

    run_virtual(scenario)
