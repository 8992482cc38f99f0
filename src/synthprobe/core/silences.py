"""Silences: alerts held back by a person for a time, by Alertmanager's rules (silence/silence.go) and a policy of ours.

    pending ──starts_at──▶ active ──ends_at, or expired by hand──▶ expired

Planned ones stand in routes.yaml; the others come through the API. One that was made on an incident ends for it when
the incident's scope or severity rises above what its author saw.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.alerts import Alert
from synthprobe.core.durations import duration_text
from synthprobe.core.incidents import Incident, Scope
from synthprobe.core.labels import Labels, Matcher, MatchOp, holds, matcher, matches, severity_rank


class SilenceState(StrEnum):
    """Where a silence is in its life; Alertmanager's words."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


class Seen(Struct, frozen=True):
    """The incident a silence was made on, as grave as its author saw it."""

    incident: int
    scope: Scope
    severity: str


class Silence(Struct, frozen=True, omit_defaults=True):
    """What holds alerts back, who made it and why."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    updated_at: datetime
    seen: Seen | None = None
    planned: bool = False
    """It stands in routes.yaml and can only be changed there."""
    version: int = 1


class SilencePolicy(Struct, frozen=True):
    """`silence_policy` of routes.yaml: how long one made by hand may last, and when its end is announced."""

    max_duration: timedelta | None = None
    remind_before: timedelta | None = None


class SilenceRefused(ValueError):
    """A silence cannot be made; the message is Alertmanager's where it has one."""


class UnknownSilence(LookupError):
    """There is no silence of this id."""


class Changed(Struct, frozen=True):
    """What to store after a silence was set: the silence in force, and the one it replaces, expired."""

    silence: Silence
    replaced: Silence | None = None


def state(silence: Silence, now: datetime) -> SilenceState:
    """Where a silence is in its life; its end is excluded."""
    if now < silence.starts_at:
        return SilenceState.PENDING
    return SilenceState.ACTIVE if now < silence.ends_at else SilenceState.EXPIRED


def silencing(
    silences: Iterable[Silence], labels: Labels, incident: Incident | None, now: datetime
) -> tuple[Silence, ...]:
    """Those silences that hold back an alert with these labels, which belongs to this incident."""
    return tuple(
        silence
        for silence in silences
        if state(silence, now) is SilenceState.ACTIVE
        and _still_covers(silence, incident)
        and matches(silence.matchers, labels)
    )


def check(silence: Silence, policy: SilencePolicy, now: datetime) -> None:
    """Raises `SilenceRefused` when it cannot be made now."""
    if silence.starts_at >= silence.ends_at:
        raise SilenceRefused("start time must be before end time")
    if silence.ends_at < now:
        raise SilenceRefused("end time can't be in the past")
    longest = policy.max_duration
    if longest is not None and silence.ends_at - max(silence.starts_at, now) > longest:
        raise SilenceRefused(f"it is longer than the {duration_text(longest)} that silence_policy allows")
    if not silence.created_by.strip() or not silence.comment.strip():
        raise SilenceRefused("it needs an author and a comment")
    if fault := matchers_fault(silence.matchers):
        raise SilenceRefused(fault)


def matchers_fault(matchers: tuple[Matcher, ...]) -> str:
    """Why matchers cannot be a silence's: they would hold for everything; empty when they can."""
    if not matchers:
        return "at least one matcher required"
    if all(holds(matcher, {}) for matcher in matchers):
        return "at least one matcher must not match the empty string"
    return ""


def place(wanted: Silence, known: Silence | None, new_id: str, now: datetime) -> Changed:
    """Set a silence: `known`, which has its id, is changed in place where that is true to its past, else replaced."""
    if known is not None and _may_become(known, wanted, now):
        return Changed(replace(wanted, id=known.id, updated_at=now, seen=wanted.seen or known.seen))
    fresh = replace(wanted, id=new_id, starts_at=max(wanted.starts_at, now), updated_at=now)
    ended = expire(known, now) if known else None
    return Changed(fresh, ended if ended != known else None)


def expire(silence: Silence, now: datetime) -> Silence:
    """End a silence by hand; one that is over stays as it is."""
    match state(silence, now):
        case SilenceState.PENDING:
            return replace(silence, starts_at=now, ends_at=now, updated_at=now)
        case SilenceState.ACTIVE:
            return replace(silence, ends_at=now, updated_at=now)
        case SilenceState.EXPIRED:
            return silence


def remind_at(silence: Silence, policy: SilencePolicy) -> datetime | None:
    """When to say that it ends soon; None for one too short to be worth it."""
    before = policy.remind_before
    if before is None or silence.ends_at - silence.starts_at <= before:
        return None
    return silence.ends_at - before


def seen_on(incident: Incident) -> Seen:
    """What the author of a silence on this incident sees of it now."""
    return Seen(incident.number, incident.scope, incident.severity)


def matchers_for(alerts: Iterable[Alert]) -> tuple[Matcher, ...]:
    """What holds back all of these alerts: the labels that they share; none where they share nothing.

    Severity is left out, since one that is made on an incident ends when that rises.
    """
    shared: dict[str, str] | None = None
    for alert in alerts:
        labels = {name: value for name, value in alert.labels.items() if value and name != "severity"}
        shared = labels if shared is None else dict(shared.items() & labels.items())
    return tuple(matcher(name, MatchOp.EQUAL, value) for name, value in sorted((shared or {}).items()))


def _still_covers(silence: Silence, incident: Incident | None) -> bool:
    if silence.seen is None:
        return True
    if incident is None or incident.number != silence.seen.incident:
        return False
    wider = incident.scope is Scope.GLOBAL and silence.seen.scope is Scope.LOCAL
    return not wider and severity_rank(incident.severity) <= severity_rank(silence.seen.severity)


def _may_become(known: Silence, wanted: Silence, now: datetime) -> bool:
    if known.matchers != wanted.matchers:
        return False
    match state(known, now):
        case SilenceState.ACTIVE:
            same_start = wanted.starts_at.replace(microsecond=0) == known.starts_at.replace(microsecond=0)
            return same_start and wanted.ends_at >= now
        case SilenceState.PENDING:
            return wanted.starts_at >= now
        case SilenceState.EXPIRED:
            return False
