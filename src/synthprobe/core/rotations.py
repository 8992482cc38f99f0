"""Whose turn it is: the k-th turn from a rotation's start, in wall-clock time, with nothing stored.

A turn begins at the first occurrence of its wall time and lasts until the next begins: a daily one 23 or 25 hours where
clocks change. A turn whose whole wall time falls into a gap has no length, so nobody notices it.
"""

from calendar import monthrange
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from synthprobe.core.teams import Rotation, RotationType
from synthprobe.core.wallclock import first_instant, wall_time


class Turn(Struct, frozen=True):
    """One turn in [since, until); `number` counts from the rotation's start, and below zero before it."""

    number: int
    user: str
    since: datetime
    until: datetime


def turn_at(rotation: Rotation, at: datetime) -> Turn:
    """The turn that an instant falls into."""
    number = _estimate(rotation, wall_time(at, rotation.location))
    # In a fold the wall clock goes back, and the next turn may have begun at its first occurrence.
    while _begin(rotation, number + 1) <= at:
        number += 1
    user = rotation.users[number % len(rotation.users)]
    return Turn(number, user, _begin(rotation, number), _begin(rotation, number + 1))


_LENGTHS = {
    RotationType.HOURLY: timedelta(hours=1),
    RotationType.DAILY: timedelta(days=1),
    RotationType.WEEKLY: timedelta(weeks=1),
}


def _estimate(rotation: Rotation, wall: datetime) -> int:
    """The last turn whose wall time is not later than `wall`."""
    if rotation.type is not RotationType.MONTHLY:
        return (wall - rotation.start) // (_LENGTHS[rotation.type] * rotation.length)
    start = rotation.start
    number = ((wall.year - start.year) * 12 + wall.month - start.month) // rotation.length
    return number if _wall(rotation, number) <= wall else number - 1


def _wall(rotation: Rotation, number: int) -> datetime:
    if rotation.type is not RotationType.MONTHLY:
        return rotation.start + _LENGTHS[rotation.type] * rotation.length * number
    start = rotation.start
    years, month = divmod(start.month - 1 + rotation.length * number, 12)
    year = start.year + years
    # The 31st of a month that has none is its last day.
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=16_384)
def _begin(rotation: Rotation, number: int) -> datetime:
    return first_instant(_wall(rotation, number), rotation.location)
