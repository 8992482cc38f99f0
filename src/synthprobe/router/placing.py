"""Puts an alert into the groups that its routes make of it, and arms their timers."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core import groups, incident_keys, routes
from synthprobe.core.alerts import PROBE_FAILED, Alert, AlertState, Change
from synthprobe.core.following import follow, open_incident
from synthprobe.core.groups import Group
from synthprobe.core.incidents import Followed, Incident, IncidentChange
from synthprobe.core.inhibitions import may_inhibit
from synthprobe.core.labels import Labels, severity_rank
from synthprobe.core.responders import built_in
from synthprobe.core.routes import Route, Routes
from synthprobe.ports import Tx
from synthprobe.router.escalating import escalate
from synthprobe.router.facts import AlertMoved
from synthprobe.router.keeping import close, keep
from synthprobe.router.merging import merged
from synthprobe.router.muting import is_muted, look_again
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import runs as run_rows

NewId = Callable[[], str]
"""A fresh random identity; passed in, so that a simulation can repeat itself."""

_CONCERN_OTHERS = frozenset(
    {Change.FIRED, Change.SEVERITY, Change.UPDATED, Change.RESOLVED, Change.WITHDRAWN}
)


def moved(alert: Alert, change: Change, tree: Routes, new_id: NewId, now: datetime) -> Tx[AlertMoved]:
    """Store an alert that changed; let its incident and its groups follow."""
    if change not in _CONCERN_OTHERS:
        yield from alert_rows.save(alert)
        return AlertMoved(change, alert)
    if change is Change.FIRED or (yield from _is_raise(alert, change)):
        alert = replace(alert, routed_at=now)
    followed = yield from _follow(alert, change, tree, new_id, now)
    alert = replace(alert, incident=followed.incident.number)
    yield from alert_rows.save(alert)
    if followed.change is IncidentChange.RAISED:
        yield from reroute(followed.incident.number, tree, now)
    if followed.change is IncidentChange.RAISED or _ends_inhibition(alert, change, tree):
        yield from look_again(now)
    if change in (Change.FIRED, Change.SEVERITY):
        # What is replayed after an outage may be over already: it waits as long as what fired just now. What comes
        # from outside has waited where it comes from, and says since when.
        since = now if change is Change.FIRED and alert.outside is None else None
        yield from place(alert, tree, now, since=since)
        if own := built_in(alert.full_labels, tree):
            yield from escalate(followed.incident.number, own, tree, now + tree.root.group_wait)
    elif change in (Change.RESOLVED, Change.WITHDRAWN):
        yield from _wake_groups(alert, now)
    return AlertMoved(change, alert, followed.incident)


def place(alert: Alert, tree: Routes, now: datetime, since: datetime | None = None) -> Tx[None]:
    """Hold a firing alert in the group of each route it matches now; an armed timer stays as it is.

    `group_wait` counts from `since`: from when it began to fire unless told otherwise.
    """
    since = since or alert.starts_at or now
    for fresh in groups_of(alert, tree):
        known = yield from group_rows.find(fresh.id)
        group = groups.arm(groups.carried(fresh, known), since, now)
        if group != known:
            yield from group_rows.save(group)
        yield from group_rows.hold(fresh.id, alert.fingerprint)


def reroute(incident: int, tree: Routes, now: datetime) -> Tx[None]:
    """Choose the routes of all that fires for an incident anew: it was raised, or its acknowledgement lapsed."""
    for alert in (yield from alert_rows.of_incident(incident)):
        if alert.state is AlertState.FIRING and alert.routed_at != now:
            moved_on = replace(alert, routed_at=now)
            yield from alert_rows.save(moved_on)
            yield from place(moved_on, tree, now)


def groups_of(alert: Alert, tree: Routes) -> tuple[Group, ...]:
    """The groups an alert belongs to under this tree, fresh."""
    return tuple(group for _, group in placed_by(alert, tree))


def placed_by(alert: Alert, tree: Routes) -> tuple[tuple[Route, Group], ...]:
    """Each route an alert has, with the group it belongs to there, fresh."""
    labels = alert.full_labels
    return tuple((route, groups.place(route, labels)) for route in routed(alert, tree))


def routed(alert: Alert, tree: Routes) -> tuple[Route, ...]:
    """The routes an alert has, as they are chosen: when it was first routed, raised, or nobody had it any more."""
    at = alert.routed_at or alert.starts_at or alert.updated_at
    return routes.match(tree.root, alert.full_labels, at)


def _ends_inhibition(alert: Alert, change: Change, tree: Routes) -> bool:
    over = change in (Change.RESOLVED, Change.WITHDRAWN)
    return over and may_inhibit(tree.inhibit_rules, alert.full_labels)


def _is_raise(alert: Alert, change: Change) -> Tx[bool]:
    if change is not Change.SEVERITY:
        return False
    before = yield from alert_rows.find(alert.fingerprint)
    return before is None or severity_rank(alert.severity) > severity_rank(before.severity)


def _follow(alert: Alert, change: Change, tree: Routes, new_id: NewId, now: datetime) -> Tx[Followed]:
    group = _labels_of_group(alert, tree)
    known = yield from _incident_of(alert, change, tree, group, now)
    muted = yield from is_muted(replace(alert, incident=known.number) if known else alert, tree, now)
    if known is None:
        uid, key = new_id(), incident_keys.key_of(alert, tree.scope, group)
        number = yield from incident_rows.reserve(uid, key, alert, now)
        followed = open_incident(
            alert, number=number, uid=uid, rule=tree.scope, group=group, muted=muted, now=now
        )
    else:
        followed = follow(
            known, alert, change, rule=tree.scope, muted=muted, reopen_within=tree.reopen_within, now=now
        )
    yield from keep(followed, tree)
    if alert.labels.get("alertname") == PROBE_FAILED:
        yield from run_rows.belong(alert.check, alert.first_failed_at, followed.incident.number)
    return (yield from merged(followed, alert, tree, now))


def _labels_of_group(alert: Alert, tree: Routes) -> Labels | None:
    """What an alert that is not a target's shares with those of its problem: the labels of its first group."""
    if incident_keys.is_of_target(alert):
        return None
    return next(iter(groups_of(alert, tree))).labels


def _incident_of(
    alert: Alert, change: Change, tree: Routes, group: Labels | None, now: datetime
) -> Tx[Incident | None]:
    """The incident an alert belongs to; one that has been resolved for too long is closed on the way."""
    if change is not Change.FIRED and alert.incident is not None:
        return (yield from incident_rows.find(alert.incident))
    known = yield from incident_rows.open_by_key(incident_keys.key_of(alert, tree.scope, group))
    due = known.resolved_at + tree.reopen_within if known and known.resolved_at else None
    if known and due and due <= now:
        yield from close(known, tree, now)
        return None
    return known


def _wake_groups(alert: Alert, now: datetime) -> Tx[None]:
    """A group whose alert ended has a timer already, unless something went wrong: then it is due now."""
    for group in (yield from group_rows.holding(alert.fingerprint)):
        if group.next_flush_at is None:
            yield from group_rows.save(groups.arm(group, alert.starts_at or now, now))
