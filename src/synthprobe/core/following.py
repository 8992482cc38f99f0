"""What alerts do to their incident: it opens, is joined, raised, held, resolved, reopened, merged.

Beside what happened, each change leaves news: what people who were paged for it have not been told yet. The router
tells them when the incident's timer, which news make due at once, is over.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from synthprobe.core.alerts import Alert, AlertState, Change
from synthprobe.core.escalation import begin
from synthprobe.core.incident_changes import raised, resolved, unseen, with_news
from synthprobe.core.incident_keys import key_of, problem_of
from synthprobe.core.incident_words import beginning_of, ending_of, name_of, summary_of, title_of
from synthprobe.core.incidents import (
    Followed,
    Incident,
    IncidentChange,
    IncidentState,
    Member,
    Muted,
    News,
    ScopeRule,
    TimelineEntry,
    scope_of,
)
from synthprobe.core.labels import Labels


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
        title=title_of(alert, members),
        state=IncidentState.TRIGGERED,
        scope=scope_of(members, rule),
        severity=alert.severity,
        opened_at=now,
        first_failed_at=alert.first_failed_at,
        updated_at=now,
        members=members,
    )
    entries = (
        TimelineEntry(alert.first_failed_at, "first_failed", beginning_of(alert)),
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
        after = replace(_reopened(after, now), severity=alert.severity, title=title_of(alert, after.members))
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
        f"{alert.check or name_of(alert)} is now {alert.severity}: {summary}"
        if change is Change.SEVERITY
        else f"Fails otherwise: {summary}"
    )
    entry = TimelineEntry(now, IncidentChange.UPDATED, text, run_id=alert.last_result or None)
    moved = _with(incident, after, now)
    if unseen(incident, after):
        moved = with_news(moved, News.UNSEEN)
    return raised(Followed(moved, IncidentChange.UPDATED, (entry,)), incident.title, rule, now, alert)


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


def _with(incident: Incident, after: Member, now: datetime) -> Incident:
    members = tuple(
        after if member.fingerprint == after.fingerprint else member for member in incident.members
    )
    return replace(incident, members=members if after in members else (*members, after), updated_at=now)


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
