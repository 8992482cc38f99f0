"""Legs that follow the sun: each lasts from its start until any leg starts next, so clocks leave no gap or overlap.

A leg's turn on one of its local days is a watch. A watch on a holiday of its leg is closed: the neighbour's shift is
stretched over it, by the person who ends (or begins) that neighbour's watch, or another rotation takes over. On a day on
which every leg is closed, `all_on_holiday` says who is on call.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec import Struct

from synthprobe.core.rotations import turn_at
from synthprobe.core.teams import Duty, FollowTheSun, Leg, OnHoliday, Source, StandIn
from synthprobe.core.wallclock import first_instant


class Watch(Struct, frozen=True):
    """One leg on one of its local days, from `since` on."""

    since: datetime
    day: date
    leg: Leg


def sun_duty(sun: FollowTheSun, at: datetime) -> Duty:
    """Who is on call at an instant; there is always somebody."""
    around = watches(sun, at.date() - _NEAR, at.date() + _NEAR)
    watch = around[_position(around, at)]
    if not _is_closed(watch.leg, watch.day):
        return Duty(turn_at(watch.leg.rotation, at).user, Source.ROTATION)
    if _all_closed(sun, watch.day):
        return _all_closed_duty(sun, watch, at)
    if isinstance(watch.leg.on_holiday, StandIn):
        return Duty(turn_at(watch.leg.on_holiday.rotation, at).user, Source.HOLIDAY)
    return _stretched(sun, watch, at)


def watches(sun: FollowTheSun, first: date, last: date) -> list[Watch]:
    """Every leg's watches of these days in order; of two that begin together the later in the file."""
    found = [
        Watch(first_instant(datetime.combine(day, leg.start), leg.location), day, leg)
        for day in (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        for leg in sun.legs
    ]
    return sorted(found, key=lambda watch: watch.since)


def _position(around: list[Watch], at: datetime) -> int:
    return bisect_right(around, at, key=lambda watch: watch.since) - 1


def _is_closed(leg: Leg, day: date) -> bool:
    return leg.holidays is not None and day in leg.holidays.days


def _all_closed(sun: FollowTheSun, day: date) -> bool:
    return all(_is_closed(leg, day) for leg in sun.legs)


def _all_closed_duty(sun: FollowTheSun, watch: Watch, at: datetime) -> Duty:
    rotation = sun.all_on_holiday.rotation if sun.all_on_holiday else watch.leg.rotation
    return Duty(turn_at(rotation, at).user, Source.ALL_ON_HOLIDAY)


def _stretched(sun: FollowTheSun, closed: Watch, at: datetime) -> Duty:
    around = watches(sun, closed.day - _FAR, closed.day + _FAR)
    here = around.index(closed)
    for place in _outwards(closed, here, len(around)):
        neighbour, after = around[place], around[place + 1].since
        # The shift that is stretched is one person's: who is on call where it touches the closed watch, or would be.
        asked = after - _MOMENT if place < here else neighbour.since
        if not _is_closed(neighbour.leg, neighbour.day):
            return Duty(turn_at(neighbour.leg.rotation, asked).user, Source.HOLIDAY)
        if _all_closed(sun, neighbour.day):
            return Duty(_all_closed_duty(sun, neighbour, asked).user, Source.HOLIDAY)
        if isinstance(neighbour.leg.on_holiday, StandIn):
            return Duty(turn_at(neighbour.leg.on_holiday.rotation, asked).user, Source.HOLIDAY)
    return _all_closed_duty(sun, closed, at)


def _outwards(closed: Watch, here: int, count: int) -> Iterator[int]:
    if closed.leg.on_holiday is OnHoliday.PREVIOUS:
        yield from range(here - 1, -1, -1)
    else:
        yield from range(here + 1, count - 1)


_NEAR = timedelta(days=3)
"""A watch that lasts began so much earlier at most: zones lie a day apart, and one may leave out a day."""
_FAR = timedelta(days=40)
"""A place that is closed for longer is looked after by its own rotation."""
_MOMENT = timedelta(microseconds=1)
