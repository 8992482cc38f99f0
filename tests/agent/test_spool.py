"""The spool: what it keeps across a crash, and that every slot has one fate afterwards."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import probing

from synthprobe.agent.agent import check_info
from synthprobe.agent.marks import Begun
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core import schedule
from synthprobe.core.reports import Announced, Finished, Slots
from synthprobe.core.results import Fate, Outcome, Result, SlotRange, Trigger
from synthprobe.stores.inline import InlineStore
from synthprobe.stores.sqlite import SqliteStore
from virtual import START, run_virtual

CHECK = probing.check(every=60)
FIRST = schedule.next_start(CHECK.key, CHECK.probe.every, START)


def slot(number: int) -> datetime:
    """The check's slots from `START` on, counted from zero."""
    return FIRST + number * CHECK.probe.every


def finished(run_id: str, outcome: Outcome = Outcome.PASSED, padding: int = 0) -> Finished:
    """A result of a given outcome, and size."""
    result = Result(
        run_id=run_id,
        check=CHECK.key,
        probe="pay",
        region="emea",
        trigger=Trigger.SCHEDULE,
        outcome=outcome,
        started_at=START,
        ended_at=START,
        trace_id="0" * 32,
        definition="d" * padding,
    )
    return Finished("agent-1", result)


def test_which_definition_passed_is_known_to_the_next_process() -> None:
    async def scenario(clock: Clock) -> None:
        store = InlineStore(SCHEMA)
        spool = Spool(store, "agent-1")
        await spool.finish(finished("a", padding=3))
        await spool.finish(finished("b", Outcome.FAILED, padding=5))
        again = Spool(store, "agent-1")
        assert not again.passes.has(CHECK.key, "ddd")
        await again.recall_passes()
        assert again.passes.has(CHECK.key, "ddd")
        assert not again.passes.has(CHECK.key, "ddddd")

    run_virtual(scenario)


def test_reports_come_back_in_order_until_they_are_removed() -> None:
    async def scenario(spool: Spool) -> None:
        announced = Announced("agent-1", START, ())
        await spool.announce(announced)
        await spool.finish(finished("a"))
        await spool.finish(finished("b", Outcome.FAILED))
        first, second = await spool.peek(2)
        assert (first.report, second.report) == (announced, finished("a"))
        await spool.remove(second.id)
        assert [each.report for each in await spool.peek(9)] == [finished("b", Outcome.FAILED)]
        assert await spool.count() == 1

    _with_spool(scenario)


def test_a_check_never_served_before_has_missed_nothing() -> None:
    async def scenario(spool: Spool) -> None:
        assert await spool.recover([CHECK], START) == {CHECK.key: START}
        assert await spool.count() == 0

    _with_spool(scenario)


def test_a_check_is_served_from_its_first_start_on_though_no_run_of_it_began() -> None:
    async def scenario(spool: Spool) -> None:
        await spool.recover([CHECK], slot(0))
        await spool.recover([CHECK], slot(2))
        (lost,) = await _ranges(spool)
        assert (lost.fate, lost.first_at, lost.last_at) == (Fate.MISSED, slot(1), slot(2))

    _with_spool(scenario)


def test_slots_missed_while_down_are_one_range() -> None:
    async def scenario(spool: Spool) -> None:
        await spool.begin(Begun("a", CHECK.key, slot(0)))
        await spool.finish(finished("a"))
        marks = await spool.recover([CHECK], slot(5) + timedelta(seconds=1))
        assert marks == {CHECK.key: slot(5)}
        assert await _ranges(spool) == [
            SlotRange(CHECK.key, Fate.MISSED, slot(1), slot(5), 5, why="down"),
        ]
        assert await spool.recover([CHECK], slot(5) + timedelta(seconds=2)) == {CHECK.key: slot(5)}
        assert len(await _ranges(spool)) == 1

    _with_spool(scenario)


def test_a_run_cut_off_by_a_crash_was_interrupted_and_the_slots_after_it_missed() -> None:
    async def scenario(spool: Spool) -> None:
        await spool.begin(Begun("a", CHECK.key, slot(0)))
        await spool.settle([SlotRange(CHECK.key, Fate.SKIPPED, slot(1), slot(1), 1, why="overlap")])
        await spool.recover([CHECK], slot(2))
        ranges = await _ranges(spool)
        assert [(each.fate, each.first_at, each.run_id) for each in ranges] == [
            (Fate.SKIPPED, slot(1), ""),
            (Fate.INTERRUPTED, slot(0), "a"),
            (Fate.MISSED, slot(2), ""),
        ]

    _with_spool(scenario)


