"""What the SQLite store refuses to open, each with one clear line, and how it migrates."""

import errno
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from synthprobe.agent.shares import Alone
from synthprobe.app.leftovers import own_ledger
from synthprobe.ports import Sql, Tx
from synthprobe.stores import place, retention
from synthprobe.stores.errors import (
    StoreBusy,
    StoreConflict,
    StoreCorrupt,
    StoreError,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreNewer,
    StoreReadOnly,
    from_sqlite,
)
from synthprobe.stores.migrate import Migration, migrate, migrations
from synthprobe.stores.sqlite import SqliteStore


def raw(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


def test_a_second_process_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    script = "import sys; from synthprobe.stores.sqlite import SqliteStore; SqliteStore.open(sys.argv[1])"
    with SqliteStore.open(tmp_path / "a.db"):
        second = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "a.db")],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "StoreLocked" in second.stderr
    assert f"process {os.getpid()} has this file open" in second.stderr


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Whatever is made may be read by all, unless its maker says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}


@pytest.mark.usefixtures("open_umask")
def test_only_its_owner_may_read_a_store_its_log_and_its_backup(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "a.db") as store:
        anyio.run(store.write, _note)
        assert modes(tmp_path) == dict.fromkeys(["a.db", "a.db-wal", "a.db-shm", "a.db.lock"], "0o600")
    with raw(tmp_path / "old.db") as connection:
        migrate(connection, "old.db", migrations()[:1])
        (tmp_path / "old.db").chmod(0o640)
        migrate(connection, str(tmp_path / "old.db"))
    found = modes(tmp_path)
    assert found.pop("old.db") == "0o640", "the mode that somebody chose stays"
    assert set(found.values()) == {"0o600"}
    assert any(name.startswith("old.db.") for name in found), "the backup"


@pytest.mark.usefixtures("open_umask")
def test_only_their_owner_may_read_the_ledgers_of_runs(tmp_path: Path) -> None:
    with own_ledger(tmp_path / "s-undo", "run-1", lambda _: Alone()):
        assert modes(tmp_path) == {"s-undo": "0o700"}
        found = modes(tmp_path / "s-undo")
        assert "run-1.db" in found
        assert set(found.values()) == {"0o600"}


def _note() -> Tx[None]:
    yield Sql("create table note (text text) strict")


def test_a_closed_store_can_be_opened_again(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "a.db"), pytest.raises(StoreLocked):
        SqliteStore.open(tmp_path / "a.db")
    SqliteStore.open(tmp_path / "a.db").close()


def text(path: Path) -> None:
    path.write_text("this is no database, it is a letter of some length " * 40)


def other_program(path: Path) -> None:
    with raw(path) as connection:
        connection.execute("create table songs (title)")


def newer(path: Path) -> None:
    SqliteStore.open(path).close()
    with raw(path) as connection:
        connection.execute("insert into schema_versions values (999, '0999_later.sql', 'x', '')")


def different(path: Path) -> None:
    SqliteStore.open(path).close()
    with raw(path) as connection:
        connection.execute("update schema_versions set checksum = 'other' where version = 1")


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        pytest.param(text, StoreForeign, "not a SQLite database", id="no database"),
        pytest.param(other_program, StoreForeign, "another program", id="another program's"),
        pytest.param(newer, StoreNewer, "version 999", id="a newer build's"),
        pytest.param(different, StoreForeign, "different build", id="a different build's"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_in_one_line_and_left_alone(
    tmp_path: Path, spoil: Callable[[Path], None], error: type[StoreError], says: str
) -> None:
    path = tmp_path / "a.db"
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(error, match=says) as refused:
        SqliteStore.open(path)
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)
    assert path.read_bytes() == before


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreReadOnly, match="check that the folder exists"):
        SqliteStore.open(tmp_path / "missing" / "a.db")


@pytest.mark.parametrize(
    ("kind", "refused"),
    [pytest.param("nfs4", True, id="NFS"), pytest.param("ext4", False, id="a local disk")],
)
def test_a_network_file_system_is_refused(tmp_path: Path, kind: str, refused: bool) -> None:
    mounts = ("/dev/a / ext4 rw 0 0", f"server:/x {tmp_path} {kind} rw 0 0", "proc /proc proc rw 0 0")
    if not refused:
        place.refuse_network(tmp_path / "a.db", mounts)
        return
    with pytest.raises(StoreForeign, match="lies on nfs4"):
        place.refuse_network(tmp_path / "a.db", mounts)


def test_a_migration_keeps_a_copy_of_what_was_there(tmp_path: Path) -> None:
    first, second = (
        Migration(1, "0001_a.sql", "create table a (x);"),
        Migration(2, "0002_b.sql", "create table b (y);"),
    )
    path = tmp_path / "a.db"
    with raw(path) as connection:
        assert migrate(connection, str(path), (first,)) == (1,)
        connection.execute("insert into a values (42)")
        assert migrate(connection, str(path), (first, second)) == (2,)
        assert migrate(connection, str(path), (first, second)) == ()
    with raw(tmp_path / "a.db.before-2") as copy:
        assert copy.execute("select x from a").fetchall() == [(42,)]
        assert copy.execute("select count(*) from sqlite_schema where name = 'b'").fetchone() == (0,)


