"""What fires, whom its routes tell, and what holds it back: for Alertmanager's API and the silences page."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from synthprobe.core import routes
from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.groups import Group
from synthprobe.core.incidents import Incident
from synthprobe.core.mutes import InForce, Mute, MuteKind, of_alert, of_route
from synthprobe.core.routes import Route, Routes
from synthprobe.ports import Tx
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores.in_force import in_force_for


class AlertLine(Struct, frozen=True):
    """A firing alert, its receivers, and everything that holds it back on all of its routes."""

    alert: Alert
    receivers: tuple[str, ...]
    mutes: tuple[Mute, ...] = ()

    def of(self, *kinds: MuteKind) -> tuple[Mute, ...]:
        """Its mutes of these kinds."""
        return tuple(mute for mute in self.mutes if mute.kind in kinds)


class GroupLines(Struct, frozen=True):
    """A group that holds something firing."""

    group: Group
    alerts: tuple[AlertLine, ...]


def alert_lines(tree: Routes, now: datetime) -> Tx[tuple[AlertLine, ...]]:
    """Every firing alert, by fingerprint."""
    firing = yield from alert_rows.firing()
    return (yield from _lines(firing, tree, now))


def group_lines(tree: Routes, now: datetime) -> Tx[tuple[GroupLines, ...]]:
    """Every group with what fires in it, by its key."""
    found: list[GroupLines] = []
    for group in sorted((yield from group_rows.armed()), key=lambda group: (group.key, group.receiver)):
        members = yield from group_rows.members(group.id)
        firing = tuple(alert for alert in members if alert.state is AlertState.FIRING)
        if firing:
            found.append(GroupLines(group, (yield from _lines(firing, tree, now))))
    return tuple(found)


def _lines(alerts: Sequence[Alert], tree: Routes, now: datetime) -> Tx[tuple[AlertLine, ...]]:
    in_force = yield from in_force_for(alerts, tree, now)
    incidents: dict[int, Incident | None] = {}
    if any(silence.seen for silence in in_force.silences):
        for number in {alert.incident for alert in alerts if alert.incident is not None}:
            incidents[number] = yield from incident_rows.find(number)
    return tuple(_line(alert, tree, in_force, incidents.get(alert.incident or 0), now) for alert in alerts)


def _line(
    alert: Alert, tree: Routes, in_force: InForce, incident: Incident | None, now: datetime
) -> AlertLine:
    labels = alert.full_labels
    found = routes.match(tree.root, labels, alert.routed_at or now)
    everywhere = of_alert(labels, in_force, now, incident=incident)
    return AlertLine(
        alert, tuple(dict.fromkeys(route.receiver for route in found)), (*_calendar(found, now), *everywhere)
    )


def _calendar(found: Sequence[Route], now: datetime) -> tuple[Mute, ...]:
    """The mute intervals, where every route is muted by one: else somebody hears of it."""
    muted = [of_route(route, now) for route in found]
    return tuple(dict.fromkeys(mute for mutes in muted for mute in mutes)) if all(muted) else ()
