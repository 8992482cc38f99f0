"""A group whose timer is over, with what it holds: what fires, what ended, what holds it back."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import groups
from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.groups import Group
from synthprobe.core.incidents import Incident
from synthprobe.core.routes import Route, Routes
from synthprobe.ports import Tx
from synthprobe.router.muting import HeldBack, held_back
from synthprobe.router.placing import routed
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows


class DueGroup(Struct, frozen=True):
    """A due group and what it holds."""

    group: Group
    firing: tuple[Alert, ...]
    ended: tuple[Alert, ...]
    here: frozenset[str]
    """Fingerprints of those that fire and still belong here; the others were raised, or routed, elsewhere."""
    incidents: Mapping[int, Incident]
    back: HeldBack = HeldBack()

    @property
    def muted(self) -> frozenset[str]:
        """Fingerprints of what fires and is held back."""
        return frozenset(self.back.mutes)


def load(group: Group, tree: Routes, now: datetime) -> Tx[DueGroup]:
    """What a group holds now."""
    members = yield from group_rows.members(group.id)
    numbers = sorted({alert.incident for alert in members if alert.incident is not None})
    incidents: dict[int, Incident] = {}
    for number in numbers:
        incident = yield from incident_rows.find(number)
        if incident:
            incidents[number] = incident
    members = tuple(_lasting(alert, incidents) for alert in members)
    firing = tuple(alert for alert in members if alert.state is AlertState.FIRING)
    by = {alert.fingerprint: _route_here(alert, group, tree) for alert in firing}
    here = frozenset(fingerprint for fingerprint, route in by.items() if route)
    route = next((route for route in by.values() if route), None)
    of_here = [alert for alert in firing if alert.fingerprint in here]
    back = yield from held_back(of_here, route, incidents, tree, now) if route else _nothing()
    ended = tuple(alert for alert in members if alert.state is not AlertState.FIRING)
    return DueGroup(
        group=group,
        firing=firing,
        # Between two ticks only what a mute held back is told.
        ended=ended if groups.ticks(group, now) else (),
        here=here,
        incidents=incidents,
        back=back,
    )


def _nothing() -> Tx[HeldBack]:
    yield from ()
    return HeldBack()


def _route_here(alert: Alert, group: Group, tree: Routes) -> Route | None:
    """The route by which an alert belongs to this group now."""
    labels = alert.full_labels
    return next((route for route in routed(alert, tree) if groups.belongs(labels, group, route)), None)


def _lasting(alert: Alert, incidents: Mapping[int, Incident]) -> Alert:
    """An alert as it is told: one of an incident that flaps fires until the incident is stable."""
    incident = incidents.get(alert.incident) if alert.incident is not None else None
    flaps = incident is not None and incident.held_until is not None and alert.state is AlertState.RESOLVED
    return replace(alert, state=AlertState.FIRING, ends_at=None) if flaps else alert
