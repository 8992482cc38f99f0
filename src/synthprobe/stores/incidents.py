"""Incidents and their timelines."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from synthprobe.core.alerts import Alert
from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.ports import Sql, SqlValue, Tx
from synthprobe.stores.columns import document, encode, instant_or_none, integer, listed, text
from synthprobe.stores.instants import to_micros


def find(number: int) -> Tx[Incident | None]:
    """The incident of a number."""
    rows = yield Sql("select doc from incidents where number = :n", {"n": number})
    return document(rows[0], Incident) if rows else None


def open_by_key(key: str) -> Tx[Incident | None]:
    """The one incident that is not closed and has this key, its own or that of one that was merged into it."""
    rows = yield Sql(
        """
        select doc from incidents where key = :key and state <> 'closed'
        union all
        select i.doc from incident_keys k join incidents i on i.number = k.incident
        where k.key = :key and i.state <> 'closed'
        """,
        {"key": key},
    )
    return document(rows[0], Incident) if rows else None


def open_by_keys(keys: Sequence[str]) -> Tx[Mapping[str, Incident | None]]:
    """The same for many keys."""
    names, params = listed(keys)
    rows = yield Sql(
        f"""
        select key, doc from incidents where key in ({names}) and state <> 'closed'
        union all
        select k.key, i.doc from incident_keys k join incidents i on i.number = k.incident
        where k.key in ({names}) and i.state <> 'closed'
        """,  # noqa: S608
        params,
    )
    found: dict[str, Incident | None] = dict.fromkeys(keys)
    for row in reversed(rows):
        found[text(row, "key")] = document(row, Incident)
    return found


def open_by_problem(problem: str) -> Tx[tuple[Incident, ...]]:
    """The incidents of one problem that are not closed, oldest first."""
    rows = yield Sql(
        "select doc from incidents where problem = :p and state <> 'closed' order by number", {"p": problem}
    )
    return tuple(document(row, Incident) for row in rows)


def goes_on_as(number: int) -> Tx[Incident | None]:
    """The incident of a number, or the one that it was merged into."""
    incident = yield from find(number)
    while incident and incident.merged_into:
        incident = yield from find(incident.merged_into)
    return incident


def open_() -> Tx[tuple[Incident, ...]]:
    """Every incident that is triggered or acknowledged, oldest first."""
    rows = yield Sql("select doc from incidents where state in ('triggered', 'acknowledged') order by number")
    return tuple(document(row, Incident) for row in rows)


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
    yield Sql(_SAVE, _row(incident, due_at))


def save_all(incidents: Sequence[tuple[Incident, datetime | None]]) -> Tx[None]:
    """Replace many, each with its next timer."""
    if incidents:
        yield Sql(_SAVE, many=[_row(incident, due_at) for incident, due_at in incidents])


def keep_keys(incident: Incident) -> Tx[None]:
    """Let the keys of incidents that were merged into this one find it, until it is closed."""
    for key in incident.keys:
        yield Sql(
            "insert into incident_keys (key, incident) values (:key, :n) "
            "on conflict (key) do update set incident = :n",
            {"key": key, "n": incident.number},
        )


def forget_keys(number: int) -> Tx[None]:
    """What has a key of a closed incident's is a new problem."""
    yield Sql("delete from incident_keys where incident = :n", {"n": number})


def renumber(old: int, new: int) -> Tx[None]:
    """Let runs and messages of a merged incident belong to the one it goes on as; its timeline stays its own."""
    both: Mapping[str, SqlValue] = {"old": old, "new": new}
    yield Sql("update runs set incident = :new where incident = :old", both)
    yield Sql(
        "insert or ignore into outbox_incidents (outbox_id, incident) "
        "select outbox_id, :new from outbox_incidents where incident = :old",
        both,
    )


def wake_open(now: datetime) -> Tx[None]:
    """Look at every open incident now: a mute began or ended."""
    yield Sql(
        "update incidents set due_at = :now where state in ('triggered', 'acknowledged')",
        {"now": to_micros(now)},
    )


def put_off(number: int, until: datetime) -> Tx[None]:
    """Move an incident's timer without reading the incident, which may be what is wrong with it."""
    yield Sql("update incidents set due_at = :at where number = :n", {"n": number, "at": to_micros(until)})


def without_timer() -> Tx[tuple[Incident, ...]]:
    """Open incidents that have no timer: rightly so only where nothing escalates and nobody has them."""
    rows = yield Sql(
        "select doc from incidents where state in ('triggered', 'acknowledged') and due_at is null"
    )
    return tuple(document(row, Incident) for row in rows)


def note(number: int, entries: Iterable[TimelineEntry]) -> Tx[None]:
    """Add to an incident's timeline."""
    yield from note_all([(number, entry) for entry in entries])


def note_all(entries: Sequence[tuple[int, TimelineEntry]]) -> Tx[None]:
    """Add to the timelines of many, in this order."""
    if entries:
        yield Sql(
            "insert into timeline (incident, at, doc) values (:n, :at, :doc)",
            many=[{"n": n, "at": to_micros(entry.at), "doc": encode(entry)} for n, entry in entries],
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


_SAVE = """
    update incidents set state = :state, scope = :scope, severity = :severity, opened_at = :opened_at,
        updated_at = :updated_at, due_at = :due_at, problem = :problem, doc = :doc
    where number = :number
"""


def _row(incident: Incident, due_at: datetime | None) -> dict[str, SqlValue]:
    return {
        "number": incident.number,
        "state": incident.state.value,
        "scope": incident.scope.value,
        "severity": incident.severity,
        "opened_at": to_micros(incident.opened_at),
        "updated_at": to_micros(incident.updated_at),
        "due_at": to_micros(due_at) if due_at else None,
        "problem": incident.problem,
        "doc": encode(incident),
    }