def test_a_migration_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    broken = Migration(1, "0001_a.sql", "create table a (x);\ncreate table a (x);")
    with raw(tmp_path / "a.db") as connection:
        with pytest.raises(sqlite3.Error):
            migrate(connection, "a.db", (broken,))
        assert connection.execute("select count(*) from sqlite_schema").fetchone() == (0,)


def test_the_steps_are_numbered_without_gaps() -> None:
    assert [step.version for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_full_disk_is_a_typed_error_and_the_store_works_on_when_there_is_space(tmp_path: Path) -> None:
    def fill() -> Tx[None]:
        yield Sql("insert into traces values ('a', 'r', 0, zeroblob(4000000))")

    def small() -> Tx[None]:
        yield Sql("insert into traces values (hex(randomblob(8)), 'r', 0, x'00')")

    async def scenario(store: SqliteStore) -> None:
        limit = store._writer.execute("pragma page_count").fetchone()[0] + 20
        store._writer.execute(f"pragma max_page_count = {limit}")
        failures: list[StoreError] = []

        async def big() -> None:
            try:
                await store.write(fill)
            except StoreError as error:
                failures.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(big)
            for _ in range(5):
                tasks.start_soon(store.write, small)
        assert [type(error) for error in failures] == [StoreFull]
        store._writer.execute("pragma max_page_count = 1000000")
        await store.write(fill)

    with SqliteStore.open(tmp_path / "a.db") as store:
        anyio.run(scenario, store)


def test_readers_see_a_snapshot_and_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> Tx[None]:
        yield Sql("insert into traces values ('a', 'r', 0, x'00')")
        inside.set()
        go_on.wait(10)

    def count() -> Tx[object]:
        rows = yield Sql("select count(*) as n from traces")
        return rows[0]["n"]

    async def scenario(store: SqliteStore) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.write, slow)
            await anyio.to_thread.run_sync(inside.wait, 10)
            assert await store.read(count) == 0
            go_on.set()
        assert await store.read(count) == 1

    with SqliteStore.open(tmp_path / "a.db") as store:
        anyio.run(scenario, store)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(sqlite3.SQLITE_BUSY, StoreBusy, id="busy"),
        pytest.param(sqlite3.SQLITE_FULL, StoreFull, id="full"),
        pytest.param(sqlite3.SQLITE_READONLY, StoreReadOnly, id="read only"),
        pytest.param(sqlite3.SQLITE_CORRUPT, StoreCorrupt, id="corrupt"),
        pytest.param(sqlite3.SQLITE_CONSTRAINT_UNIQUE, StoreConflict, id="constraint"),
        pytest.param(sqlite3.SQLITE_MISUSE, StoreError, id="anything else"),
    ],
)
def test_each_error_of_sqlite_has_its_type_and_advice(code: int, expected: type[StoreError]) -> None:
    error = sqlite3.OperationalError("it says")
    error.sqlite_errorcode = code
    assert type(from_sqlite(error, "a.db")) is expected
    assert str(from_sqlite(error, "a.db")).startswith("a.db: it says; ")


def test_patient_transactions_share_one_commit_with_the_first_that_cannot_wait(tmp_path: Path) -> None:
    """A minute of patience is never used up: an impatient write takes all that were gathered with it, in their order."""
    order: list[str] = []

    async def write(store: SqliteStore, name: str, patience: float) -> None:
        await store.write(lambda: noted(name, order), patience=patience)

    async def scenario(store: SqliteStore) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write, store, "first", 60)
            tasks.start_soon(write, store, "second", 60)
            await anyio.wait_all_tasks_blocked()
            assert order == []
            tasks.start_soon(write, store, "urgent", 0)

    with SqliteStore.open(tmp_path / "a.db") as store:
        anyio.run(scenario, store)
    assert order == ["first", "second", "urgent"]


def test_a_patient_transaction_is_written_when_its_patience_ends(tmp_path: Path) -> None:
    order: list[str] = []
    with SqliteStore.open(tmp_path / "a.db") as store:
        anyio.run(lambda: store.write(lambda: noted("alone", order), patience=0.001))
    assert order == ["alone"]


def noted(name: str, order: list[str]) -> Tx[None]:
    yield Sql("select 1")
    order.append(name)


def test_a_file_gives_back_what_was_deleted_from_it(tmp_path: Path) -> None:
    def fill() -> Tx[None]:
        yield Sql("insert into traces values ('a', 'r', 0, zeroblob(1000000))")

    def empty() -> Tx[None]:
        yield Sql("delete from traces")

    async def scenario(store: SqliteStore) -> None:
        await store.write(fill)
        await store.write(empty)
        before = await store.read(retention.space)
        assert before.free >= 200 * 4096
        await store.write(lambda: retention.shrink(200))
        after = await store.read(retention.space)
        assert before.free - after.free == 200 * 4096

    with SqliteStore.open(tmp_path / "a.db") as store:
        anyio.run(scenario, store)
    with raw(tmp_path / "a.db") as connection:
        [pages] = connection.execute("pragma page_count").fetchone()
    assert (tmp_path / "a.db").stat().st_size == pages * 4096


def test_a_disk_without_room_for_its_lock_is_said_to_be_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(
        StoreFull, match=r"a\.db\.lock: cannot be written \(No space left on device\); make space"
    ):
        SqliteStore.open(tmp_path / "a.db")
    monkeypatch.undo()
    SqliteStore.open(tmp_path / "a.db").close()
