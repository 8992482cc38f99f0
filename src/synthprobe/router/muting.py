"""What holds alerts back now, by what is stored: for groups at their flush, and for incidents' escalation."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import routes
from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.incident_changes import remuted
from synthprobe.core.incidents import Incident, Muted
from synthprobe.core.labels import Labels
from synthprobe.core.mutes import InForce, Mute, muted_by, of_alert, of_route
from synthprobe.core.mutes import muted_until as first_end
from synthprobe.core.routes import Route, Routes
from synthprobe.core.silences import Silence
from synthprobe.ports import Tx
from synthprobe.router.keeping import keep
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import silences as silence_rows
from synthprobe.stores import withheld as withheld_rows
from synthprobe.stores.in_force import in_force_for

LOOK_AGAIN = timedelta(minutes=1)
"""How soon what is held back is looked at again at the latest where an inhibition may do it: that ends without saying so."""


class HeldBack(Struct, frozen=True):
    """What holds back which alerts of a group, by fingerprint."""

    mutes: Mapping[str, tuple[Mute, ...]] = {}

    @property
    def until(self) -> datetime | None:
        """When to look again."""
        return first_end(mute for mutes in self.mutes.values() for mute in mutes)

    @property
    def names(self) -> str:
        """Everything that holds something back, for people: `silence CHG1, interval night`."""
        found = dict.fromkeys(str(mute) for mutes in self.mutes.values() for mute in mutes)
        return ", ".join(found)


def held_back(
    alerts: Sequence[Alert], route: Route, incidents: Mapping[int, Incident], tree: Routes, now: datetime
) -> Tx[HeldBack]:
    """What holds back these firing alerts on a route."""
    by_calendar = of_route(route, now)
    in_force = yield from in_force_for(alerts, tree, now)
    found: dict[str, tuple[Mute, ...]] = {}
    for alert in alerts:
        incident = incidents.get(alert.incident) if alert.incident is not None else None
        others = of_alert(alert.full_labels, in_force, now, incident=incident)
        if by_calendar or others:
            found[alert.fingerprint] = (*by_calendar, *others)
    return HeldBack(found)


def is_muted(alert: Alert, tree: Routes, now: datetime) -> Tx[Muted]:
    """Whether a firing alert is held back on every route that it has."""
    mutes = yield from _mutes_of(alert, tree, now)
    return muted_as(mutes, (yield from silence_rows.unexpired(now))) if mutes else Muted.NOT


def held_until(alert: Alert, tree: Routes, now: datetime) -> Tx[datetime | None]:
    """When to look again at an alert that is held back on every route; None where it is not."""
    mutes = yield from _mutes_of(alert, tree, now)
    if not mutes:
        return None
    until = first_end(mutes) if all(mute.until for mute in mutes) else None
    return until if until and until > now else now + LOOK_AGAIN


def muted_until(incident: Incident, tree: Routes, now: datetime) -> Tx[datetime | None]:
    """When the first of what holds back an incident's alerts may end; None while that cannot be known."""
    ends: list[Mute] = []
    for alert in (yield from alert_rows.of_incident(incident.number)):
        if alert.state is AlertState.FIRING:
            ends.extend((yield from _mutes_of(alert, tree, now)))
    return first_end(ends)


def look_again(now: datetime) -> Tx[None]:
    """Let all that holds something back, and every open incident, look at it now: a mute ended, or was ended."""
    for group in (yield from group_rows.muted()):
        yield from group_rows.save(replace(group, mute_ends_at=now))
    yield from incident_rows.wake_open(now)
    yield from withheld_rows.look_at_all(now)


def muted_as(mutes: Sequence[Mute], silences: Iterable[Silence]) -> Muted:
    """What these mutes, which hold an alert back on each of its routes, make of it in its incident."""
    if not mutes:
        return Muted.NOT
    here = {silence.id for silence in silences if silence.seen}
    return Muted.HERE if all(mute.source in here for mute in mutes) else Muted.YES


def muted_on_all(
    labels: Labels,
    routed: Iterable[Route],
    in_force: InForce,
    now: datetime,
    *,
    incident: Incident | None = None,
) -> tuple[Mute, ...]:
    """What holds a firing alert back, where it is held back on each of these routes."""
    found = [muted_by(labels, route, in_force, now, incident=incident) for route in routed]
    return tuple(mute for mutes in found for mute in mutes) if all(found) else ()


def _mutes_of(alert: Alert, tree: Routes, now: datetime) -> Tx[tuple[Mute, ...]]:
    """What holds an alert back, where it is held back on each of its routes."""
    in_force = yield from in_force_for((alert,), tree, now)
    incident = None
    if any(silence.seen for silence in in_force.silences) and alert.incident is not None:
        incident = yield from incident_rows.find(alert.incident)
    routed = routes.match(tree.root, alert.full_labels, alert.routed_at or now)
    return muted_on_all(alert.full_labels, routed, in_force, now, incident=incident)


def remute(incident: Incident, tree: Routes, now: datetime) -> Tx[Incident]:
    """The incident as mutes have it now; what is not held back any more may raise it."""
    if not incident.firing:
        return incident
    muted: dict[str, Muted] = {}
    for alert in (yield from alert_rows.of_incident(incident.number)):
        muted[alert.fingerprint] = yield from is_muted(alert, tree, now)
    followed = remuted(incident, muted, rule=tree.scope, now=now)
    if followed.entries:
        yield from keep(followed, tree)
    return followed.incident
