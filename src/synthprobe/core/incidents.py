"""One problem: the alerts that belong together, from the first failed run to closed.

    triggered ──acknowledge──▶ acknowledged ──lapsed, not accepted──▶ triggered (level one)
    triggered, acknowledged ──last alert resolved──▶ resolved ──reopen_within over──▶ closed
    resolved  ──fails again within reopen_within──▶ triggered (reopened)
    one that was reopened: ──last alert resolved──▶ held, "flapping" ──reopen_within over──▶ resolved
                                                      └──fails again──▶ as it was, and nobody is told
    triggered, acknowledged ──becomes global together with an older one──▶ closed (merged)

One number across all routes and receivers. Scope is local while its unmuted firing alerts are in one region, global
from `global_at.regions` on, and never goes back within an incident. What alerts do to it is `core/following.py`, what
people do `core/actions.py`, who is told while nobody acts `core/escalation.py`.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import leases
from synthprobe.core.escalation import Standing
from synthprobe.core.leases import Lease, Thing


class IncidentState(StrEnum):
    """Where an incident is in its life."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        """Whether it concerns anybody still."""
        return self in (IncidentState.TRIGGERED, IncidentState.ACKNOWLEDGED)


class Scope(StrEnum):
    """Whether one region or several are concerned."""

    LOCAL = "local"
    GLOBAL = "global"


class Muted(StrEnum):
    """Whether an alert is held back."""

    NOT = "not"
    HERE = "here"
    """By nothing but a silence made on its incident."""
    YES = "yes"


class Member(Struct, frozen=True, omit_defaults=True):
    """An alert of an incident as the incident sees it."""

    fingerprint: str
    region: str
    severity: str
    firing: bool
    check: str = ""
    signature: str = ""
    muted: bool = False
    """Held back by a silence, an inhibition or the calendar: it counts neither for the scope nor for a level."""
    watched: bool = False
    """Held back by nothing but a silence made on the incident, which ends when scope or severity rises."""

    @property
    def counts(self) -> bool:
        """Whether it fires and is not muted."""
        return self.firing and not self.muted

    @property
    def weighs(self) -> bool:
        """Whether it counts for scope and severity."""
        return self.firing and (not self.muted or self.watched)

    @property
    def thing(self) -> Thing:
        """What an acknowledgement covers of it."""
        return self.check or self.fingerprint, self.signature


class News(StrEnum):
    """What those who were paged have not been told yet."""

    SCOPE = "scope"
    SEVERITY = "severity"
    UNSEEN = "unseen"
    """A check, or a signature, that its holder has not seen."""
    JOINED = "joined"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


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
    problem: str = ""
    """Its key without the region: incidents of one problem merge when it becomes global."""
    keys: tuple[str, ...] = ()
    """Keys of the incidents that were merged into it."""
    merged_into: int | None = None
    held_until: datetime | None = None
    """It flaps: nothing fires, but it is resolved only if that stays so until then."""
    lease: Lease | None = None
    """Its acknowledgement, while it is acknowledged."""
    escalation: Standing | None = None
    """From its first page until it is resolved."""
    paged: tuple[str, ...] = ()
    """People who were paged for it, in order."""
    rung: tuple[str, ...] = ()
    """Receivers that a level or the last resort told."""
    news: tuple[News, ...] = ()
    paused_until: datetime | None = None
    """All that fires is muted: when to look again."""
    version: int = 1

    @property
    def holder(self) -> str | None:
        """Who acknowledged it last and has it still."""
        return self.lease.holder if self.lease else None

    @property
    def escalates_at(self) -> datetime | None:
        """When the next level starts, unless somebody takes it before."""
        waits = self.state is IncidentState.TRIGGERED and not self.held_until
        return self.escalation.due_at if self.escalation and waits else None

    @property
    def firing(self) -> tuple[Member, ...]:
        """What fires, muted or not."""
        return tuple(member for member in self.members if member.firing)

    @property
    def muted(self) -> bool:
        """Whether all that fires is muted."""
        return bool(self.firing) and not any(member.counts for member in self.members)


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


class IncidentChange(StrEnum):
    """What happened to an incident; the same word on the timeline and in metrics."""

    OPENED = "opened"
    JOINED = "joined"
    """Another check fires for the same problem."""
    RAISED = "raised"
    """Severity or scope went up."""
    REOPENED = "reopened"
    UPDATED = "updated"
    HELD = "held"
    """It flaps: resolved only when it stays so."""
    RESOLVED = "resolved"
    MERGED = "merged"
    CLOSED = "closed"
    NONE = "none"


class Followed(Struct, frozen=True):
    """An incident after something happened, and what to write on its timeline."""

    incident: Incident
    change: IncidentChange
    entries: tuple[TimelineEntry, ...] = ()


def failing_regions(incident: Incident) -> tuple[str, ...]:
    """The regions it fails in now, in the order in which they began."""
    return regions_of(incident.firing)


def regions_of(members: tuple[Member, ...]) -> tuple[str, ...]:
    """The regions of these alerts, in their order."""
    return tuple(dict.fromkeys(member.region for member in members if member.region))


def scope_of(members: tuple[Member, ...], rule: ScopeRule) -> Scope:
    """What the alerts that count make of the scope now."""
    regions = {member.region for member in members if member.region and member.weighs}
    return Scope.GLOBAL if len(regions) >= rule.global_regions else Scope.LOCAL


def due_at(incident: Incident, reopen_within: timedelta) -> datetime | None:
    """When something is due about it: news, a level, its acknowledgement's end, its own. Open, it is never None for long."""
    if incident.news:
        return incident.updated_at
    if incident.state is IncidentState.RESOLVED and incident.resolved_at:
        return incident.resolved_at + reopen_within
    found = [incident.held_until]
    if incident.state is IncidentState.ACKNOWLEDGED and incident.lease:
        found.append(leases.due_at(incident.lease))
    if incident.state is IncidentState.TRIGGERED and incident.escalation and not incident.held_until:
        found.append(incident.paused_until or incident.escalation.due_at)
    return min((at for at in found if at), default=None) if incident.state.is_open else None


def close(incident: Incident, now: datetime) -> Followed:
    """End a resolved incident for good: what fails from now on is a new one."""
    if incident.state is not IncidentState.RESOLVED:
        return Followed(incident, IncidentChange.NONE)
    closed = replace(
        incident,
        state=IncidentState.CLOSED,
        closed_at=now,
        updated_at=now,
        escalation=None,
        lease=None,
        news=(),
    )
    return Followed(closed, IncidentChange.CLOSED, (TimelineEntry(now, IncidentChange.CLOSED, "Closed"),))
