"""Decides for a batch of alerts from outside: each incident and group is read once and written once for all of them.

What only joins, repeats or ends beside others that fire is gathered (`core/crowds.py`); everything else is decided as
any alert is (`placing.py`), after what was gathered is written. All within one transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import groups, incident_keys, routes
from synthprobe.core.alerts import Alert, Change
from synthprobe.core.crowds import Crowd
from synthprobe.core.groups import Group
from synthprobe.core.incidents import Incident, Muted
from synthprobe.core.inhibitions import Source, may_be_inhibited, may_inhibit
from synthprobe.core.merging import concerned
from synthprobe.core.mutes import InForce
from synthprobe.core.responders import built_in
from synthprobe.core.routes import Route, Routes
from synthprobe.ports import Tx
from synthprobe.router.keeping import keep_all
from synthprobe.router.muting import muted_as, muted_on_all
from synthprobe.router.placing import NewId, moved, placed_by
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import silences as silence_rows
from synthprobe.stores.in_force import sources


class Crowds:
    """One transaction's alerts: `move` each, then `settle`; nothing is complete in the store before that."""

    def __init__(self, tree: Routes, new_id: NewId, now: datetime) -> None:
        self._tree, self._new_id, self._now = tree, new_id, now
        self._forget()

    def expect(self, alerts: Sequence[Alert]) -> Tx[None]:
        """Read at once what alerts that begin to fire will need, most of them joining what is there."""
        placed = [self._placed_by(alert) for alert in alerts if not self._is_own(alert)]
        wanted = {group.id for each in placed for _, group in each.by}
        self._groups.update({group.id: group for group in (yield from group_rows.found(sorted(wanted)))})
        keys = sorted({each.key for each in placed})
        for key, incident in (yield from incident_rows.open_by_keys(keys)).items():
            yield from self._keep(key, incident)

    def move(self, alert: Alert, change: Change) -> Tx[Alert]:
        """Let an alert that changed be followed by its incident and its groups; the alert as it is then."""
        if (taken := (yield from self._taken(alert, change))) is not None:
            return taken
        yield from self.settle()
        told = yield from moved(alert, change, self._tree, self._new_id, self._now)
        return told.alert or alert

    def settle(self) -> Tx[None]:
        """Write what was gathered, and read anew from now on."""
        yield from self._write_alerts()
        found = [crowd.followed(self._now) for crowd in self._crowds.values() if crowd]
        yield from keep_all([each for each in found if each.entries], self._tree)
        for group, ended in (yield from group_rows.holding_any(tuple(self._ended))):
            if group.next_flush_at is None:
                yield from group_rows.save(groups.arm(group, self._ended[ended], self._now))
        self._forget()

    def _forget(self) -> None:
        self._in_force: InForce | None = None
        self._crowds: dict[int, Crowd | None] = {}
        self._by_key: dict[str, int | None] = {}
        self._groups: dict[str, Group] = {}
        self._placed: dict[str, _Placed] = {}
        self._alerts: dict[str, Alert] = {}
        self._held: list[tuple[str, str]] = []
        self._ended: dict[str, datetime] = {}

    def _taken(self, alert: Alert, change: Change) -> Tx[Alert | None]:
        if self._is_own(alert):
            return None
        match change:
            case Change.FIRED:
                return (yield from self._joins(replace(alert, routed_at=self._now)))
            case Change.UPDATED:
                return (yield from self._stays(alert, change))
            case Change.RESOLVED if not may_inhibit(self._tree.inhibit_rules, alert.full_labels):
                return (yield from self._stays(alert, change))
        return None

    def _is_own(self, alert: Alert) -> bool:
        """Whether it is one of ours, or named as ours are: those are decided one by one."""
        own = alert.outside is None or incident_keys.is_of_target(alert)
        return own or built_in(alert.full_labels, self._tree) is not None

    def _placed_by(self, alert: Alert) -> "_Placed":
        """Where an alert that begins to fire now belongs."""
        if alert.fingerprint not in self._placed:
            by = placed_by(replace(alert, routed_at=self._now), self._tree)
            key = incident_keys.key_of(alert, self._tree.scope, by[0][1].labels)
            self._placed[alert.fingerprint] = _Placed(by, key)
        return self._placed[alert.fingerprint]

    def _joins(self, alert: Alert) -> Tx[Alert | None]:
        """Add an alert that began to fire to the incident of its key, and to its groups."""
        placed = self._placed_by(alert)
        crowd = yield from self._crowd_of_key(placed.key)
        if crowd is None:
            return None
        muted = yield from self._muted(alert, [route for route, _ in placed.by], crowd.incident)
        if not crowd.take(alert, Change.FIRED, muted):
            return None
        joined = replace(alert, incident=crowd.incident.number)
        self._alerts[joined.fingerprint] = joined
        if self._in_force and may_inhibit(self._in_force.rules, joined.full_labels):
            source = Source(joined.fingerprint, joined.full_labels)
            self._in_force = replace(self._in_force, sources=(*self._in_force.sources, source))
        for _, fresh in placed.by:
            yield from self._place(fresh, joined)
        return joined

    def _stays(self, alert: Alert, change: Change) -> Tx[Alert | None]:
        """Let an alert that repeats itself, or ends while others fire, stay with its incident."""
        crowd = (yield from self._crowd(alert.incident)) if alert.incident is not None else None
        if crowd is None:
            return None
        muted = Muted.NOT
        if change is Change.UPDATED:
            routed = routes.match(self._tree.root, alert.full_labels, alert.routed_at or self._now)
            muted = yield from self._muted(alert, routed, crowd.incident)
        if not crowd.take(alert, change, muted):
            return None
        self._alerts[alert.fingerprint] = alert
        if change is Change.RESOLVED:
            self._ended[alert.fingerprint] = alert.starts_at or self._now
        return alert

    def _place(self, fresh: Group, alert: Alert) -> Tx[None]:
        known = self._groups.get(fresh.id) or (yield from group_rows.find(fresh.id))
        # It says since when it fires and has waited where it comes from.
        group = groups.arm(groups.carried(fresh, known), alert.starts_at or self._now, self._now)
        if group != known:
            yield from group_rows.save(group)
        self._groups[group.id] = group
        self._held.append((group.id, alert.fingerprint))

    def _muted(self, alert: Alert, routed: Sequence[Route], incident: Incident) -> Tx[Muted]:
        """Whether it is held back everywhere; a crowd's scope and severity are the incident's as it was read."""
        rules, labels = self._tree.inhibit_rules, alert.full_labels
        if self._in_force is None:
            self._in_force = InForce((yield from silence_rows.unexpired(self._now)))
        if rules and not self._in_force.rules and may_be_inhibited(rules, labels):
            yield from self._write_alerts()
            self._in_force = InForce(self._in_force.silences, rules, (yield from sources(rules)))
        mutes = muted_on_all(labels, routed, self._in_force, self._now, incident=incident)
        return muted_as(mutes, self._in_force.silences)

    def _crowd_of_key(self, key: str) -> Tx[Crowd | None]:
        if key not in self._by_key:
            yield from self._keep(key, (yield from incident_rows.open_by_key(key)))
        number = self._by_key[key]
        return None if number is None else self._crowds[number]

    def _keep(self, key: str, incident: Incident | None) -> Tx[None]:
        self._by_key[key] = incident.number if incident else None
        if incident and incident.number not in self._crowds:
            self._crowds[incident.number] = yield from self._read(incident)

    def _crowd(self, number: int) -> Tx[Crowd | None]:
        if number not in self._crowds:
            incident = yield from incident_rows.find(number)
            self._crowds[number] = (yield from self._read(incident)) if incident else None
        return self._crowds[number]

    def _read(self, incident: Incident) -> Tx[Crowd | None]:
        """An incident as a crowd; None where others of its problem are to go on with it as one."""
        crowd = Crowd(incident, self._tree.scope)
        if crowd.has_regions and incident.problem:
            together = yield from incident_rows.open_by_problem(incident.problem)
            return None if concerned(together, self._tree.scope) else crowd
        return crowd

    def _write_alerts(self) -> Tx[None]:
        yield from alert_rows.save_all(tuple(self._alerts.values()))
        yield from group_rows.hold_all(self._held)
        self._alerts, self._held = {}, []


class _Placed(Struct, frozen=True):
    """Routes and groups of an alert, and the key of its incident."""

    by: tuple[tuple[Route, Group], ...]
    key: str
