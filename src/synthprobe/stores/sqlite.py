"""The default store: one SQLite file, one writer thread with group commit, readers off the loop.

Writers queue their transactions. The writer thread takes whatever waits, runs each inside its own savepoint of one
database transaction, commits once (one fsync), and only then answers them all: an answer means on disk. A
transaction that fails is rolled back alone. When the database transaction as a whole is lost (disk full, the commit
failed), each one is run again by itself, so that every caller gets the answer that is true for it.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from synthprobe.ports import Tx
from synthprobe.stores import place
from synthprobe.stores.driver import drive, executor, rolled_back
from synthprobe.stores.errors import StoreClosed, StoreRefused, from_sqlite
from synthprobe.stores.migrate import Migration, migrate

T = TypeVar("T")

READERS = 4
"""Reading connections: as many reads run at once."""

BATCH = 256
"""Transactions committed together at most."""

OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables came with it."""

BUSY_AFTER_MS = 5_000
"""How long a statement waits for another program's lock."""


class _Work(Generic[T]):
    """One queued transaction and its answer."""

    def __init__(self, transaction: Callable[[], Tx[T]]) -> None:
        self.transaction = transaction
        self.future: Future[T] = Future()
        self.outcome: T | None = None
        self.error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Run inside a savepoint; a failure stays in here unless the whole database transaction is lost with it."""
        connection.execute("savepoint one")
        try:
            self.outcome = drive(self.transaction, executor(connection))
        except Exception as error:
            if not connection.in_transaction:
                raise
            self.error = error
            connection.execute("rollback to one")
        connection.execute("release one")

    def answer(self, path: str) -> None:
        """Wake the caller; the outcome is on disk by now."""
        match self.error:
            case None:
                self.future.set_result(self.outcome)  # type: ignore[arg-type]
            case sqlite3.Error() as error:
                known = from_sqlite(error, path)
                known.__cause__ = error
                self.future.set_exception(known)
            case error:
                self.future.set_exception(error)


_Queue = queue.SimpleQueue["_Work[Any] | None"]


class SqliteStore:
    """One SQLite file for one process; `open` it, and `close` it at the end (or use `with`)."""

    def __init__(self, path: Path, lock: int, writer: sqlite3.Connection) -> None:
        self.path = path
        self._lock = lock
        self._closed = False
        self._queue: _Queue = queue.SimpleQueue()
        self._readers = tuple(_connect(path) for _ in range(READERS))
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        for reader in self._readers:
            reader.execute("pragma query_only = on")
            self._idle.put(reader)
        self._limiter = CapacityLimiter(READERS)
        self._writer = writer
        self._thread = threading.Thread(
            target=_write_loop, args=(writer, self._queue, str(path)), name="store"
        )
        self._thread.start()

    @classmethod
    def open(cls, path: Path | str, schema: tuple[Migration, ...] | None = None) -> "SqliteStore":
        """Lock, check and migrate the file, creating it if needed. Blocks for a moment. Raises `StoreError`.

        `schema` is the router's unless another is given, such as the agent's spool.
        """
        path = Path(path)
        _refuse_old_sqlite(path)
        place.refuse_network(path, place.mounts())
        lock = place.lock(path)
        try:
            return cls(path, lock, _prepared(path, schema))
        except sqlite3.Error as error:
            place.unlock(lock)
            raise from_sqlite(error, str(path)) from error
        except BaseException:
            place.unlock(lock)
            raise

    async def write(self, transaction: Callable[[], Tx[T]]) -> T:
        """Run one transaction to its end; when this returns, it is on disk. Raises `StoreError`."""
        if self._closed:
            raise StoreClosed(f"{self.path}: the store was closed")
        work = _Work(transaction)
        self._queue.put(work)
        answer = asyncio.wrap_future(work.future)
        # A caller that is cancelled must still learn whether its rows are on disk.
        with CancelScope(shield=True):
            await asyncio.wait((answer,))
        return answer.result()

    async def read(self, transaction: Callable[[], Tx[T]]) -> T:
        """Run statements that change nothing, off the loop, on one snapshot. Raises `StoreError`."""
        if self._closed:
            raise StoreClosed(f"{self.path}: the store was closed")
        return await to_thread.run_sync(self._read, transaction, limiter=self._limiter)

    def close(self) -> None:
        """Commit what is queued, then close the file and free the lock."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        for reader in self._readers:
            reader.close()
        self._writer.close()
        place.unlock(self._lock)

    def __enter__(self) -> "SqliteStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, transaction: Callable[[], Tx[T]]) -> T:
        connection = self._idle.get()
        try:
            connection.execute("begin")
            return drive(transaction, executor(connection))
        except sqlite3.Error as error:
            raise from_sqlite(error, str(self.path)) from error
        finally:
            rolled_back(connection)
            self._idle.put(connection)


def _write_loop(connection: sqlite3.Connection, waiting: _Queue, path: str) -> None:
    while (first := waiting.get()) is not None:
        works, last = _take(first, waiting)
        _commit(connection, [work for work in works if work.future.set_running_or_notify_cancel()], path)
        if last:
            break


def _take(first: _Work[Any], waiting: _Queue) -> tuple[list[_Work[Any]], bool]:
    works = [first]
    while len(works) < BATCH:
        try:
            work = waiting.get_nowait()
        except queue.Empty:
            break
        if work is None:
            return works, True
        works.append(work)
    return works, False


def _commit(connection: sqlite3.Connection, works: list[_Work[Any]], path: str) -> None:
    try:
        _run_together(connection, works)
    except Exception as error:  # noqa: BLE001 - whatever it is, every caller must get an answer
        if len(works) == 1:
            works[0].error = error
            works[0].answer(path)
            return
        for work in works:
            work.error = None
            _commit(connection, [work], path)
        return
    for work in works:
        work.answer(path)


def _run_together(connection: sqlite3.Connection, works: list[_Work[Any]]) -> None:
    try:
        connection.execute("begin immediate")
        for work in works:
            work.run(connection)
        connection.execute("commit")
    finally:
        rolled_back(connection)


def _prepared(path: Path, schema: tuple[Migration, ...] | None) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        migrate(connection, str(path), schema)
        mode = connection.execute("pragma journal_mode = wal").fetchone()[0]
        if mode != "wal":
            raise StoreRefused(
                f"{path}: SQLite cannot use its write-ahead log here ({mode}); use a local disk"
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        timeout=BUSY_AFTER_MS / 1000,
    )
    try:
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_old_sqlite(path: Path) -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise StoreRefused(f"{path}: SQLite {sqlite3.sqlite_version} is too old, {oldest} is needed")
