"""Incidents of one problem that fails in several regions go on as one, under the oldest's number."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.alerts import Alert
from synthprobe.core.incident_changes import raised
from synthprobe.core.incidents import (
    Followed,
    Incident,
    IncidentChange,
    IncidentState,
    Scope,
    ScopeRule,
    TimelineEntry,
    scope_of,
)


def concerned(incidents: Sequence[Incident], rule: ScopeRule) -> tuple[Incident, ...]:
    """Those of a problem's incidents, oldest first, that must go on as one; none while it is not global."""
    members = tuple(member for incident in incidents for member in incident.members)
    if len(incidents) < 2 or scope_of(members, rule) is not Scope.GLOBAL:
        return ()
    return tuple(sorted(incidents, key=lambda incident: incident.number))


def merge(
    oldest: Incident, others: Sequence[Incident], *, alert: Alert, rule: ScopeRule, now: datetime
) -> Followed:
    """One incident of several of the same problem: the oldest keeps number, keys and acknowledgement."""
    members = {member.fingerprint: member for each in (oldest, *others) for member in each.members}
    numbers = ", ".join(f"#{each.number}" for each in others)
    entry = TimelineEntry(now, IncidentChange.MERGED, f"Took in {numbers}: one problem in several regions")
    escalation = oldest.escalation or next((each.escalation for each in others if each.escalation), None)
    merged = replace(
        oldest,
        members=tuple(members.values()),
        keys=(*oldest.keys, *(key for each in others for key in (each.key, *each.keys))),
        first_failed_at=min(each.first_failed_at for each in (oldest, *others)),
        reopened=max(each.reopened for each in (oldest, *others)),
        escalation=escalation,
        paged=tuple(dict.fromkeys(name for each in (oldest, *others) for name in each.paged)),
        rung=tuple(dict.fromkeys(name for each in (oldest, *others) for name in each.rung)),
        held_until=None,
        updated_at=now,
    )
    if oldest.state is IncidentState.RESOLVED:
        merged = replace(merged, state=IncidentState.TRIGGERED, resolved_at=None, news=())
    return raised(Followed(merged, IncidentChange.MERGED, (entry,)), oldest.title, rule, now, alert)


def merged_away(incident: Incident, into: int, now: datetime) -> Followed:
    """An incident that goes on under an older number; nobody is told that it is over, since it is not."""
    entry = TimelineEntry(now, IncidentChange.MERGED, f"Goes on as #{into}: one problem in several regions")
    gone = replace(
        incident,
        state=IncidentState.CLOSED,
        merged_into=into,
        closed_at=now,
        updated_at=now,
        escalation=None,
        lease=None,
        held_until=None,
        news=(),
    )
    return Followed(gone, IncidentChange.MERGED, (entry,))
