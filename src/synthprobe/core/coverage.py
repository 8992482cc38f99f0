"""What routes.yaml promises, and the cases it is tested by. Values only."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from synthprobe.core.expectations import Position
from synthprobe.core.labels import Labels


class Promise(Struct, frozen=True):
    """Of `coverage`: how many people, or receivers, hear of an alert of one severity, at any instant."""

    severity: str
    people: int = 0
    within: timedelta | None = None
    """How soon that many people have been paged."""
    receivers: int = 0


class RouteCase(Struct, frozen=True):
    """One of `tests`: whom an alert with these labels must reach at an instant; None says nothing."""

    at: datetime
    labels: Labels
    position: Position
    receivers: tuple[str, ...] | None = None
    people: Mapping[str, tuple[str, ...]] | None = None
    """By `local` and `global`."""
    muted_by: Mapping[str, str] | None = None
    """The mute by receiver."""
