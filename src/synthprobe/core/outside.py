"""Alerts from outside (Prometheus, amtool): Alertmanager's rules of when one fires and how two updates of it merge.

All labels are identity. What nobody says the end of ends by itself, `resolve_timeout` after the last update
(api/v2, types/alert.go).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.alerts import Alert, AlertState, Change, Observed, Outside
from synthprobe.core.labels import Labels, fingerprint

RESOLVE_TIMEOUT = timedelta(minutes=5)
"""Alertmanager's default."""


class Posted(Struct, frozen=True):
    """An alert as it was posted: None where the time was left out."""

    labels: Labels
    annotations: Mapping[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = ""


class Activity(Struct, frozen=True):
    """From when to when an alert is active; `timeout` when nobody said its end."""

    starts_at: datetime
    ends_at: datetime
    timeout: bool = False


class Refused(ValueError):
    """An alert cannot be taken; the message is Alertmanager's."""


def check(posted: Posted) -> None:
    """Raises `Refused` with what is wrong."""
    if not any(posted.labels.values()):
        raise Refused("at least one label pair required")
    for name in (*posted.labels, *posted.annotations):
        if not name or not name.isprintable():
            raise Refused(f'invalid label set: invalid name "{name}"')
    if posted.starts_at and posted.ends_at and posted.starts_at > posted.ends_at:
        raise Refused("start time must be before end time")


def activity(posted: Posted, now: datetime, timeout: timedelta = RESOLVE_TIMEOUT) -> Activity:
    """When what was posted is active, with what was left out filled in."""
    starts_at = posted.starts_at or posted.ends_at or now
    if posted.ends_at is None:
        return Activity(starts_at, now + timeout, timeout=True)
    return Activity(starts_at, posted.ends_at)


def merge(older: Activity, newer: Activity, now: datetime) -> Activity:
    """Two updates of one alert as one, if they overlap; else the newer one."""
    overlaps = (older.starts_at < newer.ends_at < older.ends_at) or (
        older.starts_at < newer.starts_at < older.ends_at
    )
    if not overlaps:
        return newer
    starts_at = min(older.starts_at, newer.starts_at)
    both_over = newer.ends_at <= now and older.ends_at <= now
    says_so = newer.ends_at > now and not older.timeout
    if older.ends_at > newer.ends_at and (both_over or says_so):
        return replace(newer, starts_at=starts_at, ends_at=older.ends_at)
    return replace(newer, starts_at=starts_at)


def observe(
    known: Alert | None,
    posted: Posted,
    now: datetime,
    timeout: timedelta = RESOLVE_TIMEOUT,
    *,
    mark: str = "",
) -> Observed:
    """What a post does to its alert; a repeat of an end does nothing. `mark` is its fingerprint, if that is known."""
    labels = {name: value for name, value in posted.labels.items() if value}
    current = activity(posted, now, timeout)
    if known is not None and known.outside is not None and known.starts_at is not None:
        before = Activity(known.starts_at, known.outside.ends_at, known.outside.timeout)
        current = merge(before, current, now)
    fires = current.ends_at > now
    if not fires and (known is None or known.state is not AlertState.FIRING):
        return Observed(known, Change.NONE)
    alert = Alert(
        fingerprint=known.fingerprint if known else mark or fingerprint(labels),
        labels=labels,
        state=AlertState.FIRING if fires else AlertState.RESOLVED,
        first_failed_at=current.starts_at,
        updated_at=now,
        severity=labels.get("severity", ""),
        annotations=posted.annotations,
        starts_at=current.starts_at,
        ends_at=None if fires else current.ends_at,
        routed_at=known.routed_at if known else None,
        incident=known.incident if known else None,
        peak=labels.get("severity", ""),
        outside=Outside(current.ends_at, timeout=current.timeout, generator_url=posted.generator_url),
    )
    return Observed(alert, _change(known, alert))


def expire(alert: Alert, now: datetime) -> Observed:
    """End an alert whose end is past, or that was not posted again in time."""
    if alert.outside is None or alert.state is not AlertState.FIRING or alert.outside.ends_at > now:
        return Observed(alert, Change.NONE)
    ended = replace(alert, state=AlertState.RESOLVED, ends_at=alert.outside.ends_at, updated_at=now)
    return Observed(ended, Change.RESOLVED)


def _change(known: Alert | None, alert: Alert) -> Change:
    fired_before = known is not None and known.state is AlertState.FIRING
    if alert.state is not AlertState.FIRING:
        return Change.RESOLVED
    return Change.UPDATED if fired_before else Change.FIRED
