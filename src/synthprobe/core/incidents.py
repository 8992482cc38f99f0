"""One problem: the alerts that belong together, from the first failed run to closed.

    triggered ──acknowledge──▶ acknowledged        (people; a later release)
    triggered ──last alert resolved──▶ resolved ──reopen_within over──▶ closed
    resolved  ──fails again within reopen_within──▶ triggered (reopened)

One number across all routes and receivers; scope is local in one region, global from `global_at.regions` on, and
never goes back within an incident.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.alerts import PROBE_FAILED, Alert, AlertState, Change
from synthprobe.core.annotations import headline
from synthprobe.core.labels import severity_rank


class IncidentState(StrEnum):
    """Where an incident is in its life."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Scope(StrEnum):
    """Whether one region or several are concerned."""

    LOCAL = "local"
    GLOBAL = "global"


class Member(Struct, frozen=True, omit_defaults=True):
    """An alert of an incident as the incident sees it."""

    fingerprint: str
    region: str
    severity: str
    firing: bool
    check: str = ""
    signature: str = ""


class Incident(Struct, frozen=True, omit_defaults=True):
    """One problem, across all routes and receivers."""

    number: int
    uid: str
    """Stable identity for the outside."""
    key: str
    """What makes alerts one problem: `probe=card` for `scope.by: [probe]`."""
    title: str
    state: IncidentState
    scope: Scope
    severity: str
    opened_at: datetime
    first_failed_at: datetime
    updated_at: datetime
    members: tuple[Member, ...] = ()
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    version: int = 1


class ScopeRule(Struct, frozen=True):
    """`scope` of routes.yaml: which labels make alerts one problem, and from how many regions on it is global."""

    by: tuple[str, ...] = ("probe",)
    global_regions: int = 2


class TimelineEntry(Struct, frozen=True, omit_defaults=True):
    """One thing that happened to an incident; `what` is a closed word, `text` a sentence for people."""

    at: datetime
    what: str
    text: str
    by: str | None = None
    run_id: str | None = None


class IncidentChange(StrEnum):
    """What an alert's change did to its incident; the same word on the timeline and in metrics."""

    OPENED = "opened"
    JOINED = "joined"
    """Another check fires for the same problem."""
    RAISED = "raised"
    """Severity or scope went up."""
    REOPENED = "reopened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    CLOSED = "closed"
    NONE = "none"


class Followed(Struct, frozen=True):
    """An incident after something happened, and what to write on its timeline."""

    incident: Incident
    change: IncidentChange
    entries: tuple[TimelineEntry, ...] = ()


def key_of(alert: Alert, rule: ScopeRule) -> str:
    """What makes this alert's problem that problem: the values of the `scope.by` labels, `probe=card`.

    An alert that is not a check's about its target has its name before them, so that it joins no target's incident.
    """
    names = rule.by if _is_of_target(alert) else ("alertname", *rule.by)
    return ",".join(f"{name}={_escaped(alert.full_labels.get(name, ''))}" for name in names)


