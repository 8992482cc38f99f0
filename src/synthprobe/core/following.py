"""What alerts do to their incident: it opens, is joined, raised, held, resolved, reopened, merged.

Beside what happened, each change leaves news: what people who were paged for it have not been told yet. The router
tells them when the incident's timer, which news make due at once, is over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from synthprobe.core.alerts import PAUSED, Alert, AlertState, Change
from synthprobe.core.annotations import headline
from synthprobe.core.escalation import begin
from synthprobe.core.incident_keys import is_of_target, key_of, problem_of
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
    regions_of,
    scope_of,
)
from synthprobe.core.labels import Labels, severity_rank


def open_incident(
    alert: Alert,
    *,
    number: int,
    uid: str,
    rule: ScopeRule,
    now: datetime,
    group: Labels | None = None,
    muted: Muted = Muted.NOT,
) -> Followed:
    """A new incident for an alert that began to fire and belongs to no open one; `group`: the labels of its group."""
    members = (member_of(alert, muted=muted),)
    incident = Incident(
        number=number,
        uid=uid,
        key=key_of(alert, rule, group),
        problem=problem_of(alert, rule, group),
        title=_title(alert, members),
        state=IncidentState.TRIGGERED,
        scope=scope_of(members, rule),
        severity=alert.severity,
        opened_at=now,
        first_failed_at=alert.first_failed_at,
        updated_at=now,
        members=members,
    )
    entries = (
        TimelineEntry(alert.first_failed_at, "first_failed", _beginning(alert)),
        TimelineEntry(
            now, IncidentChange.OPENED, f"Opened: {incident.title}", run_id=alert.last_result or None
        ),
    )
    return Followed(incident, IncidentChange.OPENED, entries)


def follow(
    incident: Incident,
    alert: Alert,
    change: Change,
    *,
    rule: ScopeRule,
    now: datetime,
    muted: Muted = Muted.NOT,
    reopen_within: timedelta = timedelta(minutes=10),
) -> Followed:
    """What a later change of an alert that belongs to this incident does to it."""
    match change:
        case Change.FIRED:
            return _fired(incident, member_of(alert, muted=muted), alert, rule, now)
        case Change.SEVERITY | Change.UPDATED:
            return _moved(incident, member_of(alert, muted=muted), alert, change, rule, now)
        case Change.RESOLVED | Change.WITHDRAWN:
            return _ended(incident, alert, change, reopen_within, now)
        case Change.NONE | Change.PENDING | Change.WITHHELD | Change.CLOSED:
            return Followed(incident, IncidentChange.NONE)


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


def _fired(incident: Incident, member: Member, alert: Alert, rule: ScopeRule, now: datetime) -> Followed:
    over = not incident.state.is_open
    known = any(each.fingerprint == member.fingerprint for each in incident.members)
    change = IncidentChange.REOPENED if over else IncidentChange.UPDATED if known else IncidentChange.JOINED
    summary = summary_of(alert)
    title = incident.title
    after = _with(incident, member, now)
    words = {
        IncidentChange.REOPENED: "Fails again",
        IncidentChange.UPDATED: "Fires again",
        IncidentChange.JOINED: "Joined",
    }
    if over:
        # A problem that comes back is as grave as what fires now, and fails where that does; scope never goes back.
        after = replace(_reopened(after, now), severity=alert.severity, title=_title(alert, after.members))
        title = after.title
    elif incident.held_until:
        after = replace(after, held_until=None, reopened=incident.reopened + 1)
    elif unseen(incident, member):
        after = with_news(after, News.UNSEEN)
    elif not known and member.counts:
        after = with_news(after, News.JOINED)
    entry = TimelineEntry(now, change, f"{words[change]}: {summary}", run_id=alert.last_result or None)
    return raised(Followed(after, change, (entry,)), title, rule, now, alert)


def _reopened(incident: Incident, now: datetime) -> Incident:
    """Who paged for it before pages again, from level one, and at once: a group may look at it only minutes later."""
    before = incident.escalation
    return replace(
        incident,
        state=IncidentState.TRIGGERED,
        resolved_at=None,
        closed_at=None,
        reopened=incident.reopened + 1,
        escalation=begin(before.team, before.policy, now) if before else None,
        lease=None,
        news=(),
    )


def _moved(
    incident: Incident, after: Member, alert: Alert, change: Change, rule: ScopeRule, now: datetime
) -> Followed:
    before = next((member for member in incident.members if member.fingerprint == alert.fingerprint), None)
    if before == after:
        return Followed(incident, IncidentChange.NONE)
    summary = summary_of(alert)
    text = (
        f"{alert.check or _named(alert)} is now {alert.severity}: {summary}"
        if change is Change.SEVERITY
        else f"Fails otherwise: {summary}"
    )
    entry = TimelineEntry(now, IncidentChange.UPDATED, text, run_id=alert.last_result or None)
    moved = _with(incident, after, now)
    if unseen(incident, after):
        moved = with_news(moved, News.UNSEEN)
    return raised(Followed(moved, IncidentChange.UPDATED, (entry,)), incident.title, rule, now, alert)


def unseen(incident: Incident, member: Member) -> bool:
    """Whether whoever has the incident has not seen this when they took it."""
    return incident.lease is not None and member.counts and member.thing not in incident.lease.covers


def _ended(
    incident: Incident, alert: Alert, change: Change, reopen_within: timedelta, now: datetime
) -> Followed:
    entry = TimelineEntry(
        now, "withdrawn" if change is Change.WITHDRAWN else "recovered", ending_of(alert, change)
    )
    after = _with(incident, member_of(alert, muted=Muted.NOT), now)
    if incident.state is IncidentState.CLOSED or after.firing:
        return Followed(after, IncidentChange.UPDATED, (entry,))
    if incident.state is IncidentState.RESOLVED:
        return Followed(after, IncidentChange.NONE)
    if incident.reopened:
        held = replace(after, held_until=now + reopen_within)
        text = f"Flapping, held: resolved when it stays so until {now + reopen_within:%H:%M:%S} UTC"
        return Followed(held, IncidentChange.HELD, (entry, TimelineEntry(now, IncidentChange.HELD, text)))
    ending = TimelineEntry(now, IncidentChange.RESOLVED, "Resolved: nothing fires any more")
    return Followed(resolved(after, now), IncidentChange.RESOLVED, (entry, ending))


def raised(
    followed: Followed, title: str, rule: ScopeRule, now: datetime, alert: Alert | None = None
) -> Followed:
    """What the alerts that count make of severity and scope: both only go up."""
    incident = followed.incident
    texts: list[str] = []
    counting = [member for member in incident.members if member.weighs]
    severity = max((member.severity for member in counting), key=severity_rank, default=incident.severity)
    if severity_rank(severity) > severity_rank(incident.severity):
        texts.append(f"Raised from {incident.severity} to {severity}")
        incident = with_news(replace(incident, severity=severity), News.SEVERITY)
    if incident.scope is Scope.LOCAL and scope_of(incident.members, rule) is Scope.GLOBAL:
        title = _title(alert, incident.members) if alert else title
        incident = with_news(replace(incident, scope=Scope.GLOBAL, title=title), News.SCOPE)
        texts.append(f"Raised to global: {incident.title}")
    if not texts:
        return Followed(incident, followed.change, followed.entries)
    kept = followed.change in (IncidentChange.REOPENED, IncidentChange.MERGED)
    entries = tuple(TimelineEntry(now, IncidentChange.RAISED, text) for text in texts)
    change = followed.change if kept else IncidentChange.RAISED
    return Followed(incident, change, followed.entries + entries)


def _with(incident: Incident, after: Member, now: datetime) -> Incident:
    members = tuple(
        after if member.fingerprint == after.fingerprint else member for member in incident.members
    )
    return replace(incident, members=members if after in members else (*members, after), updated_at=now)


def summary_of(alert: Alert) -> str:
    """What an alert says in a sentence, or else what it is."""
    return alert.annotations.get("summary") or alert.check or _named(alert)


def member_of(alert: Alert, *, muted: Muted) -> Member:
    """An alert as its incident sees it."""
    return Member(
        fingerprint=alert.fingerprint,
        region=alert.labels.get("region", ""),
        severity=alert.severity,
        firing=alert.state is AlertState.FIRING,
        check=alert.check,
        signature=alert.signature,
        muted=muted is not Muted.NOT,
        watched=muted is Muted.HERE,
    )


def _title(alert: Alert, members: tuple[Member, ...]) -> str:
    firing = tuple(member for member in members if member.firing)
    return headline(alert.labels, alert.annotations, regions_of(firing))


def _beginning(alert: Alert) -> str:
    return f"First failed run of {alert.check}" if is_of_target(alert) else f"{_named(alert)} began"


def ending_of(alert: Alert, change: Change) -> str:
    """How the end of an alert is told."""
    if change is Change.WITHDRAWN:
        paused = alert.annotations.get(PAUSED)
        return f"{alert.check} was {f'paused ({paused})' if paused else 'withdrawn'}: not proven healthy"
    return f"{alert.check} passes again" if is_of_target(alert) else f"{_named(alert)} is over"


def _named(alert: Alert) -> str:
    """An alert that is not a target's, by its name and where it is: `RegionUnwell emea`."""
    names = ("region", "agent", "instance") if alert.outside else ("region", "agent")
    where = alert.check or next((alert.labels[name] for name in names if alert.labels.get(name)), "")
    return f"{alert.labels.get('alertname', 'Alert')} {where}".rstrip()
