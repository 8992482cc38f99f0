"""One condition of one check over time: pending, firing, resolved.

A check has one target alert. Its window holds the samples since the trouble began:

    None ──first failed run──▶ pending ──fail_after met──▶ firing ──recover_after good runs──▶ resolved
                                  └──────window holds no failure / a good run in a row──▶ None
    firing ──check withdrawn──▶ withdrawn (not proven healthy)

What a result does to it, and what a window counts, is `core/observing.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.labels import Labels, fingerprint
from synthprobe.core.results import CheckInfo


class AlertState(StrEnum):
    """Where an alert is in its life."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    """Its check was removed or paused: ended, not proven healthy."""


class Sample(StrEnum):
    """What one run says of its check's alert."""

    FAILED = "failed"
    DEGRADED = "degraded"
    PASSED = "passed"


class Outside(Struct, frozen=True, omit_defaults=True):
    """What is known of an alert that comes from outside, by the Alertmanager API."""

    ends_at: datetime
    """When it ends by itself, unless it is posted again."""
    timeout: bool = False
    """Nobody said when it ends."""
    generator_url: str = ""


class Look(Struct, frozen=True, omit_defaults=True):
    """When a check last saw what an alert is about, and by which definition."""

    at: datetime
    definition: str


class Alert(Struct, frozen=True, omit_defaults=True):
    """An alert as stored: identity labels apart from derived ones, so that severity may change within one alert."""

    fingerprint: str
    labels: Labels
    """Identity: alertname, probe, region, matrix row; plus the check's own labels. Never severity."""
    state: AlertState
    first_failed_at: datetime
    """When the trouble began: the start of the first failed run."""
    updated_at: datetime
    """The end of the newest run it has seen (or its withdrawal); never goes back."""
    check: str = ""
    severity: str = ""
    annotations: Mapping[str, str] = {}
    window: tuple[Sample, ...] = ()
    starts_at: datetime | None = None
    """When it began to fire; a pending alert keeps the times of its last firing, which a group may still have to tell."""
    ends_at: datetime | None = None
    routed_at: datetime | None = None
    """When its routes were chosen: `when` is read at this instant, so that a boundary moves nothing that is open."""
    incident: int | None = None
    signature: str = ""
    last_result: str = ""
    """Run id of the newest failed (or degraded) run: what a page shows."""
    stale: bool = False
    peak: str = ""
    """The gravest severity since it began to fire."""
    troubles: Mapping[str, int] = {}
    """Of an alert about ourselves: what keeps it open, by source, with its weight (`core/conditions.py`)."""
    looks: Mapping[str, Look] = {}
    """Of what only checks that look at it can say is over: how each of these sources last saw it."""
    quiet_until: datetime | None = None
    """It was resolved by hand while it failed: until it passes, or until then, it does not fire again."""
    outside: Outside | None = None
    version: int = 1

    @property
    def full_labels(self) -> Labels:
        """Labels for routing and messages: identity plus the derived `severity`."""
        if not self.severity or self.labels.get("severity") == self.severity:
            return self.labels
        return {**self.labels, "severity": self.severity}


class Change(StrEnum):
    """What a result did to an alert; the same word on the timeline and in metrics."""

    NONE = "none"
    PENDING = "pending"
    FIRED = "fired"
    SEVERITY = "severity"
    """Fires on, with another severity."""
    WITHHELD = "withheld"
    """It would have begun to fire."""
    UPDATED = "updated"
    """Fires on: deduplicated; only annotations and the window moved."""
    RESOLVED = "resolved"
    CLOSED = "closed"
    """A pending alert ended without firing."""
    WITHDRAWN = "withdrawn"


class Withheld(StrEnum):
    """Why an alert with failures enough does not fire; the same word in messages, on pages and in metrics."""

    TRIAL = "trial"
    NEVER_PASSED = "never_passed"
    """The fault may be the definition's: it has never been seen to pass."""


class Observed(Struct, frozen=True):
    """An alert after a result: None when there is nothing (left) to keep."""

    alert: Alert | None
    change: Change


PROBE_FAILED = "ProbeFailed"
"""The name of a check's target alert."""

WOULD_HAVE_FIRED = "would_have_fired"
"""Annotation of an alert that is withheld: when it would have begun to fire."""

PAUSED = "paused"
"""Annotation of an alert that was withdrawn because its check was paused: why."""

WITHHELD = "withheld"
"""Annotation of an alert that is withheld: why."""


def identity(check: CheckInfo) -> Labels:
    """The labels that make a check's alert that alert; relabelling a probe does not open a new one."""
    row = {check.row_label: check.row} if check.row_label and check.row else {}
    return {**row, "alertname": PROBE_FAILED, "probe": check.probe, "region": check.region}


def fingerprint_of(check: CheckInfo) -> str:
    """The fingerprint of a check's target alert."""
    return fingerprint(identity(check))


def fired(alert: Alert, severity: str) -> Alert:
    """An alert that begins to fire, at the instant to which it is known."""
    return replace(
        alert,
        state=AlertState.FIRING,
        severity=severity,
        peak=severity,
        starts_at=alert.updated_at,
        ends_at=None,
    )
