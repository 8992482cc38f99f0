"""Alerts notified together: when a group is flushed, and whether and why a receiver hears of it.

Alertmanager's grouping clock (dispatch.go) and dedup decision (notify.go), plus our promise: who was told `firing`
is told `resolved`.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.labels import Labels, quoted, severity_rank
from synthprobe.core.routes import ALL_LABELS, Route, repeat_effective


class Reason(StrEnum):
    """Why a receiver was, or was not, notified; the same word in the UI, the metric and the test table."""

    FIRST = "first"
    NEW_ALERTS = "new_alerts"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    REPEAT = "repeat"
    RAISED = "raised"
    REOPENED = "reopened"
    UNCHANGED = "unchanged"
    SILENCED = "silenced"
    """What fires is held back by a person."""
    INHIBITED = "inhibited"
    """What fires is held back by another alert."""
    MUTED = "muted"
    """What fires is held back by the calendar."""
    NEVER_TOLD = "never_told"
    """Everything resolved before anybody had heard of it."""
    RESOLVED_UNWANTED = "resolved_unwanted"
    """Everything resolved; the receiver does not want to hear of it, but what it was told must be forgotten."""

    @property
    def sends(self) -> bool:
        """Whether this reason is one to send for."""
        return self not in _SILENT

    @property
    def holds_back(self) -> bool:
        """Whether it is a mute: what fires would have been told."""
        return self in (Reason.SILENCED, Reason.INHIBITED, Reason.MUTED)

    @property
    def is_of_firing(self) -> bool:
        """Whether it tells that something fires: due the moment a mute ends, while all else waits for its tick."""
        return self in (Reason.FIRST, Reason.NEW_ALERTS, Reason.RAISED, Reason.REOPENED)


_SILENT = frozenset(
    {
        Reason.UNCHANGED,
        Reason.SILENCED,
        Reason.INHIBITED,
        Reason.MUTED,
        Reason.NEVER_TOLD,
        Reason.RESOLVED_UNWANTED,
    }
)


class Group(Struct, frozen=True, omit_defaults=True):
    """Alerts of one route that share the values of its `group_by`; the route's options travel with it."""

    key: str
    """Alertmanager's group key: `{}/{severity="critical"}:{alertname="ProbeFailed"}`, unique per route."""
    route: str
    """The route's path."""
    receiver: str
    labels: Labels
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    next_flush_at: datetime | None
    """Its next tick; None when it holds nothing: no timer."""
    flushed: bool = False
    """Whether it has been flushed since it last held nothing."""
    muted_by: str = ""
    """What held something of it back at the last look."""
    mute_ends_at: datetime | None = None
    """When that may end: it is looked at then, between its ticks."""
    version: int = 1

    @property
    def due_at(self) -> datetime | None:
        """Its timer: the next tick, or the end of a mute before that."""
        return min((at for at in (self.next_flush_at, self.mute_ends_at) if at), default=None)

    @property
    def id(self) -> str:
        """What is told apart in the store: who hears of it too, so that another receiver on the route starts afresh."""
        return f"{self.key}@{self.receiver}"


class Told(Struct, frozen=True, omit_defaults=True):
    """What one integration of a receiver last heard about a group (Alertmanager's nflog entry)."""

    firing: frozenset[str]
    """Fingerprints."""
    resolved: frozenset[str]
    at: datetime
    severity: str = ""
    seq: int = 0
    """Of the last message; the next is one more."""
    incidents: frozenset[int] = frozenset()
    """Numbers of those that fired."""


def belongs(labels: Labels, group: Group, route: Route) -> bool:
    """Whether an alert with these labels, on this route, is in this group: `place` without making one."""
    here = route.receiver == group.receiver and group.key.startswith(f"{route.key or route.path}:{{")
    return here and _shared(route, labels) == group.labels


def place(route: Route, labels: Labels) -> Group:
    """The group of a route that an alert with these labels belongs to, fresh and without a timer."""
    shared = _shared(route, labels)
    listed = ", ".join(f"{name}={quoted(value)}" for name, value in shared.items())
    return Group(
        key=f"{route.key or route.path}:{{{listed}}}",
        route=route.path,
        receiver=route.receiver,
        labels=shared,
        group_wait=route.group_wait,
        group_interval=route.group_interval,
        repeat_interval=route.repeat_interval,
        next_flush_at=None,
    )


