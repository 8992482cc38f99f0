"""The ledger as the router knows it: what runs left behind, and where the taking back stands."""

from collections.abc import Sequence

from synthprobe.core.questions import OrderKind, UndoOrder
from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import UndoState
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.columns import instant, instant_or_none, integer, text
from synthprobe.stores.instants import to_micros


def keep(agent: str, lines: Sequence[LedgerLine]) -> Tx[tuple[LedgerLine, ...]]:
    """Keep these lines; returns those that were news."""
    news: list[LedgerLine] = []
    for line in lines:
        rows = yield Sql(_KEEP, {**_columns(line), "agent": agent})
        if rows:
            news.append(line)
            yield Sql(
                "delete from undo_orders where line = :id and at <= :at and (kind = 'retry' or :state <> 'owed')",
                {"id": line.id, "at": to_micros(line.at), "state": line.state.value},
            )
    return tuple(news)


def find(id: str) -> Tx[LedgerLine | None]:
    """One line."""
    rows = yield Sql("select * from undos where id = :id", {"id": id})
    return line_of(rows[0]) if rows else None


def order(wanted: UndoOrder) -> Tx[bool]:
    """Keep what a person wants of an open line; False if there is no such line."""
    rows = yield Sql(_ORDER, {**_wanted(wanted), "kind": wanted.kind.value})
    return bool(rows)


def orders(agent: str) -> Tx[tuple[UndoOrder, ...]]:
    """What people want of the ledger of an agent."""
    rows = yield Sql("select * from undo_orders where agent = :agent order by at, line", {"agent": agent})
    return tuple(order_of(row) for row in rows)


def order_of(row: DbRow) -> UndoOrder:
    """A row as the order it holds."""
    return UndoOrder(
        text(row, "line"),
        OrderKind(text(row, "kind")),
        text(row, "asked_by"),
        text(row, "note"),
        instant(row, "at"),
    )


def line_of(row: DbRow) -> LedgerLine:
    """A row as the line it holds."""
    row_id = row["row_id"]
    return LedgerLine(
        id=text(row, "id"),
        run_id=text(row, "run_id"),
        check=text(row, "check_key"),
        probe=text(row, "probe"),
        region=text(row, "region"),
        step=text(row, "step"),
        state=UndoState(text(row, "state")),
        why=text(row, "why"),
        opened_at=instant(row, "opened_at"),
        at=instant(row, "at"),
        row=row_id if isinstance(row_id, str) else None,
        owner=text(row, "owner"),
        amount=text(row, "amount"),
        currency=text(row, "currency"),
        failures=integer(row, "failures"),
        due_at=instant_or_none(row, "due_at"),
        trace_id=text(row, "trace_id"),
    )


def _wanted(order: UndoOrder) -> dict[str, str | int]:
    return {"line": order.line, "by": order.by, "note": order.note, "at": to_micros(order.at)}


def _columns(line: LedgerLine) -> dict[str, str | int | None]:
    return {
        "id": line.id,
        "run_id": line.run_id,
        "check": line.check,
        "probe": line.probe,
        "region": line.region,
        "row": line.row,
        "step": line.step,
        "state": line.state.value,
        "why": line.why,
        "owner": line.owner,
        "amount": line.amount,
        "currency": line.currency,
        "failures": line.failures,
        "opened_at": to_micros(line.opened_at),
        "at": to_micros(line.at),
        "due_at": to_micros(line.due_at) if line.due_at else None,
        "trace_id": line.trace_id,
    }


# What is over stays over: only a repeat, or a report that was overtaken, says otherwise.
_KEEP = """
insert into undos (id, agent, run_id, check_key, probe, region, row_id, step, state, why, owner, amount, currency,
                   failures, opened_at, at, due_at, trace_id)
values (:id, :agent, :run_id, :check, :probe, :region, :row, :step, :state, :why, :owner, :amount, :currency,
        :failures, :opened_at, :at, :due_at, :trace_id)
on conflict (id) do update set
    agent = excluded.agent, state = excluded.state, why = excluded.why, failures = excluded.failures,
    at = excluded.at, due_at = excluded.due_at
where undos.state = 'owed' and (excluded.at > undos.at or excluded.state <> 'owed')
returning id
"""

_ORDER = """
insert into undo_orders (line, agent, kind, asked_by, note, at)
select id, agent, :kind, :by, :note, :at from undos where id = :line and state = 'owed'
on conflict (line) do update set kind = excluded.kind, asked_by = excluded.asked_by, note = excluded.note,
    at = excluded.at where excluded.kind = 'settle' or undo_orders.kind = 'retry'
returning line
"""
