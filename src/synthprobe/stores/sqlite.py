"""The default store: one SQLite file, one writer thread with group commit (`writer.py`), readers off the loop."""

import queue
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from synthprobe.ports import Tx
from synthprobe.stores import place
from synthprobe.stores.driver import drive, executor, rolled_back
from synthprobe.stores.errors import StoreClosed, StoreRefused, from_sqlite
from synthprobe.stores.migrate import Migration, migrate
from synthprobe.stores.writer import Writer

T = TypeVar("T")

READERS = 4
"""Reading connections: as many reads run at once."""

OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables came with it."""

BUSY_AFTER_MS = 5_000
"""How long a statement waits for another program's lock."""


class SqliteStore:
    """One SQLite file for one process; `open` it, and `close` it at the end (or use `with`)."""

    def __init__(self, path: Path, lock: int, writer: sqlite3.Connection) -> None:
        self.path = path
        self._lock = lock
        self._closed = False
        self._readers = tuple(_connect(path) for _ in range(READERS))
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        for reader in self._readers:
            reader.execute("pragma query_only = on")
            self._idle.put(reader)
        self._limiter = CapacityLimiter(READERS)
        self._writer = writer
        self._commits = Writer(writer, str(path))

    @classmethod
    def open(
        cls, path: Path | str, schema: tuple[Migration, ...] | None = None, *, option: str = "--store"
    ) -> "SqliteStore":
        """Lock, check and migrate the file, creating it if needed. Blocks for a moment. Raises `StoreError`.

        `schema` is the router's unless another is given, such as the agent's spool; `option` names its file.
        """
        path = Path(path)
        _refuse_old_sqlite(path)
        place.refuse_network(path, place.mounts())
        lock = place.lock(path, option)
        try:
            place.begin(path)
            return cls(path, lock, _prepared(path, schema))
        except sqlite3.Error as error:
            place.unlock(lock)
            raise from_sqlite(error, str(path)) from error
        except BaseException:
            place.unlock(lock)
            raise

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        """Run one transaction to its end; when this returns, it is on disk. Raises `StoreError`.

        `patience`: seconds it may wait for others, so that one commit serves them all.
        """
        if self._closed:
            raise StoreClosed(f"{self.path}: the store was closed")
        return await self._commits.write(transaction, patience)

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
        self._commits.close()
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


def _prepared(path: Path, schema: tuple[Migration, ...] | None) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        if not connection.execute("pragma page_count").fetchone()[0]:
            # Only a new file can be made so that what retention frees may be given back.
            connection.execute("pragma auto_vacuum = incremental")
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
