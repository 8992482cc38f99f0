"""How an incident changes, whatever made it: it is raised, resolved, held back or not, and leaves news."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.alerts import Alert
from synthprobe.core.incident_words import title_of
from synthprobe.core.incidents import (
    Followed,
    Incident,
    IncidentChange,
    IncidentState,
    Member,
    Muted,
    News,
    Scope,
    ScopeRule,
    TimelineEntry,
)
from synthprobe.core.labels import severity_rank


def settled(incident: Incident, now: datetime) -> Followed:
    """Resolve an incident that was held because it flaps, once it has been stable for long enough."""
    if incident.held_until is None or incident.held_until > now or incident.firing:
        return Followed(incident, IncidentChange.NONE)
    entry = TimelineEntry(now, IncidentChange.RESOLVED, "Resolved: stable again")
    return Followed(resolved(incident, now), IncidentChange.RESOLVED, (entry,))


def resolved(incident: Incident, now: datetime) -> Incident:
    """The incident as resolved: nobody has it, nothing escalates, and those who were paged will hear of it."""
    return replace(
        incident,
        state=IncidentState.RESOLVED,
        resolved_at=now,
        updated_at=now,
        held_until=None,
        lease=None,
        paused_until=None,
        news=(News.RESOLVED,) if incident.paged or incident.rung else (),
    )


def remuted(incident: Incident, muted: Mapping[str, Muted], *, rule: ScopeRule, now: datetime) -> Followed:
    """The incident after mutes began or ended: what is not held back any more may raise it."""
    before = {member.fingerprint for member in incident.members if member.muted}
    members = tuple(_muted(member, muted.get(member.fingerprint, Muted.NOT)) for member in incident.members)
    if members == incident.members:
        return Followed(incident, IncidentChange.NONE)
    freed = [member for member in members if member.counts and member.fingerprint in before]
    after = replace(incident, members=members, updated_at=now)
    if any(unseen(incident, member) for member in freed):
        after = with_news(after, News.UNSEEN)
    return raised(Followed(after, IncidentChange.UPDATED), incident.title, rule, now)


def _muted(member: Member, muted: Muted) -> Member:
    return replace(member, muted=muted is not Muted.NOT, watched=muted is Muted.HERE)


def with_news(incident: Incident, *news: News) -> Incident:
    """The incident with something to tell those who were paged; nothing where nobody was."""
    if not (incident.paged or incident.lease):
        return incident
    return replace(incident, news=tuple(dict.fromkeys((*incident.news, *news))))


def unseen(incident: Incident, member: Member) -> bool:
    """Whether whoever has the incident has not seen this when they took it."""
    return incident.lease is not None and member.counts and member.thing not in incident.lease.covers


def graver(incident: Incident, severities: Iterable[str]) -> str:
    """The gravest of these, where it is graver than the incident is so far."""
    gravest = max(severities, key=severity_rank, default="")
    return gravest if severity_rank(gravest) > severity_rank(incident.severity) else ""


def wider(incident: Incident, regions: Collection[str], rule: ScopeRule) -> bool:
    """Whether failing in these regions makes a local incident global."""
    return incident.scope is Scope.LOCAL and len(regions) >= rule.global_regions


def raised(
    followed: Followed, title: str, rule: ScopeRule, now: datetime, alert: Alert | None = None
) -> Followed:
    """What the alerts that count make of severity and scope: both only go up."""
    incident = followed.incident
    texts: list[str] = []
    weighing = [member for member in incident.members if member.weighs]
    if severity := graver(incident, dict.fromkeys(member.severity for member in weighing)):
        texts.append(f"Raised from {incident.severity} to {severity}")
        incident = with_news(replace(incident, severity=severity), News.SEVERITY)
    if wider(incident, {member.region for member in weighing if member.region}, rule):
        title = title_of(alert, incident.members) if alert else title
        incident = with_news(replace(incident, scope=Scope.GLOBAL, title=title), News.SCOPE)
        texts.append(f"Raised to global: {incident.title}")
    if not texts:
        return Followed(incident, followed.change, followed.entries)
    kept = followed.change in (IncidentChange.REOPENED, IncidentChange.MERGED)
    entries = tuple(TimelineEntry(now, IncidentChange.RAISED, text) for text in texts)
    change = followed.change if kept else IncidentChange.RAISED
    return Followed(incident, change, followed.entries + entries)
