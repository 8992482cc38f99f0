"""What the page of the ledger shows: what was made and not yet taken back, and what it comes to."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from synthprobe.core.questions import UndoOrder
from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import UndoState
from synthprobe.ports import Sql, Tx
from synthprobe.stores.undos import line_of, order_of

RECENT = 50


class Ledger(Struct, frozen=True):
    """Open lines, those that have waited longest first; what they come to by currency; and the newest that are over."""

    open: tuple[LedgerLine, ...]
    exposure: dict[str, str]
    over: tuple[LedgerLine, ...] = ()
    orders: tuple[UndoOrder, ...] = ()
    """What people want of open lines, and no agent has done yet."""


def ledger() -> Tx[Ledger]:
    """The whole ledger; three statements."""
    open_ = yield Sql("select * from undos where state = 'owed' order by opened_at, id")
    over = yield Sql(
        "select * from undos where state <> 'owed' order by at desc, id limit :limit", {"limit": RECENT}
    )
    lines = tuple(line_of(row) for row in open_)
    orders = yield Sql("select * from undo_orders order by at, line")
    return Ledger(
        lines,
        exposure(lines),
        tuple(line_of(row) for row in over),
        tuple(order_of(row) for row in orders),
    )


def of_run(run_id: str) -> Tx[tuple[LedgerLine, ...]]:
    """What a run left behind, the last step first."""
    rows = yield Sql("select * from undos where run_id = :run_id order by rowid", {"run_id": run_id})
    return tuple(line_of(row) for row in rows)


def exposure(lines: Sequence[LedgerLine]) -> dict[str, str]:
    """What lines that are open come to, by currency."""
    total: dict[str, Decimal] = {}
    for line in lines:
        if line.amount and line.state is UndoState.OWED:
            total[line.currency] = total.get(line.currency, Decimal()) + Decimal(line.amount)
    return {currency: f"{amount:f}" for currency, amount in sorted(total.items())}