def open_incident(alert: Alert, *, number: int, uid: str, rule: ScopeRule, now: datetime) -> Followed:
    """A new incident for an alert that began to fire and belongs to no open one."""
    members = (_member(alert),)
    incident = Incident(
        number=number,
        uid=uid,
        key=key_of(alert, rule),
        title=_title(alert, members),
        state=IncidentState.TRIGGERED,
        scope=_scope(members, rule),
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


def follow(incident: Incident, alert: Alert, change: Change, *, rule: ScopeRule, now: datetime) -> Followed:
    """What a later change of an alert that belongs to this incident does to it."""
    match change:
        case Change.FIRED:
            return _fired(incident, alert, rule, now)
        case Change.SEVERITY | Change.UPDATED:
            return _moved(incident, alert, change, rule, now)
        case Change.RESOLVED | Change.WITHDRAWN:
            return _ended(incident, alert, change, now)
        case Change.NONE | Change.PENDING | Change.CLOSED:
            return Followed(incident, IncidentChange.NONE)


def failing_regions(incident: Incident) -> tuple[str, ...]:
    """The regions it fails in now, in the order in which they began."""
    return _regions(incident.members)


def due_at(incident: Incident, reopen_within: timedelta) -> datetime | None:
    """When a resolved incident closes; None while there is nothing to wait for."""
    if incident.state is not IncidentState.RESOLVED or incident.resolved_at is None:
        return None
    return incident.resolved_at + reopen_within


def close(incident: Incident, now: datetime) -> Followed:
    """End a resolved incident for good: what fails from now on is a new one."""
    if incident.state is not IncidentState.RESOLVED:
        return Followed(incident, IncidentChange.NONE)
    closed = replace(incident, state=IncidentState.CLOSED, closed_at=now, updated_at=now)
    return Followed(closed, IncidentChange.CLOSED, (TimelineEntry(now, IncidentChange.CLOSED, "Closed"),))


def _fired(incident: Incident, alert: Alert, rule: ScopeRule, now: datetime) -> Followed:
    over = incident.state in (IncidentState.RESOLVED, IncidentState.CLOSED)
    known = any(member.fingerprint == alert.fingerprint for member in incident.members)
    change = IncidentChange.REOPENED if over else IncidentChange.UPDATED if known else IncidentChange.JOINED
    summary = alert.annotations.get("summary", alert.check)
    if over:
        # A problem that comes back is as grave as what fires now, and fails where that does; scope never goes back.
        incident = replace(
            incident,
            title=_title(alert, _with(incident, alert, now).members),
            state=IncidentState.TRIGGERED,
            severity=alert.severity,
            resolved_at=None,
            closed_at=None,
            reopened=incident.reopened + 1,
        )
    words = {
        IncidentChange.REOPENED: "Fails again",
        IncidentChange.UPDATED: "Fires again",
        IncidentChange.JOINED: "Joined",
    }
    entry = TimelineEntry(now, change, f"{words[change]}: {summary}", run_id=alert.last_result or None)
    return _raised(Followed(_with(incident, alert, now), change, (entry,)), alert, rule, now)


def _moved(incident: Incident, alert: Alert, change: Change, rule: ScopeRule, now: datetime) -> Followed:
    before = next((member for member in incident.members if member.fingerprint == alert.fingerprint), None)
    after = _member(alert)
    if before == after:
        return Followed(incident, IncidentChange.NONE)
    summary = alert.annotations.get("summary", alert.check)
    text = (
        f"{alert.check} is now {alert.severity}: {summary}"
        if change is Change.SEVERITY
        else f"Fails otherwise: {summary}"
    )
    entry = TimelineEntry(now, IncidentChange.UPDATED, text, run_id=alert.last_result or None)
    followed = Followed(_with(incident, alert, now), IncidentChange.UPDATED, (entry,))
    return _raised(followed, alert, rule, now)


def _ended(incident: Incident, alert: Alert, change: Change, now: datetime) -> Followed:
    text = _ending(alert, change)
    entry = TimelineEntry(now, "withdrawn" if change is Change.WITHDRAWN else "recovered", text)
    incident = _with(incident, alert, now)
    if incident.state is IncidentState.CLOSED or any(member.firing for member in incident.members):
        return Followed(incident, IncidentChange.UPDATED, (entry,))
    if incident.state is IncidentState.RESOLVED:
        return Followed(incident, IncidentChange.NONE)
    resolved = replace(incident, state=IncidentState.RESOLVED, resolved_at=now)
    ending = TimelineEntry(now, IncidentChange.RESOLVED, "Resolved: nothing fires any more")
    return Followed(resolved, IncidentChange.RESOLVED, (entry, ending))


def _raised(followed: Followed, alert: Alert, rule: ScopeRule, now: datetime) -> Followed:
    incident = followed.incident
    texts = []
    severity = max((member.severity for member in incident.members if member.firing), key=severity_rank)
    if severity_rank(severity) > severity_rank(incident.severity):
        texts.append(f"Raised from {incident.severity} to {severity}")
        incident = replace(incident, severity=severity)
    if incident.scope is Scope.LOCAL and _scope(incident.members, rule) is Scope.GLOBAL:
        incident = replace(incident, scope=Scope.GLOBAL, title=_title(alert, incident.members))
        texts.append(f"Raised to global: {incident.title}")
    if not texts:
        return followed
    reopened = followed.change is IncidentChange.REOPENED
    entries = tuple(TimelineEntry(now, IncidentChange.RAISED, text) for text in texts)
    change = IncidentChange.REOPENED if reopened else IncidentChange.RAISED
    return Followed(incident, change, followed.entries + entries)


def _with(incident: Incident, alert: Alert, now: datetime) -> Incident:
    after = _member(alert)
    members = tuple(
        after if member.fingerprint == after.fingerprint else member for member in incident.members
    )
    return replace(incident, members=members if after in members else (*members, after), updated_at=now)


def _member(alert: Alert) -> Member:
    return Member(
        fingerprint=alert.fingerprint,
        region=alert.labels.get("region", ""),
        severity=alert.severity,
        firing=alert.state is AlertState.FIRING,
        check=alert.check,
        signature=alert.signature,
    )


def _scope(members: tuple[Member, ...], rule: ScopeRule) -> Scope:
    return Scope.GLOBAL if len(_regions(members)) >= rule.global_regions else Scope.LOCAL


def _regions(members: tuple[Member, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(member.region for member in members if member.firing and member.region))


def _title(alert: Alert, members: tuple[Member, ...]) -> str:
    return headline(alert.labels, alert.annotations, _regions(members))


def _is_of_target(alert: Alert) -> bool:
    return alert.labels.get("alertname") == PROBE_FAILED


def _beginning(alert: Alert) -> str:
    return f"First failed run of {alert.check}" if _is_of_target(alert) else f"{_named(alert)} began"


def _ending(alert: Alert, change: Change) -> str:
    if change is Change.WITHDRAWN:
        return f"{alert.check} was withdrawn: not proven healthy"
    return f"{alert.check} passes again" if _is_of_target(alert) else f"{_named(alert)} is over"


def _named(alert: Alert) -> str:
    """An alert that is not a target's, by its name and where it is: `RegionUnwell emea`."""
    where = alert.check or alert.labels.get("region") or alert.labels.get("agent", "")
    return f"{alert.labels.get('alertname', 'Alert')} {where}".rstrip()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,")
