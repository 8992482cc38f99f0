"""What holds alerts back: silences (a person), inhibition (another alert) and mute intervals (the calendar).

Mutes hold back that something fires, never that it ended.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.incidents import Incident
from synthprobe.core.inhibitions import InhibitRule, Source, inhibiting
from synthprobe.core.intervals import NamedInterval, active, next_change
from synthprobe.core.labels import Labels
from synthprobe.core.routes import Route
from synthprobe.core.silences import Silence, silencing


class MuteKind(StrEnum):
    """What holds an alert back."""

    SILENCE = "silence"
    INHIBITION = "inhibition"
    MUTE_INTERVAL = "mute_interval"
    ACTIVE_INTERVAL = "active_interval"
    """None of the route's `active_time_intervals` is active."""


class Mute(Struct, frozen=True):
    """One thing that holds an alert back; `until` is None where nobody knows its end yet."""

    kind: MuteKind
    name: str
    """Of a silence its comment, of the others what routes.yaml calls them."""
    until: datetime | None
    source: str = ""
    """A silence's id, or the fingerprint of the alert that inhibits."""

    def __str__(self) -> str:
        return f"{_WORDS[self.kind]} {self.name}"


class InForce(Struct, frozen=True):
    """Whatever may hold alerts back at an instant, beside the calendar of a route."""

    silences: tuple[Silence, ...] = ()
    rules: tuple[InhibitRule, ...] = ()
    sources: tuple[Source, ...] = ()
    """Firing alerts that a rule may have as its source."""


def muted_by(
    labels: Labels, route: Route, in_force: InForce, at: datetime, *, incident: Incident | None = None
) -> tuple[Mute, ...]:
    """Everything that holds back a firing alert with these labels, and of this incident, on this route."""
    return (*of_route(route, at), *of_alert(labels, in_force, at, incident=incident))


def of_alert(
    labels: Labels, in_force: InForce, at: datetime, *, incident: Incident | None = None
) -> tuple[Mute, ...]:
    """The silences and inhibitions of an alert: they hold it back on every route."""
    if not in_force.silences and not in_force.rules:
        return ()
    silences = silencing(in_force.silences, labels, incident, at)
    inhibited = inhibiting(in_force.rules, in_force.sources, labels)
    return (
        *(Mute(MuteKind.SILENCE, s.comment or s.id, s.ends_at, s.id) for s in silences),
        *(Mute(MuteKind.INHIBITION, i.rule.name, None, i.source.fingerprint) for i in inhibited),
    )


def of_route(route: Route, at: datetime) -> tuple[Mute, ...]:
    """The mute intervals of a route that hold back everything on it; a child route has none of its parent's."""
    muting = (
        Mute(MuteKind.MUTE_INTERVAL, named.name, next_change(named.intervals, at))
        for named in route.mute_time_intervals
        if active(named.intervals, at)
    )
    return (*muting, *_inactive(route.active_time_intervals, at))


def muted_until(mutes: Iterable[Mute]) -> datetime | None:
    """When the first of these may end: the instant to look again; None while that cannot be known."""
    return min((mute.until for mute in mutes if mute.until is not None), default=None)


_WORDS = {
    MuteKind.SILENCE: "silence",
    MuteKind.INHIBITION: "inhibition",
    MuteKind.MUTE_INTERVAL: "interval",
    MuteKind.ACTIVE_INTERVAL: "outside",
}


def _inactive(named: tuple[NamedInterval, ...], at: datetime) -> tuple[Mute, ...]:
    intervals = tuple(interval for each in named for interval in each.intervals)
    if not named or active(intervals, at):
        return ()
    names = ", ".join(each.name for each in named)
    return (Mute(MuteKind.ACTIVE_INTERVAL, names, next_change(intervals, at)),)