def test_a_finished_run_is_not_interrupted_by_a_later_crash() -> None:
    async def scenario(spool: Spool) -> None:
        await spool.begin(Begun("a", CHECK.key, slot(0)))
        await spool.finish(finished("a"))
        await spool.recover([CHECK], slot(0))
        assert await _ranges(spool) == []

    _with_spool(scenario)


def test_a_full_spool_gives_up_the_oldest_passes_and_never_a_failure() -> None:
    async def scenario(spool: Spool) -> None:
        await spool.finish(finished("fail-1", Outcome.FAILED, padding=4000))
        for number in range(10):
            await spool.finish(finished(f"pass-{number}", padding=1000))
        await spool.finish(finished("fail-2", Outcome.FAILED, padding=4000))
        kept = [
            each.report.result.run_id for each in await spool.peek(99) if isinstance(each.report, Finished)
        ]
        assert kept[0] == "fail-1"
        assert kept[-1] == "fail-2"
        assert "pass-0" not in kept
        assert spool.dropped == 12 - len(kept) > 0

    _with_spool(scenario, max_bytes=12_000)


def test_what_was_removed_makes_room_again() -> None:
    async def scenario(spool: Spool) -> None:
        for number in range(20):
            await spool.finish(finished(f"pass-{number}", padding=1000))
            waiting = await spool.peek(9)
            await spool.remove(waiting[-1].id)
        assert spool.dropped == 0

    _with_spool(scenario, max_bytes=4_000)


def test_a_real_spool_survives_its_process(tmp_path: Path) -> None:
    async def write() -> None:
        with SqliteStore.open(tmp_path / "spool.db", SCHEMA) as store:
            spool = Spool(store, "agent-1")
            async with anyio.create_task_group() as tasks:
                for number in range(50):
                    tasks.start_soon(spool.finish, finished(f"run-{number}", Outcome.FAILED))
            await spool.begin(Begun("cut", CHECK.key, slot(0)))

    async def read() -> tuple[int, list[SlotRange]]:
        with SqliteStore.open(tmp_path / "spool.db", SCHEMA) as store:
            spool = Spool(store, "agent-1")
            await spool.recover([CHECK], slot(0))
            return await spool.count(), await _ranges(spool)

    anyio.run(write)
    count, ranges = anyio.run(read)
    assert count == 51
    assert [each.run_id for each in ranges] == ["cut"]


def test_a_manual_run_cut_off_is_no_slot_and_leaves_no_fate() -> None:
    async def scenario(spool: Spool) -> None:
        await spool.begin(Begun("a", CHECK.key, None))
        assert await spool.recover([CHECK], START) == {CHECK.key: START}
        assert await spool.count() == 0

    _with_spool(scenario)


def test_every_report_comes_back_as_it_was() -> None:
    async def scenario(spool: Spool) -> None:
        announced = Announced("agent-1", START, (check_info(CHECK, "name: pay"),))
        lost = SlotRange(CHECK.key, Fate.MISSED, START, START, 1, why="down")
        await spool.announce(announced)
        await spool.finish(finished("a", Outcome.ERRORED))
        await spool.settle([lost])
        reports = [each.report for each in await spool.peek(9)]
        assert reports == [announced, finished("a", Outcome.ERRORED), Slots("agent-1", (lost,))]

    _with_spool(scenario)


def test_the_text_of_each_announced_file_is_kept_until_it_is_announced_no_more() -> None:
    async def scenario(spool: Spool) -> None:
        for source in ("name: pay", "name: pay # better"):
            await spool.announce(Announced("agent-1", START, (check_info(CHECK, source),)))
            assert await spool.sources() == {"probes/pay.yaml": source}
        await spool.announce(Announced("agent-1", START, ()))
        assert await spool.sources() == {}

    _with_spool(scenario)


async def _ranges(spool: Spool) -> list[SlotRange]:
    reports = [each.report for each in await spool.peek(99)]
    return [each for report in reports if isinstance(report, Slots) for each in report.ranges]


def _with_spool(scenario: Callable[[Spool], Awaitable[None]], max_bytes: int = 1_000_000) -> None:
    async def main(_: object) -> None:
        store = InlineStore(SCHEMA)
        await scenario(Spool(store, "agent-1", max_bytes))
        store.close()

    run_virtual(main)
