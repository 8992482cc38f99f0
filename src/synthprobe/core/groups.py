"""Alerts notified together: when a group is flushed, and whether and why a receiver hears of it.

Alertmanager's grouping clock (dispatch.go) and dedup decision (notify.go), plus our promise: who was told `firing`
is told `resolved`.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.labels import Labels


class Reason(StrEnum):
    """Why a receiver was, or was not, notified; the same word in the UI, the metric and the test table."""

    FIRST = "first"
    NEW_ALERTS = "new_alerts"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    REPEAT = "repeat"
    RAISED = "raised"
    REOPENED = "reopened"
    UNCHANGED = "unchanged"
    NEVER_TOLD = "never_told"
    """Everything resolved before anybody had heard of it."""

    @property
    def sends(self) -> bool:
        """Whether this reason is one to send for."""
        return self not in (Reason.UNCHANGED, Reason.NEVER_TOLD)


class Group(Struct, frozen=True, omit_defaults=True):
    """Alerts of one route that share the values of its `group_by`; the route's options travel with it."""

    key: str
    """Alertmanager's group key: `{}/{severity="critical"}:{alertname="ProbeFailed"}`, unique per route."""
    route: str
    """The route's path."""
    receiver: str
    labels: Labels
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    next_flush_at: datetime | None
    """None when it holds nothing: no timer."""
    flushed: bool = False
    """Whether it has been flushed since it last held nothing."""
    version: int = 1


class Told(Struct, frozen=True, omit_defaults=True):
    """What one integration of a receiver last heard about a group (Alertmanager's nflog entry)."""

    firing: frozenset[str]
    """Fingerprints."""
    resolved: frozenset[str]
    at: datetime
    severity: str = ""
    seq: int = 0
    """Of the last message; the next is one more."""
