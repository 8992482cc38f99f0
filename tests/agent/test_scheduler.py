"""Slots over hours of virtual time: each has exactly one fate, whatever the machine, the clock or the disk does."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import anyio
import probing
import pytest
from scheduling import MINUTE, World, each_slot_once, simulate

from synthprobe.agent.making import Limits
from synthprobe.agent.marks import Begun
from synthprobe.core import schedule
from synthprobe.core.probes import Overlap
from synthprobe.core.reports import Finished
from synthprobe.core.results import Fate
from synthprobe.stores.errors import StoreFull
from virtual import START, stall, step


def test_every_slot_of_an_hour_is_run_at_its_time() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        await world.serve([check], 3600)
        expected = schedule.due(check.key, MINUTE, START, START + 60 * MINUTE)
        assert await world.ran() == list(expected)
        assert [started for _, _, started in world.runs.made] == list(expected)
        assert await world.fates() == []

    simulate(scenario)


def test_a_slot_whose_check_still_runs_is_skipped() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        await world.serve([check], 600)
        skipped = [each for each in await world.fates() if each.fate is Fate.SKIPPED]
        assert {each.why for each in skipped} == {"overlap"}
        assert len(world.runs.made) == 4
        await each_slot_once(world, check, START, START + 10 * MINUTE)

    simulate(scenario, takes=150)


def test_a_slot_that_waits_for_its_check_starts_when_that_ends_and_gives_way_to_a_newer_one() -> None:
    check = probing.check(every=60, overlap=Overlap.QUEUE)

    async def scenario(world: World) -> None:
        await world.serve([check], 620)
        due = schedule.due(check.key, MINUTE, START, START + timedelta(seconds=620))
        started = {slot: at for _, slot, at in world.runs.made}
        assert list(started) == [due[0], due[2], due[4], due[6], due[8]]
        assert started[due[2]] == due[0] + timedelta(seconds=130), "at once when the run before it has ended"
        whys = [each.why for each in await world.fates()]
        assert whys == ["overlap"] * 4 + ["queue"]
        await each_slot_once(world, check, START, due[-1])

    simulate(scenario, takes=130, limits=Limits(grace=timedelta(minutes=5)))


def test_a_slot_that_waits_when_the_agent_stops_was_skipped() -> None:
    check = probing.check(every=60, overlap=Overlap.QUEUE)

    async def scenario(world: World) -> None:
        await world.serve([check], 150)
        assert [(each.fate, each.why) for each in await world.fates()][-1] == (Fate.SKIPPED, "queue")
        assert len(await world.ran()) == len(world.runs.made) == 1
        await each_slot_once(world, check, START, START + timedelta(seconds=150))

    simulate(scenario, takes=140, limits=Limits(grace=timedelta(minutes=5)))


def test_slots_know_no_summer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    check = probing.check(every=600)
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()

    async def scenario(world: World) -> None:
        await world.serve([check], 6 * 3600)
        slots = await world.ran()
        assert len(slots) == 36
        assert {after - before for before, after in pairwise(slots)} == {10 * MINUTE}

    try:
        simulate(scenario, start=datetime(2026, 3, 28, 22, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_hour_of_overlap_is_few_rows() -> None:
    check = probing.check(every=1)

    async def scenario(world: World) -> None:
        await world.serve([check], 1000)
        ranges = await world.fates()
        assert sum(each.count for each in ranges) > 990
        assert len(ranges) <= 201

    simulate(scenario, takes=2000)


def test_no_more_runs_than_allowed_are_made_at_once() -> None:
    checks = [probing.check(name=f"probe-{number}", every=60) for number in range(20)]

    async def scenario(world: World) -> None:
        await world.serve(checks, 300)
        assert world.runs.most == 3
        assert {each.why for each in await world.fates() if each.fate is Fate.SKIPPED} == {"concurrency"}
        for check in checks:
            await each_slot_once(world, check, START, START + 5 * MINUTE)

    simulate(scenario, takes=30, limits=Limits(concurrency=3))


def test_a_stalled_loop_misses_slots_and_says_so() -> None:
    check = probing.check(every=10)

    async def scenario(world: World) -> None:
        async def meanwhile() -> None:
            await anyio.sleep(100)
            stall(304)

        await world.serve([check], 600, meanwhile)
        missed = [each for each in await world.fates() if each.fate is Fate.MISSED]
        assert {each.why for each in missed} == {"late"}
        assert sum(each.count for each in missed) in (29, 30, 31)
        await each_slot_once(world, check, START, START + timedelta(seconds=600))

    simulate(scenario)


def test_a_clock_set_forward_misses_the_slots_between() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        async def meanwhile() -> None:
            await anyio.sleep(300)
            step(timedelta(hours=2))

        await world.serve([check], 600, meanwhile)
        missed = [each for each in await world.fates() if each.fate is Fate.MISSED]
        assert 119 <= sum(each.count for each in missed) <= 121
        await each_slot_once(world, check, START, START + timedelta(hours=2, minutes=10))

    simulate(scenario)


def test_a_clock_set_back_repeats_no_slot_and_blinds_nobody() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        async def meanwhile() -> None:
            await anyio.sleep(1800)
            step(timedelta(minutes=-20))

        await world.serve([check], 3600, meanwhile)
        slots = [at for _, at, _ in world.runs.made if at is not None]
        assert len(slots) == len(set(slots)) == 40
        assert len(world.runs.made) == 60
        await each_slot_once(world, check, START, START + 40 * MINUTE)

    simulate(scenario)


def test_a_clock_that_stands_still_while_time_passes_repeats_no_slot() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        async def meanwhile() -> None:
            await anyio.sleep(600)
            for _ in range(300):
                await anyio.sleep(1)
                step(timedelta(seconds=-1))

        await world.serve([check], 1500, meanwhile)
        slots = [at for _, at, _ in world.runs.made if at is not None]
        assert len(slots) == len(set(slots)) == 20
        await each_slot_once(world, check, START, START + 20 * MINUTE)

    simulate(scenario)


def test_a_stop_starts_nothing_more_and_lets_runs_end() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        await world.serve([check], 120)
        assert world.clock.now() <= START + timedelta(seconds=128)
        assert world.runs.at_once == 0
        assert {each.fate for each in await world.fates()} == set()
        assert len(await world.ran()) == len(world.runs.made)

    simulate(scenario, takes=8)


def test_runs_that_outlast_the_grace_are_interrupted() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        await world.serve([check], 90)
        (cut,) = [each for each in await world.fates() if each.fate is Fate.INTERRUPTED]
        assert cut.run_id == "id-1"
        await each_slot_once(world, check, START, START + timedelta(seconds=90))

    simulate(scenario, takes=500)


def test_an_agent_that_was_down_misses_what_was_due_meanwhile() -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        first = schedule.next_start(check.key, MINUTE, START)
        await world.spool.begin(Begun("before", check.key, first - 30 * MINUTE))
        await world.serve([check], 300)
        ranges = await world.fates()
        assert [(each.fate, each.why, each.count) for each in ranges] == [
            (Fate.INTERRUPTED, "", 1),
            (Fate.MISSED, "down", 29),
        ]
        await each_slot_once(world, check, first - 31 * MINUTE, START + 5 * MINUTE)

    simulate(scenario)


def test_a_full_disk_delays_a_result_and_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    check = probing.check(every=60)

    async def scenario(world: World) -> None:
        write, full = world.spool.finish, timedelta(minutes=3, seconds=30)

        async def finish(finished: Finished, *, fires: bool) -> None:
            if world.clock.now() < START + full:
                raise StoreFull("spool.db: disk full; make space on this disk")
            await write(finished, fires=fires)

        monkeypatch.setattr(world.spool, "finish", finish)
        await world.serve([check], 600)
        assert len(await world.ran()) == len(world.runs.made)
        await each_slot_once(world, check, START, START + 10 * MINUTE)

    simulate(scenario)


def test_lateness_is_told_once() -> None:
    async def scenario(world: World) -> None:
        await world.serve([probing.check(every=60)], 300)
        assert world.scheduler.lateness() == pytest.approx((0.0,) * 5, abs=1e-3)
        assert world.scheduler.lateness() == ()

    simulate(scenario)


@pytest.mark.parametrize("seed", range(1, 11))
def test_in_any_order_of_events_every_slot_has_exactly_one_fate(seed: int) -> None:
    checks = [probing.check(name=f"probe-{number}", every=7 + number) for number in range(12)]

    async def scenario(world: World) -> None:
        async def meanwhile() -> None:
            await anyio.sleep(200)
            stall(50)
            await anyio.sleep(100)
            step(timedelta(seconds=90))

        await world.serve(checks, 600, meanwhile)
        for check in checks:
            await each_slot_once(world, check, START, START + timedelta(seconds=600))

    simulate(scenario, takes=11, limits=Limits(concurrency=5), seed=seed)
