"""The account's file: what those who make runs on one machine have at stake, and have asked of providers, together.

Many processes have it open at once, so every transaction is short and waits little for another. It is read and written
where a run is about to begin, on the loop: nothing there waits for the disk. That is for `sync`, in a thread, which holds
nobody up; what was written since may be missing after a power cut, and what is at stake here the ledgers know.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from synthprobe.ports import Tx
from synthprobe.stores import place
from synthprobe.stores.driver import drive, executor, rolled_back
from synthprobe.stores.errors import (
    StoreCorrupt,
    StoreError,
    StoreForeign,
    StoreFull,
    StoreNewer,
    StoreReadOnly,
    from_sqlite,
)

T = TypeVar("T")

BUSY_AFTER = 0.25
"""Seconds that a transaction waits for those of other processes, each of which takes a millisecond."""

LONGEST_LOG = 4 * 1024 * 1024
"""Bytes; a transaction writes some ten thousand."""

VERSION = 1

_MEMORY = ":memory:"


class Account:
    """One connection to the account, opened when it is first needed and whenever the file is another."""

    def __init__(self, path: Path | None) -> None:
        """In memory where there is no path."""
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    @classmethod
    def in_memory(cls) -> "Account":
        """One of a single process."""
        return cls(None)

    def run(self, transaction: Callable[[], Tx[T]]) -> T:
        """Run one transaction to its end, alone on this machine. Raises `StoreError`."""
        with self._lock:
            connection: sqlite3.Connection | None = None
            try:
                connection = self._opened()
                connection.execute("begin immediate")
                outcome = drive(transaction, executor(connection))
                connection.execute("commit")
            except sqlite3.Error as error:
                raise self._known(error) from error
            else:
                return outcome
            finally:
                if connection is not None:
                    with suppress(sqlite3.Error):
                        rolled_back(connection)

    def sync(self) -> None:
        """Bring to the disk what was written, and the log into the file once it is long. Blocks; raises `StoreError`."""
        if self.path is None:
            return
        log = f"{self.path}-wal"
        try:
            descriptor = os.open(log, os.O_RDWR)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreReadOnly(f"{log}: {error.strerror}") from error
        try:
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        except OSError as error:
            raise StoreFull(f"{log}: {error.strerror}") from error
        finally:
            os.close(descriptor)
        if size > LONGEST_LOG:
            self._shorten()

    def _shorten(self) -> None:
        try:
            with closing(_connect(self._name)) as connection:
                connection.execute("pragma wal_checkpoint(passive)").fetchall()
                # Whoever writes first after that waits for the disk: not one that is about to begin a run.
                connection.execute(f"pragma user_version = {VERSION}")
        except sqlite3.Error as error:
            raise self._known(error) from error

    def close(self) -> None:
        """Close the file; the next transaction opens it again."""
        with self._lock:
            self._dropped()

    def name_of(self, ledger: Path) -> str:
        """What the holder of a ledger is called: its file as seen from this one, which containers may see elsewhere."""
        folder = self.path.absolute().parent if self.path is not None else Path()
        path = ledger.absolute()
        return str(path.relative_to(folder) if path.is_relative_to(folder) else path)

    def has_ledger(self, holder: str) -> bool:
        """Whether a holder's ledger is there, as far as there are files."""
        return self.path is None or (self.path.absolute().parent / holder).exists()

    @property
    def _name(self) -> str:
        return str(self.path or _MEMORY)

    def _known(self, error: sqlite3.Error) -> StoreError:
        found = from_sqlite(error, self._name)
        if isinstance(found, StoreCorrupt | StoreForeign):
            return StoreCorrupt(
                f"{self._name}: {error}; delete it with its -wal and -shm, and it is made anew"
            )
        return found

    def _opened(self) -> sqlite3.Connection:
        """The connection; anew where somebody has taken the file away. Raises `StoreError`, `sqlite3.Error`."""
        if self._connection is not None and self.path is not None and self._inode != _inode(self.path):
            self._dropped()
        if self._connection is None:
            if self.path is not None:
                _prepare_place(self.path)
            self._connection = _prepared(self._name)
            self._inode = _inode(self.path) if self.path is not None else 0
        return self._connection

    def _dropped(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare_place(path: Path) -> None:
    """Have a folder for it, on a disk whose locks can be trusted. Raises `StoreError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreReadOnly(f"{path}: its folder cannot be made ({error.strerror})") from error
    place.refuse_network(path, place.mounts())


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return -1


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=BUSY_AFTER)
    connection.execute("pragma synchronous = normal")
    connection.execute("pragma wal_autocheckpoint = 0")
    return connection


def _prepared(name: str) -> sqlite3.Connection:
    connection = _connect(name)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("begin immediate")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version > VERSION:
            raise StoreNewer(f"{name}: a newer synthprobe wrote it; use that one")
        if version < VERSION:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"pragma user_version = {VERSION}")
        connection.execute("commit")
    except BaseException:
        connection.close()
        raise
    return connection


_SCHEMA = (
    # What a holder may have at stake. A holder is the file of a ledger, or the id of a guest.
    """
    create table shares (
        probe text not null, holder text not null, currency text not null, amount text not null,
        primary key (probe, holder, currency)
    ) strict, without rowid
    """,
    # What is left of a budget at a moment of the monotonic clock, and what its day (of UTC) has used.
    """
    create table budgets (
        name text primary key, left_ real not null, at real not null, day text not null, used integer not null
    ) strict, without rowid
    """,
    # Budgets as the agents of this machine have them set, for a `synthprobe run` that is told of none.
    """
    create table terms (
        name text primary key, rate real not null, burst integer not null, per_day integer
    ) strict, without rowid
    """,
    # Those who hold from another machine; `ended`: with something left. Instants are microseconds since the epoch, UTC.
    """
    create table guests (
        holder text primary key, said text not null, since integer not null, seen_at integer not null,
        ended integer not null default 0, settled_by text not null default '', note text not null default ''
    ) strict, without rowid
    """,
)
