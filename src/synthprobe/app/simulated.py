"""What `routes simulate` answers, as stable JSON: what was sent, what was decided, and the incidents' stories."""

from datetime import datetime

from msgspec import Struct

from synthprobe.core.labels import Labels


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
