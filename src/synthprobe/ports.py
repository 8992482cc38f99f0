"""The seams of the shell: where `src/` holds, or is about to hold, two real implementations.

A transaction is a generator of statements. It is written once, as plain readable SQL in the order things happen, with
the pure decisions between the statements; whoever runs it (SQLite's writer thread, PostgreSQL's pool, a simulation
that fails between any two statements) sends each statement's rows back in:

    def deposit(account: str, amount: int) -> Tx[int]:
        rows = yield Sql("select balance from accounts where id = :id", {"id": account})
        balance = decide(rows[0]["balance"], amount)
        yield Sql("update accounts set balance = :b where id = :id", {"id": account, "b": balance})
        return balance

A transaction function may be run again from its start (a lost connection, a serialization failure), so it has no
effect but its statements.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

from msgspec import Struct

T = TypeVar("T")

SqlValue: TypeAlias = int | float | str | bytes | None
"""What a column holds; instants are integers: microseconds since the epoch, UTC."""

DbRow: TypeAlias = Mapping[str, SqlValue]
Rows: TypeAlias = list[DbRow]


class Sql(Struct, frozen=True):
    """One statement with named parameters (`:name`)."""

    text: str
    params: Mapping[str, SqlValue] = {}
    many: Sequence[Mapping[str, SqlValue]] = ()
    """Run it once with each of these instead; it returns no rows."""


Tx: TypeAlias = Generator[Sql, Rows, T]
"""A transaction, or a part of one for `yield from`."""


class Store(Protocol):
    """Where the router keeps its rows."""

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        """Run one transaction to its end; when this returns, it is on disk. Raises `StoreError`.

        Cancelling the caller never interrupts a commit. `patience`: seconds it may wait for others, so that one commit
        serves them all; transactions keep their order whatever their patience.
        """
        ...

    async def read(self, transaction: Callable[[], Tx[T]]) -> T:
        """Run statements that change nothing, off the loop, on one snapshot. Raises `StoreError`."""
        ...
