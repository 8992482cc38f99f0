"""What every store promises: whole transactions, in order, each failing alone."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from synthprobe.ports import Sql, Store, Tx
from synthprobe.stores.errors import StoreClosed, StoreConflict, StoreError
from synthprobe.stores.inline import InlineStore
from synthprobe.stores.sqlite import SqliteStore

Opened = InlineStore | SqliteStore


@pytest.fixture(params=["inline", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    opened = InlineStore() if request.param == "inline" else SqliteStore.open(tmp_path / "a.db")
    yield opened
    opened.close()


def mark(incident: int, *, then: Exception | None = None) -> Callable[[], Tx[int]]:
    """A transaction that inserts a row, and may fail after it."""

    def transaction() -> Tx[int]:
        yield Sql(
            "insert into checks (key, probe, region, agent, announced_at, doc) values (:k, 'p', 'r', 'a', 0, x'')",
            {"k": f"{incident}"},
        )
        if then is not None:
            raise then
        rows = yield Sql("select count(*) as n from checks")
        count = rows[0]["n"]
        assert isinstance(count, int)
        return count

    return transaction


def keys() -> Tx[list[object]]:
    rows = yield Sql("select key from checks order by key")
    return [row["key"] for row in rows]


def test_a_transaction_sees_its_own_rows_and_returns_its_value(store: Opened) -> None:
    assert anyio.run(store.write, mark(1)) == 1
    assert anyio.run(store.read, keys) == ["1"]


def test_a_transaction_that_fails_leaves_nothing_behind(store: Opened) -> None:
    with pytest.raises(LookupError, match="changed its mind"):
        anyio.run(store.write, mark(1, then=LookupError("changed its mind")))
    assert anyio.run(store.read, keys) == []


def test_a_broken_constraint_is_a_typed_error_and_leaves_nothing_behind(store: Opened) -> None:
    def twice() -> Tx[None]:
        yield from mark(1)()
        yield from mark(1)()

    with pytest.raises(StoreConflict):
        anyio.run(store.write, twice)
    assert anyio.run(store.read, keys) == []


def test_a_failing_transaction_does_not_spoil_its_neighbours(store: Opened) -> None:
    failed: list[int] = []

    async def write(number: int) -> None:
        try:
            await store.write(mark(number, then=LookupError("no") if number % 3 == 0 else None))
        except LookupError:
            failed.append(number)

    async def everything() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(write, number)

    anyio.run(everything)
    assert sorted(failed) == list(range(0, 30, 3))
    assert len(anyio.run(store.read, keys)) == 20


def test_a_read_that_would_write_is_refused(store: Opened) -> None:
    with pytest.raises(StoreError):
        anyio.run(store.read, mark(1))
    anyio.run(store.write, mark(2))
    assert anyio.run(store.read, keys) == ["2"]


def test_a_cancelled_caller_never_interrupts_a_commit(store: Opened) -> None:
    async def scenario() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(store.write, mark(number))
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        seen = await store.read(keys)
        later = await store.read(keys)
        assert seen == later
        assert await store.write(mark(100)) == len(seen) + 1

    anyio.run(scenario)


def test_a_closed_store_says_so(store: Opened) -> None:
    store.close()
    for ask in (store.read, store.write):
        with pytest.raises(StoreClosed, match="closed"):
            anyio.run(ask, keys)


def test_a_store_satisfies_the_port(store: Opened) -> None:
    port: Store = store
    assert anyio.run(port.read, keys) == []


def test_rows_survive_the_process_and_the_connection(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "a.db") as store:
        anyio.run(store.write, mark(1))
    with sqlite3.connect(tmp_path / "a.db") as raw:
        assert raw.execute("pragma journal_mode").fetchone() == ("wal",)
        assert raw.execute("select key from checks").fetchall() == [("1",)]
    raw.close()
