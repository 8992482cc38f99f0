"""Stores an incident after something happened to it: its row, its timer and its timeline, in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from synthprobe.core import incidents
from synthprobe.core.incidents import Followed, Incident, IncidentState, TimelineEntry
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.stores import incidents as incident_rows


def keep(followed: Followed, tree: Routes) -> Tx[None]:
    """Store what happened to an incident."""
    yield from keep_incident(followed.incident, followed.entries, tree)


def keep_incident(incident: Incident, entries: Iterable[TimelineEntry], tree: Routes) -> Tx[None]:
    """Store an incident, with its next timer and what to add to its timeline."""
    yield from incident_rows.save(incident, incidents.due_at(incident, tree.reopen_within))
    yield from incident_rows.note(incident.number, entries)
    if incident.state is IncidentState.CLOSED and incident.keys:
        yield from incident_rows.forget_keys(incident.number)


def keep_all(followed: Sequence[Followed], tree: Routes) -> Tx[None]:
    """Store what happened to many incidents, none of which was closed by it."""
    after = [each.incident for each in followed]
    yield from incident_rows.save_all([(each, incidents.due_at(each, tree.reopen_within)) for each in after])
    yield from incident_rows.note_all(
        [(each.incident.number, entry) for each in followed for entry in each.entries]
    )


def close(incident: Incident, tree: Routes, now: datetime) -> Tx[None]:
    """End a resolved incident whose time to be reopened is over."""
    yield from keep(incidents.close(incident, now), tree)
