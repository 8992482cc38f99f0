"""Slots by cron and within hours, extra runs while a check fails, and runs that nobody may start."""

from datetime import UTC, datetime, timedelta

import anyio
import probing
from msgspec import structs
from scheduling import World, each_slot_once, simulate, starts

from synthprobe.core.accounts import Refusal, Why
from synthprobe.core.intervals import TimeInterval
from synthprobe.core.probes import AlertRule, Check, FailAfter, WhileFailing
from synthprobe.core.results import Fate, Outcome, Trigger
from virtual import START

ONCE = AlertRule(fail_after=FailAfter(1, 1, in_a_row=True), confirm=False)


def afternoon(check: Check) -> tuple[TimeInterval, ...]:
    """Open from 13:00 on; scenarios begin at noon."""
    return (TimeInterval(times=((13 * 60, 24 * 60),)),)


def with_probe(check: Check, **changes: object) -> Check:
    """The check with its probe changed."""
    return structs.replace(check, probe=structs.replace(check.probe, **changes))


def test_a_check_by_cron_runs_when_the_file_says() -> None:
    check = with_probe(probing.check(every=900), cron="*/15 * * * *")

    async def scenario(world: World) -> None:
        await world.serve([check], 3601)
        due = starts(check, START, START + timedelta(hours=1))
        assert await world.ran() == due
        assert [slot.minute for slot in due] == [15, 30, 45, 0]

    simulate(scenario)


def test_slots_outside_its_hours_are_off_in_one_range_that_grows() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        await world.serve([check], 7200)
        (off,) = await world.fates()
        assert (off.fate, off.why, off.count) == (Fate.OFF, "hours", 60)
        assert all(slot.hour >= 13 for slot in await world.ran())
        await each_slot_once(world, check, START, START + timedelta(hours=2))

    simulate(scenario, hours=afternoon)


def test_a_check_that_fails_keeps_its_slots_when_its_hours_end() -> None:
    check = with_probe(probing.check(every=60), alert=ONCE)
    morning = (TimeInterval(times=((0, 13 * 60),)),)
    recovers_at = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)

    async def scenario(world: World) -> None:
        world.runs.outcome = lambda now: Outcome.FAILED if now < recovers_at else Outcome.PASSED
        await world.serve([check], 7200)
        last = max(await world.ran())
        assert recovers_at < last < recovers_at + timedelta(minutes=3), (
            "until it has recovered, and no longer"
        )
        await each_slot_once(world, check, START, START + timedelta(hours=2))

    simulate(scenario, hours=lambda _: morning)


def test_a_check_that_fires_keeps_its_slots_after_a_restart_too_and_what_was_missed_is_no_night() -> None:
    check = with_probe(probing.check(every=60), alert=ONCE)
    morning = (TimeInterval(times=((0, 12 * 60 + 30),)),)

    async def scenario(world: World) -> None:
        world.runs.outcome = lambda _: Outcome.FAILED
        await world.serve([check], 3600)
        await anyio.sleep(600)
        world.again()
        await world.serve([check], 600)
        assert [(each.fate, each.why, each.count) for each in await world.fates()] == [
            (Fate.MISSED, "down", 10)
        ]
        world.runs.outcome = lambda _: Outcome.PASSED
        world.again()
        await world.serve([check], 600)
        good = [at for at in await world.ran() if at > START + timedelta(seconds=4800)]
        assert len(good) == 2, "until it has recovered"
        world.again()
        await world.serve([check], 600)
        assert len(await world.ran()) == 60 + 10 + 2

    simulate(scenario, hours=lambda _: morning)


def test_a_paused_check_has_no_slots_whatever_its_hours_and_while_nobody_served_it() -> None:
    check = with_probe(probing.check(every=60), paused="acme moves")

    async def scenario(world: World) -> None:
        await world.serve([check], 600)
        await anyio.sleep(600)
        world.again()
        await world.serve([check], 600)
        assert world.runs.made == []
        assert {(each.fate, each.why) for each in await world.fates()} == {(Fate.OFF, "paused")}
        await each_slot_once(world, check, START, START + timedelta(seconds=1800))

    simulate(scenario, hours=afternoon)


