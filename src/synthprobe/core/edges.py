"""The instants at which the answer to "who is on call" can change; between two of them it cannot."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from synthprobe.core.restrictions import windows
from synthprobe.core.rotations import turn_at
from synthprobe.core.sun import watches
from synthprobe.core.teams import Holidays, Override, Rotation, Schedule, StandIn
from synthprobe.core.wallclock import day_start


def edges(
    schedule: Schedule, overrides: Iterable[Override], since: datetime, until: datetime
) -> list[datetime]:
    """Every such instant in (since, until), in order."""
    first, last = since.date() - _APART, until.date() + _APART
    found = set(_of_overrides(schedule, overrides))
    found.update(_of_layers(schedule, first, last))
    for rotation in {rotation.name: rotation for rotation in rotations_of(schedule)}.values():
        found.update(_handoffs(rotation, since, until))
    if schedule.holidays:
        found.update(_of_holidays(schedule.holidays, first, last))
    if schedule.follow_the_sun:
        found.update(watch.since for watch in watches(schedule.follow_the_sun, first, last))
    return sorted(edge for edge in found if since < edge < until)


def rotations_of(schedule: Schedule) -> Iterator[Rotation]:
    """Every rotation that a schedule may ask."""
    yield from (layer.rotation for layer in schedule.layers)
    if sun := schedule.follow_the_sun:
        if sun.all_on_holiday:
            yield sun.all_on_holiday.rotation
        for leg in sun.legs:
            yield leg.rotation
            if isinstance(leg.on_holiday, StandIn):
                yield leg.on_holiday.rotation


def _of_overrides(schedule: Schedule, overrides: Iterable[Override]) -> Iterator[datetime]:
    for override in overrides:
        if schedule.name in override.schedules:
            yield override.start
            yield override.end


def _of_layers(schedule: Schedule, first: date, last: date) -> Iterator[datetime]:
    for layer in schedule.layers:
        for restriction in layer.restrictions:
            for window in windows(restriction, schedule.location, first - _APART, last):
                yield from window


def _of_holidays(holidays: Holidays, first: date, last: date) -> Iterator[datetime]:
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day in holidays.days:
            yield day_start(day, holidays.location)
            yield day_start(day + timedelta(days=1), holidays.location)


def _handoffs(rotation: Rotation, since: datetime, until: datetime) -> Iterator[datetime]:
    if len(rotation.users) == 1:
        return
    at = turn_at(rotation, since).until
    while at < until:
        yield at
        at = turn_at(rotation, at).until


_APART = timedelta(days=2)
"""More than two zones ever lie apart."""
