"""Incidents and their timelines."""

from collections.abc import Iterable
from datetime import datetime

from synthprobe.core.alerts import Alert
from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import document, encode, instant_or_none, integer
from synthprobe.stores.instants import to_micros


def find(number: int) -> Tx[Incident | None]:
    """The incident of a number."""
    rows = yield Sql("select doc from incidents where number = :n", {"n": number})
    return document(rows[0], Incident) if rows else None


def open_by_key(key: str) -> Tx[Incident | None]:
    """The one incident of this key that is not closed."""
    rows = yield Sql("select doc from incidents where key = :key and state <> 'closed'", {"key": key})
    return document(rows[0], Incident) if rows else None


def reserve(uid: str, key: str, alert: Alert, now: datetime) -> Tx[int]:
    """Take the next number; the caller saves the incident itself in the same transaction."""
    rows = yield Sql(
        """
        insert into incidents (uid, key, state, scope, severity, opened_at, updated_at, doc)
        values (:uid, :key, 'triggered', 'local', :severity, :now, :now, x'')
        returning number
        """,
        {"uid": uid, "key": key, "severity": alert.severity, "now": to_micros(now)},
    )
    return integer(rows[0], "number")


def save(incident: Incident, due_at: datetime | None) -> Tx[None]:
    """Replace an incident, with its next timer."""
    yield Sql(
        """
        update incidents set state = :state, scope = :scope, severity = :severity, opened_at = :opened_at,
            updated_at = :updated_at, due_at = :due_at, doc = :doc
        where number = :number
        """,
        {
            "number": incident.number,
            "state": incident.state.value,
            "scope": incident.scope.value,
            "severity": incident.severity,
            "opened_at": to_micros(incident.opened_at),
            "updated_at": to_micros(incident.updated_at),
            "due_at": to_micros(due_at) if due_at else None,
            "doc": encode(incident),
        },
    )


def note(number: int, entries: Iterable[TimelineEntry]) -> Tx[None]:
    """Add to an incident's timeline."""
    for entry in entries:
        yield Sql(
            "insert into timeline (incident, at, doc) values (:n, :at, :doc)",
            {"n": number, "at": to_micros(entry.at), "doc": encode(entry)},
        )


def timeline(number: int) -> Tx[tuple[TimelineEntry, ...]]:
    """What happened to an incident, in order."""
    rows = yield Sql("select doc from timeline where incident = :n order by id", {"n": number})
    return tuple(document(row, TimelineEntry) for row in rows)


def due(now: datetime, limit: int) -> Tx[tuple[int, ...]]:
    """Numbers of incidents whose timer is over."""
    rows = yield Sql(
        "select number from incidents where due_at <= :now order by due_at limit :limit",
        {"now": to_micros(now), "limit": limit},
    )
    return tuple(integer(row, "number") for row in rows)


def next_due() -> Tx[datetime | None]:
    """The earliest timer of an incident."""
    rows = yield Sql("select min(due_at) as at from incidents where due_at is not null")
    return instant_or_none(rows[0], "at")