def test_pausing_ends_slots_and_extra_runs_of_a_check_that_fires_until_it_is_resumed() -> None:
    runs = with_probe(
        probing.check(every=60),
        alert=ONCE,
        while_failing=WhileFailing(timedelta(seconds=20), timedelta(hours=1)),
    )
    paused = with_probe(runs, paused="acme moves")

    async def scenario(world: World) -> None:
        world.runs.outcome = lambda _: Outcome.FAILED
        paused_at, resumed_at = START + timedelta(seconds=300), START + timedelta(seconds=900)

        async def edit() -> None:
            await anyio.sleep(300)
            world.scheduler.serve([paused], {}, world.clock.now())
            await anyio.sleep(600)
            world.scheduler.serve([runs], {}, world.clock.now())

        await world.serve([runs], 1200, edit)
        begun = [at for _, _, at in world.runs.made]
        assert not [at for at in begun if paused_at < at < resumed_at]
        extra = [at for at in begun if at > resumed_at]
        assert len(extra) > 10, "extra runs are made again"
        assert [(each.fate, each.why, each.count) for each in await world.fates()] == [
            (Fate.OFF, "paused", 10)
        ]
        await each_slot_once(world, runs, START, START + timedelta(seconds=1200))

    simulate(scenario, hours=lambda _: None)


def test_a_failing_check_runs_between_its_slots_for_as_long_as_the_file_says() -> None:
    check = with_probe(
        probing.check(every=3600),
        cron="5 * * * *",
        while_failing=WhileFailing(timedelta(minutes=1), timedelta(minutes=15)),
        alert=AlertRule(confirm=False),
    )

    async def scenario(world: World) -> None:
        world.runs.outcome = lambda _: Outcome.FAILED
        await world.serve([check], 3599)
        assert world.runs.triggers == [Trigger.SCHEDULE, *[Trigger.WHILE_FAILING] * 15]
        assert len(await world.ran()) == 1, "extra runs are no slots"

    simulate(scenario)


def test_the_first_good_run_ends_the_extra_ones() -> None:
    check = with_probe(
        probing.check(every=3600),
        cron="5 * * * *",
        while_failing=WhileFailing(timedelta(minutes=1), timedelta(minutes=15)),
        alert=AlertRule(confirm=False),
    )

    async def scenario(world: World) -> None:
        failing = iter([Outcome.FAILED, Outcome.FAILED, Outcome.FAILED])
        world.runs.outcome = lambda _: next(failing, Outcome.PASSED)
        await world.serve([check], 3599)
        assert len(world.runs.triggers) == 4

    simulate(scenario)


def test_a_slot_that_comes_while_its_check_runs_for_no_slot_waits_for_it() -> None:
    check = with_probe(
        probing.check(every=60),
        while_failing=WhileFailing(timedelta(seconds=45), timedelta(minutes=15)),
        alert=AlertRule(confirm=False),
    )

    async def scenario(world: World) -> None:
        world.runs.outcome = lambda _: Outcome.FAILED
        await world.serve([check], 650)
        assert Trigger.WHILE_FAILING in world.runs.triggers
        assert await world.fates() == []
        await each_slot_once(world, check, START, START + timedelta(seconds=600))

    simulate(scenario, takes=20)


class Refusing:
    """Permits of which nothing is admitted, and that a person has halted until further notice."""

    def __init__(self) -> None:
        self.is_halted = True

    def halted(self) -> bool:
        """As told."""
        return self.is_halted

    def spend(self, check: Check, trigger: Trigger) -> Refusal | None:
        """The budget is used up."""
        return Refusal(Why.BUDGET, "used up")


def test_nothing_starts_while_halted_and_what_has_no_budget_is_skipped() -> None:
    check = probing.check(every=60)
    permits = Refusing()

    async def scenario(world: World) -> None:
        async def resume() -> None:
            await anyio.sleep(600)
            permits.is_halted = False

        await world.serve([check], 1200, resume)
        assert world.runs.made == []
        assert [(each.fate, each.why, each.count) for each in await world.fates()] == [
            (Fate.OFF, "halt", 10),
            (Fate.SKIPPED, "budget", 10),
        ]

    simulate(scenario, permits=permits)
