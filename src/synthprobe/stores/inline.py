"""A store in memory that runs on the loop: for simulations and tests on virtual time; nothing outlives the process."""

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


class InlineStore:
    """The same statements and constraints as the real store, without threads or a disk."""

    def __init__(self, schema: tuple[Migration, ...] | None = None) -> None:
        self._connection: sqlite3.Connection | None = sqlite3.connect(_NAME, isolation_level=None)
        self._connection.execute("pragma foreign_keys = on")
        migrate(self._connection, _NAME, schema)

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        """Run one transaction to its end; there is no disk to be patient for."""
        await checkpoint()
        return self._run(transaction, "begin immediate", "commit")

    async def read(self, transaction: Callable[[], Tx[T]]) -> T:
        """Run statements that change nothing; one that tries to is refused."""
        await checkpoint()
        connection = self._opened()
        connection.execute("pragma query_only = on")
        try:
            return self._run(transaction, "begin", "rollback")
        finally:
            connection.execute("pragma query_only = off")

    def close(self) -> None:
        """Forget everything."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, transaction: Callable[[], Tx[T]], begin: str, end: str) -> T:
        connection = self._opened()
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

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreClosed("the store was closed")
        return self._connection
