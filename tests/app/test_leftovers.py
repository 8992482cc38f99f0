"""What killed runs left behind: whoever comes first has it, what a live one has is left alone, and nothing is had twice."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path

import anyio
import pytest
from take_backs import NOW, entry

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.ledger_lines import line_of, told
from synthprobe.agent.shares import OnAccount, Shares
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.app import tending
from synthprobe.app.leftovers import own_ledger, take_up
from synthprobe.core.ledger import Entry
from synthprobe.core.money import Stake
from synthprobe.core.reports import Report
from synthprobe.stores import shares
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError
from synthprobe.stores.sqlite import SqliteStore

ENTRY = entry(stake=Stake("1.07", "EUR"))
HELD = {"card": {"EUR": Decimal("1.07")}}


def account(folder: Path) -> Account:
    """That of a folder."""
    return Account(folder / "s-account.db")


def share(folder: Path, ledger: Path) -> Shares:
    """What a ledger has of it."""
    return OnAccount(account(folder), ledger)


def saying(entries: Sequence[Entry]) -> Report:
    """What an agent tells its router of entries."""
    return told("a1", NOW, [line_of(each, NOW) for each in entries])


class Killed(Exception):
    """The process ends here."""


@asynccontextmanager
async def run(folder: Path, name: str) -> AsyncIterator[Ledger]:
    """A `synthprobe run` that has made something; it is killed at the end of the block."""
    try:
        with own_ledger(folder / "s-undo", name, lambda path: share(folder, path)) as ledger:
            await ledger.write(ENTRY)
            ledger.restate()
            yield ledger
            raise Killed
    except Killed:
        pass


@asynccontextmanager
async def agent(folder: Path) -> AsyncIterator[Ledger]:
    """An agent's ledger."""
    with closing(SqliteStore.open(folder / "s-spool.db", SCHEMA)) as store:
        ledger = Ledger(Spool(store, "a1").change, share(folder, folder / "s-spool.db"))
        ledger.adopt(())
        yield ledger


def test_a_live_run_keeps_what_it_has_and_a_killed_one_is_followed_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        undo = tmp_path / "s-undo"
        async with agent(tmp_path) as ledger:
            async with run(tmp_path, "run-1"):
                assert await take_up(undo, ledger) == ()
                assert account(tmp_path).run(lambda: shares.of("s-undo/run-1.db")) == HELD
            assert account(tmp_path).run(lambda: shares.of("s-undo/run-1.db")) == HELD, "it counts on"
            assert await take_up(undo, ledger) == ("run-1",)
            assert ledger.all() == (ENTRY,)
            assert account(tmp_path).run(lambda: shares.of("s-spool.db")) == HELD
            assert list(undo.iterdir()) == []
            ledger.restate()
            assert account(tmp_path).run(shares.holders) == ("s-spool.db",)
            await ledger.close([ENTRY.id])
            assert account(tmp_path).run(shares.holders) == ()
            assert await take_up(undo, ledger) == ()

    anyio.run(scenario)


def test_a_router_hears_of_it_at_once_though_its_next_attempt_is_due_much_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with run(tmp_path, "run-1"):
            pass
        with closing(SqliteStore.open(tmp_path / "s-spool.db", SCHEMA)) as store:
            spool = Spool(store, "a1")
            ledger = Ledger(spool.change, share(tmp_path, tmp_path / "s-spool.db"))
            assert await take_up(tmp_path / "s-undo", ledger, saying) == ("run-1",)
            (report,) = [each.report for each in await spool.peek(10)]
            assert report == saying([ENTRY])
        assert "went on with 1 step to take back" in caplog.text

    anyio.run(scenario)


def test_who_is_stopped_while_it_takes_something_up_has_it_whole_and_leaves_no_file_open(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with run(tmp_path, "run-1"):
            pass
        async with agent(tmp_path) as ledger:
            with anyio.CancelScope() as scope:

                def stopped(entries: Sequence[Entry]) -> Report:
                    scope.cancel()
                    return saying(entries)

                await take_up(tmp_path / "s-undo", ledger, stopped)
            assert ledger.all() == (ENTRY,)
            assert list((tmp_path / "s-undo").iterdir()) == []

    anyio.run(scenario)


def test_what_was_taken_is_gone_from_its_file_before_anybody_else_can_read_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with run(tmp_path, "run-1"):
            pass
        # Killed before it could take the file away.
        monkeypatch.setattr("synthprobe.app.leftovers._remove", lambda _: None)
        async with agent(tmp_path) as ledger:
            assert await take_up(tmp_path / "s-undo", ledger) == ("run-1",)
        with closing(sqlite3.connect(tmp_path / "s-undo" / "run-1.db")) as left:
            assert left.execute("select count(*) from ledger").fetchone() == (0,)

    anyio.run(scenario)


def test_what_cannot_be_taken_now_stays_where_it_is_and_counts(tmp_path: Path) -> None:
    async def refuses(statements: object, reports: object) -> None:
        raise StoreError("the disk is full")

    async def scenario() -> None:
        async with run(tmp_path, "run-1"):
            pass
        full = Ledger(refuses, share(tmp_path, tmp_path / "s-spool.db"))
        with pytest.raises(StoreError):
            await take_up(tmp_path / "s-undo", full)
        assert account(tmp_path).run(lambda: shares.of("s-undo/run-1.db")) == HELD
        async with agent(tmp_path) as ledger:
            assert await take_up(tmp_path / "s-undo", ledger) == ("run-1",)

    anyio.run(scenario)


def test_an_agent_at_work_looks_for_it_again_and_again_whatever_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tending, "EVERY", 0.05)

    async def scenario() -> None:
        async with agent(tmp_path) as ledger, anyio.create_task_group() as tasks:
            tasks.start_soon(tending.tend, tmp_path / "s-undo", ledger, account(tmp_path), saying)
            async with run(tmp_path, "run-1"):
                for file in tmp_path.glob("s-account.db*"):
                    file.unlink()
            while ledger.find(ENTRY.id) is None:
                await anyio.sleep(0.01)
            while account(tmp_path).run(shares.holders) != ("s-spool.db",):
                await anyio.sleep(0.01)
            while list((tmp_path / "s-undo").glob("*.db")):
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
            assert [entry.id for entry in ledger.owed()] == [ENTRY.id]

    anyio.run(scenario)
