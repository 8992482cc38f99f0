"""What the router is told of the ledger."""

from collections.abc import Sequence
from datetime import datetime

from synthprobe.core.ledger import Entry
from synthprobe.core.reports import LedgerLine, Undos
from synthprobe.core.results import UndoState
from synthprobe.core.spans import Span


def line_of(entry: Entry, at: datetime, state: UndoState = UndoState.OWED, why: str = "") -> LedgerLine:
    """Where an entry stands."""
    place, stake = entry.place, entry.stake
    return LedgerLine(
        id=entry.id,
        run_id=entry.run_id,
        check=entry.check,
        probe=place.probe,
        region=place.region,
        row=place.row,
        step=entry.step,
        state=state,
        why=why or entry.trouble,
        opened_at=entry.opened_at,
        at=at,
        owner=place.owner,
        amount=stake.amount if stake else "",
        currency=stake.currency if stake else "",
        failures=entry.failures,
        due_at=entry.due_at if state is UndoState.OWED else None,
        trace_id=entry.trace_id,
    )


def told(agent: str, at: datetime, lines: Sequence[LedgerLine], spans: Sequence[Span] = ()) -> Undos:
    """The report of these lines."""
    return Undos(agent, at, tuple(lines), tuple(spans))
