"""The ledger as the router knows it: what runs left behind, and where the taking back stands."""

from collections.abc import Sequence

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
    return tuple(news)


def find(id: str) -> Tx[LedgerLine | None]:
    """One line."""
    rows = yield Sql("select * from undos where id = :id", {"id": id})
    return line_of(rows[0]) if rows else None


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
