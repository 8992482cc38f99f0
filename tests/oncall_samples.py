"""Rotations and schedules for tests, with as few words as possible."""

from datetime import UTC, datetime, time

from synthprobe.core.oncall import duties, shifts
from synthprobe.core.teams import Layer, Override, Restriction, Rotation, RotationType, Schedule


def at(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


def rotation(
    *users: str, type: str = "daily", start: str = "2020-01-01T00:00", location: str = "UTC", length: int = 1
) -> Rotation:
    """People in turn."""
    name = "-".join((*users, type, start, location))
    return Rotation(name, RotationType(type), datetime.fromisoformat(start), location, users, length)


def times(start: str, end: str, days: str = "MoTuWeThFrSaSu") -> Restriction:
    """A weekly time, with GoAlert's names of days."""
    names = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
    wanted = frozenset(index for index, name in enumerate(names) if name in days)
    return Restriction(wanted, time.fromisoformat(start), time.fromisoformat(end))


def schedule(*layers: Layer, location: str = "UTC") -> Schedule:
    """A schedule of layers."""
    return Schedule("s", location, layers=layers)


def names(schedule: Schedule, instant: str, *overrides: Override) -> list[str]:
    """Who is on call at an instant."""
    return [duty.user for duty in duties(schedule, overrides, at(instant))]


def spans(schedule: Schedule, since: str, until: str, *overrides: Override) -> list[tuple[str, str, str]]:
    """Who is on call in a range: from when, until when, who; instants as texts."""
    found = shifts(schedule, overrides, at(since), at(until)).shifts
    return [(text(shift.since), text(shift.until), shift.user) for shift in found]


def text(instant: datetime | None) -> str:
    """An instant as tests write it."""
    return instant.strftime("%Y-%m-%dT%H:%MZ") if instant else "-"
