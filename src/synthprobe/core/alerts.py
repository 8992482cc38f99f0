"""One condition of one check over time: pending, firing, resolved.

A check has one target alert. Its window holds the samples since the trouble began:

    None ──first failed run──▶ pending ──fail_after met──▶ firing ──recover_after good runs──▶ resolved
                                  └──────window holds no failure / a good run in a row──▶ None
    firing ──check withdrawn──▶ withdrawn (not proven healthy)

A sample is failed, degraded or passed; errored, skipped and other regions' results never enter a window.
Missing data never resolves an alert.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.labels import Labels


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


class Alert(Struct, frozen=True, omit_defaults=True):
    """An alert as stored: identity labels apart from derived ones, so that severity may change within one alert."""

    fingerprint: str
    labels: Labels
    """Identity: alertname, probe, region, matrix row; plus the check's own labels. Never severity."""
    state: AlertState
    first_failed_at: datetime
    """When the trouble began: the start of the first failed run."""
    updated_at: datetime
    check: str = ""
    severity: str = ""
    annotations: Mapping[str, str] = {}
    window: tuple[Sample, ...] = ()
    starts_at: datetime | None = None
    """When it began to fire."""
    ends_at: datetime | None = None
    incident: int | None = None
    signature: str = ""
    last_result: str = ""
    """Run id of the newest failed (or degraded) run: what a page shows."""
    stale: bool = False
    version: int = 1

    @property
    def full_labels(self) -> Labels:
        """Labels for routing and messages: identity plus the derived `severity`."""
        return {**self.labels, "severity": self.severity} if self.severity else self.labels


class Change(StrEnum):
    """What a result did to an alert; the same word on the timeline and in metrics."""

    NONE = "none"
    PENDING = "pending"
    FIRED = "fired"
    SEVERITY = "severity"
    """Fires on, with another severity."""
    UPDATED = "updated"
    """Fires on: deduplicated; only annotations and the window moved."""
    RESOLVED = "resolved"
    CLOSED = "closed"
    """A pending alert ended without firing."""
    WITHDRAWN = "withdrawn"
