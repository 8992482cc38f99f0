"""Who is on call: one pure function, asked by the pager, the pages, the calendar feeds and the command line.

`duties` says who is on call at an instant, and why. Everything else is made of it: a shift is a time in which its answer
about one person stays the same, so its ends are looked for only where the answer can change (`core/edges.py`).

Overrides beat everything. Then, of layers the later wins, and a holiday of the schedule's calendar empties its local
day; legs that follow the sun are in `core/sun.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from synthprobe.core.edges import edges
from synthprobe.core.restrictions import is_within
from synthprobe.core.rotations import turn_at
from synthprobe.core.sun import sun_duty
from synthprobe.core.teams import Duty, Override, Schedule, Source
from synthprobe.core.wallclock import local_day

FARTHEST = timedelta(days=400)
"""How far the ends of a shift are looked for; one that lasts longer has none."""


class Shift(Struct, frozen=True):
    """That somebody is on call in [since, until), for one reason; None where it lasts longer than is looked at."""

    user: str
    since: datetime | None
    until: datetime | None
    source: Source


class Gap(Struct, frozen=True):
    """That nobody is on call in [since, until)."""

    since: datetime
    until: datetime


class Shifts(Struct, frozen=True):
    """Who is on call in a range of time, cut off at its ends, and when nobody is."""

    shifts: tuple[Shift, ...]
    gaps: tuple[Gap, ...]


def on_call(schedule: Schedule, overrides: Sequence[Override], at: datetime) -> tuple[Shift, ...]:
    """Who is on call at an instant, since and until when."""
    return tuple(
        Shift(
            duty.user,
            _begin(schedule, overrides, at, duty),
            _end(schedule, overrides, at, lambda there, duty=duty: duty in there),  # type: ignore[misc]
            duty.source,
        )
        for duty in duties(schedule, overrides, at)
    )


def duties(schedule: Schedule, overrides: Sequence[Override], at: datetime) -> tuple[Duty, ...]:
    """Who is on call at an instant, and why: nobody, one person, or more where an override adds somebody."""
    found = list(_planned(schedule, at))
    for override in overrides:
        if schedule.name in override.schedules and override.start <= at < override.end:
            _overrule(found, override)
    return tuple(found)


def shifts(schedule: Schedule, overrides: Sequence[Override], since: datetime, until: datetime) -> Shifts:
    """Who is on call in [since, until), by beginning, and the gaps."""
    ended: list[tuple[datetime, datetime, Duty]] = []
    gaps: list[Gap] = []
    running: dict[Duty, datetime] = {}
    for start, end, there in stretches(schedule, overrides, since, until):
        for duty in [duty for duty in running if duty not in there]:
            ended.append((running.pop(duty), start, duty))
        running.update({duty: start for duty in there if duty not in running})
        if not there:
            joined = gaps.pop().since if gaps and gaps[-1].until == start else start
            gaps.append(Gap(joined, end))
    ended += [(start, until, duty) for duty, start in running.items()]
    ended.sort(key=lambda shift: shift[:2])
    return Shifts(tuple(Shift(duty.user, start, end, duty.source) for start, end, duty in ended), tuple(gaps))


def stretches(
    schedule: Schedule, overrides: Sequence[Override], since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, tuple[Duty, ...]]]:
    """The range cut at every edge, with who is on call in each part."""
    start = since
    for end in (*edges(schedule, overrides, since, until), until):
        yield start, end, duties(schedule, overrides, start)
        start = end


def holds_until(
    schedule: Schedule, overrides: Sequence[Override], user: str, at: datetime
) -> datetime | None:
    """When somebody stops being on call, for whatever reasons they are; `at` itself if they are not, None for "not soon"."""
    return _end(schedule, overrides, at, lambda there: any(duty.user == user for duty in there))


def next_change(schedule: Schedule, overrides: Sequence[Override], at: datetime) -> datetime | None:
    """When other people will be on call than now: the next handoff; None for "not soon"."""
    now = {duty.user for duty in duties(schedule, overrides, at)}
    return _end(schedule, overrides, at, lambda there: {duty.user for duty in there} == now)


def _planned(schedule: Schedule, at: datetime) -> Iterator[Duty]:
    """Who is on call without overrides."""
    if schedule.follow_the_sun:
        yield sun_duty(schedule.follow_the_sun, at)
        return
    if schedule.holidays and local_day(at, schedule.holidays.location) in schedule.holidays.days:
        return
    for layer in reversed(schedule.layers):
        if is_within(layer.restrictions, at, schedule.location):
            yield Duty(turn_at(layer.rotation, at).user, Source.ROTATION)
            return


def _overrule(found: list[Duty], override: Override) -> None:
    """Let one override act on who is on call; a swap acts only where the person it removes is."""
    removed = [duty for duty in found if duty.user == override.remove]
    if override.remove is not None and not removed:
        return
    for duty in removed:
        found.remove(duty)
    if override.add is not None and all(duty.user != override.add for duty in found):
        found.append(Duty(override.add, Source.OVERRIDE))


def _end(
    schedule: Schedule,
    overrides: Sequence[Override],
    at: datetime,
    holds: Callable[[tuple[Duty, ...]], bool],
) -> datetime | None:
    """The first instant from `at` on at which it no longer holds; looked for in longer and longer ranges."""
    since = at
    for reach in _REACHES:
        for start, _, there in stretches(schedule, overrides, since, at + reach):
            if not holds(there):
                return start
        since = at + reach
    return None


def _begin(schedule: Schedule, overrides: Sequence[Override], at: datetime, duty: Duty) -> datetime | None:
    """The instant up to which, back from `at`, somebody was on call for the same reason all the time."""
    until = at
    for reach in _REACHES:
        found = list(stretches(schedule, overrides, at - reach, until))
        for _, end, there in reversed(found):
            if duty not in there:
                return end
        until = at - reach
    return None


_REACHES = (timedelta(days=2), timedelta(days=8), timedelta(days=40), FARTHEST)
