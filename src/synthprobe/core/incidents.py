"""One problem: the alerts that belong together, from the first failed run to closed.

    triggered ──acknowledge──▶ acknowledged        (people; a later release)
    triggered ──last alert resolved──▶ resolved ──reopen_within over──▶ closed
    resolved  ──fails again within reopen_within──▶ triggered (reopened)

One number across all routes and receivers; scope is local in one region, global from `global_at.regions` on, and
never goes back within an incident.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


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
