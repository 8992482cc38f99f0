"""What `oncall` answers, as stable JSON: who is on call in a schedule at an instant, or in a range of time."""

from datetime import datetime

from msgspec import Struct

from synthprobe.core.oncall import Gap, Shift, on_call, shifts
from synthprobe.core.routes import Routes


class OnCallAnswer(Struct, frozen=True):
    """Who is on call at an instant; a shift that lasts longer than is looked at has no end."""

    schedule: str
    at: datetime
    on_call: tuple[Shift, ...]


class ShiftsAnswer(Struct, frozen=True):
    """Who is on call in a range, by beginning, and when nobody is."""

    schedule: str
    shifts: tuple[Shift, ...]
    gaps: tuple[Gap, ...]


def at_instant(routes: Routes, schedule: str, at: datetime) -> OnCallAnswer:
    """Who is on call in a schedule of this name at an instant. Raises KeyError when there is none."""
    return OnCallAnswer(schedule, at, on_call(routes.schedules[schedule], routes.overrides, at))


def in_range(routes: Routes, schedule: str, since: datetime, until: datetime) -> ShiftsAnswer:
    """Who is on call in a schedule of this name in [since, until). Raises KeyError when there is none."""
    found = shifts(routes.schedules[schedule], routes.overrides, since, until)
    return ShiftsAnswer(schedule, found.shifts, found.gaps)
