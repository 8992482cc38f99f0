"""What `routes simulate` answers, as stable JSON: what was sent, what was decided, and the incidents' stories."""

from datetime import datetime
from itertools import count

from msgspec import Struct

from synthprobe.core.conditions import WATCHDOG
from synthprobe.core.labels import Labels
from synthprobe.ports import Sql, Tx
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores.columns import integer, text
from synthprobe.stores.instants import from_micros


class DeliveredAlert(Struct, frozen=True):
    """An alert that a message told of."""

    labels: Labels
    state: str


class Delivered(Struct, frozen=True):
    """One message as it arrived; `t` counts seconds from the beginning."""

    t: float
    at: datetime
    receiver: str
    """What routes.yaml calls it; of a page the receiver that pages."""
    person: str | None
    contact: str | None
    kind: str
    reason: str
    incident: int | None
    scope: str | None
    level: int | None
    late: float
    """Seconds by which its timer was overdue."""
    alerts: tuple[DeliveredAlert, ...]


class SimulatedDecision(Struct, frozen=True, omit_defaults=True):
    """Whether somebody was told, and why (not): of a group, or of an incident."""

    t: float
    receiver: str
    sent: bool
    reason: str
    group: str | None = None
    incident: int | None = None


class Happened(Struct, frozen=True):
    """One line of an incident's timeline."""

    at: datetime
    what: str
    by: str | None
    text: str = ""
    """What a person reads on the incident's page."""


class SimulatedIncident(Struct, frozen=True):
    """An incident at the end of the simulation."""

    number: int
    opened_at: datetime
    state: str
    scope: str
    holder: str | None
    timeline: tuple[Happened, ...]


class Simulation(Struct, frozen=True):
    """All of it."""

    notifications: tuple[Delivered, ...]
    decisions: tuple[SimulatedDecision, ...]
    incidents: tuple[SimulatedIncident, ...]


def stored_decisions(start: datetime) -> Tx[tuple[SimulatedDecision, ...]]:
    """Every decision that is stored, in order; those about the watchdog are no news of a timeline's."""
    rows = yield Sql("select at, group_key, receiver, sent, reason from decisions order by id")
    found = [
        SimulatedDecision(
            t=seconds_after(from_micros(integer(row, "at")), start),
            receiver=text(row, "receiver"),
            sent=bool(row["sent"]),
            reason=text(row, "reason"),
            group=text(row, "group_key"),
        )
        for row in rows
        if f'alertname="{WATCHDOG}"' not in text(row, "group_key")
    ]
    for decision in (yield from pager_rows.decisions_since(start)):
        t = seconds_after(decision.at, start)
        found.append(
            SimulatedDecision(t, decision.person, decision.sent, decision.reason, incident=decision.incident)
        )
    return tuple(sorted(found, key=lambda decision: decision.t))


def stored_incidents() -> Tx[tuple[SimulatedIncident, ...]]:
    """Every incident that is stored, with its story."""
    found: list[SimulatedIncident] = []
    for number in count(1):
        incident = yield from incident_rows.find(number)
        if incident is None:
            break
        entries = yield from incident_rows.timeline(number)
        found.append(
            SimulatedIncident(
                number=number,
                opened_at=incident.opened_at,
                state=incident.state.value,
                scope=incident.scope.value,
                holder=incident.holder or None,
                timeline=tuple(Happened(entry.at, entry.what, entry.by, entry.text) for entry in entries),
            )
        )
    return tuple(found)


def seconds_after(at: datetime, start: datetime) -> float:
    """How long after the beginning."""
    return round((at - start).total_seconds(), 3)
