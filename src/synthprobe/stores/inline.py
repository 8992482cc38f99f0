"""A store in memory that runs on the loop: for simulations and tests on virtual time; nothing outlives the process."""

import itertools
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from anyio.lowlevel import checkpoint

from synthprobe.ports import Tx
from synthprobe.stores.driver import drive, executor, rolled_back
from synthprobe.stores.errors import StoreClosed, from_sqlite
from synthprobe.stores.migrate import Migration, migrate

T = TypeVar("T")

_NAME = ":memory:"

_NUMBERS = itertools.count()
"""Names a store among those of this process."""

_STATEMENTS = 512
"""Statements that stay prepared: more than there are."""


class InlineStore:
    """The same statements and constraints as the real store, without threads or a disk."""

    def __init__(self, schema: tuple[Migration, ...] | None = None) -> None:
        # Two connections to one database: turning `query_only` on and off would prepare every statement anew.
        name = f"file:inline-{next(_NUMBERS)}?mode=memory&cache=shared"
        self._writer: sqlite3.Connection | None = _connect(name)
        self._writer.execute("pragma foreign_keys = on")
        migrate(self._writer, _NAME, schema)
        self._reader = _connect(name)
        self._reader.execute("pragma query_only = on")

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        """Run one transaction to its end; there is no disk to be patient for."""
        await checkpoint()
        return _run(self._opened(), transaction, "begin immediate", "commit")

    async def read(self, transaction: Callable[[], Tx[T]]) -> T:
        """Run statements that change nothing; one that tries to is refused."""
        await checkpoint()
        self._opened()
        return _run(self._reader, transaction, "begin", "rollback")

    def close(self) -> None:
        """Forget everything."""
        if self._writer is not None:
            self._writer.close()
            self._reader.close()
            self._writer = None

    def __del__(self) -> None:
        """Forget it with its last holder: what is in memory only loses nothing, and needs no care."""
        if hasattr(self, "_reader"):
            self.close()

    def _opened(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreClosed("the store was closed")
        return self._writer


def _connect(name: str) -> sqlite3.Connection:
    # It is used by one thread, but its last holder may be a cycle that is collected in another.
    return sqlite3.connect(
        name, uri=True, isolation_level=None, cached_statements=_STATEMENTS, check_same_thread=False
    )


def _run(connection: sqlite3.Connection, transaction: Callable[[], Tx[T]], begin: str, end: str) -> T:
    try:
        connection.execute(begin)
        outcome = drive(transaction, executor(connection))
        connection.execute(end)
    except sqlite3.Error as error:
        raise from_sqlite(error, _NAME) from error
    else:
        return outcome
    finally:
        rolled_back(connection)
