"""Notes about withheld alerts that a mute holds back: by the alert's fingerprint, each with its timer."""

from datetime import datetime

from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import text
from synthprobe.stores.instants import to_micros


def hold(fingerprint: str, until: datetime) -> Tx[None]:
    """Keep that the note of an alert waits, and when to look at it again."""
    yield Sql(
        "insert into withheld_notes (fingerprint, due_at) values (:f, :at) on conflict do update set due_at = :at",
        {"f": fingerprint, "at": to_micros(until)},
    )


def forget(fingerprint: str) -> Tx[None]:
    """The note of an alert waits no longer."""
    yield Sql("delete from withheld_notes where fingerprint = :f", {"f": fingerprint})


def look_at_all(now: datetime) -> Tx[None]:
    """Look at every note that waits: a mute ended."""
    yield Sql("update withheld_notes set due_at = :now where due_at > :now", {"now": to_micros(now)})


def due(now: datetime, limit: int) -> Tx[tuple[str, ...]]:
    """Alerts whose note's timer is over, the longest overdue first."""
    rows = yield Sql(
        "select fingerprint from withheld_notes where due_at <= :now order by due_at limit :limit",
        {"now": to_micros(now), "limit": limit},
    )
    return tuple(text(row, "fingerprint") for row in rows)
