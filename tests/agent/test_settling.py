"""What a crash finds: no order of writes, refusals and lost answers leaves a slot with no fate, or with two."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import anyio
import probing

from synthprobe.agent.marks import Begun
from synthprobe.agent.settling import Settling
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core import schedule
from synthprobe.core.reports import Slots
from synthprobe.core.results import Fate, SlotRange
from synthprobe.core.schedule import Starts
from synthprobe.ports import Tx
from synthprobe.stores.errors import StoreError, StoreFull
from synthprobe.stores.inline import InlineStore
from virtual import START, run_virtual

T = TypeVar("T")

CHECK = probing.check(every=60)


class Disk(InlineStore):
    """A store that is full, or keeps quiet about what it has committed, when told."""

    def __init__(self) -> None:
        super().__init__(SCHEMA)
        self.full = False
        self.quiet = False

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        if self.full:
            raise StoreFull("full")
        outcome = await super().write(transaction, patience=patience)
        if self.quiet:
            self.quiet = False
            raise StoreError("committed, but the answer was lost")
        return outcome


def slot(number: int) -> datetime:
    """The start of a slot."""
    return schedule.next_start(CHECK.key, CHECK.probe.every, START) + number * CHECK.probe.every


def one(number: int) -> Starts:
    """One slot as a range."""
    return Starts(slot(number), slot(number), 1)


def test_later_fates_wait_for_a_run_whose_beginning_is_not_on_disk() -> None:
    async def scenario(disk: Disk, settling: Settling, spool: Spool) -> None:
        settling.claim(Begun("run-1", CHECK.key, slot(0)))
        settling.give(CHECK.key, Fate.SKIPPED, "overlap", one(1))
        await settling.settle()
        assert await _told(spool) == [], "a mark beyond slot 0 would hide it from the next start"

    _run(scenario)


def test_a_beginning_takes_all_fates_with_it_that_are_not_on_disk() -> None:
    async def scenario(disk: Disk, settling: Settling, spool: Spool) -> None:
        settling.give(CHECK.key, Fate.MISSED, "late", one(0))
        disk.full = True
        await settling.settle()
        disk.full = False
        run = Begun("run-1", CHECK.key, slot(1))
        settling.claim(run)
        await settling.begin(run)
        assert [(each.fate, each.first_at) for each in await _told(spool)] == [(Fate.MISSED, slot(0))]

    _run(scenario)


def test_a_beginning_whose_commit_nobody_confirmed_is_written_again_without_harm() -> None:
    async def scenario(disk: Disk, settling: Settling, spool: Spool) -> None:
        disk.quiet = True
        run = Begun("run-1", CHECK.key, slot(0))
        settling.claim(run)
        await settling.begin(run)
        await spool.recover([CHECK], slot(0))
        assert [(each.fate, each.run_id) for each in await _told(spool)] == [(Fate.INTERRUPTED, "run-1")]

    _run(scenario)


def test_a_run_that_had_no_time_to_begin_was_interrupted() -> None:
    async def scenario(disk: Disk, settling: Settling, spool: Spool) -> None:
        settling.claim(Begun("run-1", CHECK.key, slot(0)))
        settling.give(CHECK.key, Fate.SKIPPED, "overlap", one(1))
        await settling.close()
        fates = [(each.fate, each.first_at) for each in await _told(spool)]
        assert fates == [(Fate.INTERRUPTED, slot(0)), (Fate.SKIPPED, slot(1))]

    _run(scenario)


def test_an_interruption_that_the_disk_refuses_is_written_with_the_rest_at_the_end() -> None:
    async def scenario(disk: Disk, settling: Settling, spool: Spool) -> None:
        run = Begun("run-1", CHECK.key, slot(0))
        settling.claim(run)
        await settling.begin(run)
        disk.full = True
        await settling.cut_off(run)
        disk.full = False
        await settling.close()
        assert [(each.fate, each.run_id) for each in await _told(spool)] == [(Fate.INTERRUPTED, "run-1")]

    _run(scenario)


def test_a_range_that_grows_while_it_is_written_is_told_again_as_a_whole() -> None:
    async def scenario(disk: Disk, settling: Settling, spool: Spool) -> None:
        settling.give(CHECK.key, Fate.SKIPPED, "overlap", one(0))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(settling.settle)
            await anyio.lowlevel.checkpoint()
            settling.give(CHECK.key, Fate.SKIPPED, "overlap", one(1))
        await settling.settle()
        await settling.settle()
        told = [(each.first_at, each.last_at, each.count) for each in await _told(spool)]
        assert told == [(slot(0), slot(0), 1), (slot(0), slot(1), 2)]

    _run(scenario)


def test_a_range_never_spans_a_slot_that_runs() -> None:
    async def scenario(disk: Disk, settling: Settling, spool: Spool) -> None:
        disk.full = True
        settling.give(CHECK.key, Fate.MISSED, "late", one(0))
        run = Begun("run-1", CHECK.key, slot(1))
        settling.claim(run)
        settling.give(CHECK.key, Fate.MISSED, "late", one(2))
        settling.give(CHECK.key, Fate.MISSED, "late", one(3))
        disk.full = False
        await settling.begin(run)
        told = [(each.first_at, each.last_at, each.count) for each in await _told(spool)]
        assert told == [(slot(0), slot(0), 1), (slot(2), slot(3), 2)]

    _run(scenario)


def _run(scenario: Callable[[Disk, Settling, Spool], Awaitable[None]]) -> None:
    async def main(clock: Clock) -> None:
        disk = Disk()
        spool = Spool(disk, "agent-1")
        await scenario(disk, Settling(spool), spool)
        disk.close()

    run_virtual(main)


async def _told(spool: Spool) -> list[SlotRange]:
    """Every range in the spool."""
    reports = [each.report for each in await spool.peek(100)]
    return [each for report in reports if isinstance(report, Slots) for each in report.ranges]