def carried(fresh: Group, known: Group | None) -> Group:
    """A group as the routes make it now, with the timers of the one that is known."""
    if known is None:
        return fresh
    return replace(
        fresh,
        next_flush_at=known.next_flush_at,
        flushed=known.flushed,
        muted_by=known.muted_by,
        mute_ends_at=known.mute_ends_at,
    )


def arm(group: Group, alert_starts_at: datetime, now: datetime) -> Group:
    """Set the timer for an alert that joins: `group_wait` after it fired, at once when that is past.

    A group that has been flushed, or that is due earlier, keeps its timer.
    """
    due = max(now, min(alert_starts_at, now) + group.group_wait)
    if group.next_flush_at is None:
        return replace(group, next_flush_at=due)
    if group.flushed or due > now:
        return group
    # Alertmanager resets a waiting group for an alert whose own group_wait is over: it has waited somewhere else.
    return replace(group, next_flush_at=min(group.next_flush_at, now))


def decide(
    told: Told | None,
    *,
    firing: frozenset[str],
    resolved: frozenset[str],
    severity: str,
    reopened: bool,
    repeat_interval: timedelta,
    send_resolved: bool,
    now: datetime,
) -> Reason:
    """Whether and why one integration hears of its group now.

    `firing` and `resolved` are the fingerprints the group holds, `severity` is the gravest that fires, `reopened`
    whether an incident of theirs was reopened since. Strictly older than `repeat_interval` is repeated; pass
    `repeat_age(group)`, so that a timer a moment early or late changes nothing.
    """
    if not firing:
        return _ended(told, resolved, wanted=send_resolved)
    if told is None:
        return Reason.FIRST
    graver = bool(told.firing) and severity_rank(severity) > severity_rank(told.severity)
    if not firing <= told.firing:
        return _more(told, reopened=reopened, graver=graver)
    if graver:
        return Reason.RAISED
    if send_resolved and resolved & told.firing:
        return Reason.SOME_RESOLVED
    return Reason.REPEAT if told.at < now - repeat_interval else Reason.UNCHANGED


def repeat_age(group: Group) -> timedelta:
    """The age from which what was told is repeated: half a tick before the effective `repeat_interval`."""
    return repeat_effective(group) - group.group_interval / 2


def astray(group: Group, now: datetime) -> bool:
    """Whether its timer is further off than any it could have set: the clock was set back since."""
    longest = group.group_interval if group.flushed else group.group_wait
    return group.next_flush_at is not None and group.next_flush_at > now + longest


def ticks(group: Group, now: datetime) -> bool:
    """Whether it is looked at because of a tick, rather than of a mute that ends before."""
    return group.next_flush_at is not None and group.next_flush_at <= now


def after_flush(group: Group, *, holds_firing: bool, now: datetime) -> Group:
    """The group after a flush: its next tick is one `group_interval` on, or none when it holds nothing any more.

    Ticks keep their rhythm: those already past are skipped, never caught up with; a look between two moves none.
    """
    if group.next_flush_at is not None and group.next_flush_at > now:
        return group
    if not holds_firing:
        return replace(group, next_flush_at=None, flushed=False, muted_by="", mute_ends_at=None)
    tick = group.next_flush_at or now
    passed = max(0, (now - tick) // group.group_interval)
    return replace(group, next_flush_at=tick + (passed + 1) * group.group_interval, flushed=True)


def heard(
    told: Told | None, *, firing: frozenset[str], resolved: frozenset[str], severity: str, now: datetime
) -> Told:
    """What an integration knows after it was told this."""
    return Told(
        firing=firing, resolved=resolved, at=now, severity=severity, seq=(told.seq if told else 0) + 1
    )


def _ended(told: Told | None, resolved: frozenset[str], *, wanted: bool) -> Reason:
    if told and told.firing:
        return Reason.ALL_RESOLVED if wanted else Reason.RESOLVED_UNWANTED
    return Reason.UNCHANGED if told and resolved <= told.resolved else Reason.NEVER_TOLD


def _more(told: Told, *, reopened: bool, graver: bool) -> Reason:
    if reopened:
        return Reason.REOPENED
    if graver:
        return Reason.RAISED
    return Reason.NEW_ALERTS if told.firing else Reason.FIRST


def _shared(route: Route, labels: Labels) -> Labels:
    names = labels if ALL_LABELS in route.group_by else {*route.group_by}
    return {name: labels[name] for name in sorted(names) if labels.get(name)}
