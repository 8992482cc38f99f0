"""What came to be known of a run after its end, such as a webhook that arrived too late."""

from datetime import datetime, timedelta

from msgspec import Struct

from synthprobe.core.reports import Noted
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import instant, text
from synthprobe.stores.instants import to_micros

KEPT = timedelta(days=90)


class RunNote(Struct, frozen=True):
    """One sentence about one step."""

    step: str
    text: str
    at: datetime


def add(noted: Noted) -> Tx[None]:
    """Keep a note; once more changes nothing. Very old ones go."""
    yield Sql(
        "insert into run_notes (run_id, step, text, at) values (:run, :step, :text, :at) on conflict do nothing",
        {"run": noted.run_id, "step": noted.step, "text": noted.text, "at": to_micros(noted.at)},
    )
    yield Sql("delete from run_notes where at < :before", {"before": to_micros(noted.at - KEPT)})


def of(run_id: str) -> Tx[tuple[RunNote, ...]]:
    """The notes of a run, in the order in which they came to be known."""
    rows = yield Sql("select step, text, at from run_notes where run_id = :run order by at", {"run": run_id})
    return tuple(RunNote(text(row, "step"), text(row, "text"), instant(row, "at")) for row in rows)
