"""The agent as a child: restarted when it dies, stopped with its router, and its refusal is final."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from synthprobe import clock
from synthprobe.app.child import LOCKED, LOCKED_FOR, ChildRefused, supervise
from synthprobe.clock import Clock
from synthprobe.stores.errors import StoreLocked
from synthprobe.stores.sqlite import SqliteStore

NOTE_START_AND_WAIT = """
import os, sys
with open(sys.argv[1], "a") as ledger:
    print(os.getpid(), file=ledger, flush=True)
sys.stdin.read()
"""


async def _pids(ledger: Path, count: int) -> list[int]:
    with anyio.fail_after(20):
        while not ledger.exists() or len(ledger.read_text().split()) < count:
            await anyio.sleep(0.01)
    return [int(word) for word in ledger.read_text().split()]


@pytest.mark.anyio
async def test_a_killed_child_is_started_again_and_ends_with_its_parent(tmp_path: Path) -> None:
    ledger = tmp_path / "starts"
    command = [sys.executable, "-c", NOTE_START_AND_WAIT, str(ledger)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: supervise(command, clock=clock.system(), grace=5))
        (first,) = await _pids(ledger, 1)
        os.kill(first, 9)
        second = (await _pids(ledger, 2))[-1]
        tasks.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


@pytest.mark.anyio
async def test_a_child_that_cannot_start_is_not_started_again() -> None:
    command = [sys.executable, "-c", "raise SystemExit(2)"]
    with pytest.raises(ChildRefused) as refused, anyio.fail_after(20):
        await supervise(command, clock=clock.system(), grace=5)
    assert refused.value.code == 2


@pytest.mark.anyio
async def test_a_child_whose_spool_stays_open_elsewhere_is_given_up_after_a_minute_with_the_reason() -> None:
    seconds = iter(range(0, 1000, 10))
    hurried = Clock(now=clock.system().now, monotonic=lambda: float(next(seconds)))
    command = [sys.executable, "-S", "-c", f"raise SystemExit({LOCKED})"]
    with (
        pytest.raises(
            ChildRefused, match=f"spool open for {LOCKED_FOR:.0f} s, name another with --spool"
        ) as refused,
        anyio.fail_after(20),
    ):
        await supervise(command, clock=hurried, grace=5)
    assert refused.value.code == 3


def test_a_spool_that_is_open_elsewhere_names_the_option_that_moves_it(tmp_path: Path) -> None:
    with (
        SqliteStore.open(tmp_path / "spool.db", option="--spool"),
        pytest.raises(StoreLocked, match=f"process {os.getpid()} .*choose another with --spool"),
    ):
        SqliteStore.open(tmp_path / "spool.db", option="--spool")
