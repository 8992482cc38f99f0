"""Whole years, clock changes included, against an oracle that knows no time zone arithmetic: it watches a wall clock.

The oracle walks the year in small steps. What begins at a wall time has begun once the clock has ever shown that time or
a later one; what ends at a wall time has ended once the clock will never again show an earlier one. So gaps and folds
need no rule of their own. `make test` walks the hours around each change, `make test-all` three whole
years, `make soak` the other seven.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest

from oncall_samples import rotation, times
from synthprobe.core.oncall import duties, shifts
from synthprobe.core.rotations import turn_at
from synthprobe.core.teams import (
    Duty,
    FollowTheSun,
    Layer,
    Leg,
    Restriction,
    Rotation,
    RotationType,
    Schedule,
    Source,
)

YEARS = [
    ("Australia/Lord_Howe", 2026),
    ("America/Chicago", 2026),
    ("Europe/London", 2026),
    ("Africa/Cairo", 2026),
    ("Africa/Casablanca", 2026),
    ("Pacific/Apia", 2011),
    ("Pacific/Apia", 2026),
    ("Asia/Kathmandu", 2026),
    ("America/Sao_Paulo", 2018),
    ("America/Sao_Paulo", 2026),
]
STRANGEST = (("Australia/Lord_Howe", 2026), ("Africa/Cairo", 2026), ("Pacific/Apia", 2011))
"""Half an hour's change, a gap at midnight, and a day that was left out: whole in `make test-all`; the others in `make soak`."""
STEP, MOMENT = timedelta(minutes=15), timedelta(microseconds=1)


class WallClock:
    """A year of one zone's clock, in steps, with a month before and after it."""

    def __init__(self, zone: str, year: int) -> None:
        start = datetime(year - 1, 12, 1, tzinfo=UTC)
        count = (datetime(year + 1, 2, 1, tzinfo=UTC) - start) // STEP
        self.instants = [start + index * STEP for index in range(count)]
        self.shown = [instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for instant in self.instants]
        self.latest = list(accumulate(self.shown, max))
        """The latest wall time shown so far."""
        self.earliest = list(accumulate(reversed(self.shown), min))[::-1]
        """The earliest wall time still to be shown."""
        inside = [index for index, instant in enumerate(self.instants) if instant.year == year]
        self.year = range(inside[0], inside[-1] + 1)

    def changes(self) -> list[int]:
        """Where the clock jumps."""
        return [i for i in self.year if self.shown[i] - self.shown[i - 1] != STEP]

    def near_changes(self) -> list[int]:
        """Some hours on either side of each jump; of midsummer where the clock never jumps."""
        half = timedelta(hours=8) // STEP
        jumps = self.changes() or [self.year[len(self.year) // 2]]
        return sorted({i for jump in jumps for i in range(jump - half, jump + half) if i in self.year})


@lru_cache(maxsize=16)
def clock_of(zone: str, year: int) -> WallClock:
    return WallClock(zone, year)


def begun(clock: WallClock, index: int, wall: datetime) -> bool:
    return clock.latest[index] >= wall


def ended(clock: WallClock, index: int, wall: datetime) -> bool:
    return clock.earliest[index] >= wall


def expected_turn(rotation: Rotation, clock: WallClock, index: int) -> int:
    """Counted on the latest wall time that was shown: turns never go back."""
    wall = clock.latest[index]
    if rotation.type is RotationType.MONTHLY:
        months = (wall.year - rotation.start.year) * 12 + wall.month - rotation.start.month
        has_begun = (wall.day, wall.time()) >= (rotation.start.day, rotation.start.time())
        return (months if has_begun else months - 1) // rotation.length
    hours = {"hourly": 1, "daily": 24, "weekly": 168}[rotation.type.value] * rotation.length
    return int((wall - rotation.start).total_seconds() // 3600) // hours


def is_expected(restriction: Restriction, clock: WallClock, index: int) -> bool:
    today = clock.shown[index].date()
    for day in (today + timedelta(days=offset) for offset in range(-3, 2)):
        end_day = day if restriction.end > restriction.start else day + timedelta(days=1)
        if (
            day.weekday() in restriction.weekdays
            and begun(clock, index, datetime.combine(day, restriction.start))
            and not ended(clock, index, datetime.combine(end_day, restriction.end))
        ):
            return True
    return False


def rotations(zone: str) -> Iterator[Rotation]:
    for kind, start, length in [
        ("hourly", "2009-12-30T00:30", 1),
        ("hourly", "2030-12-30T00:30", 5),
        ("daily", "2010-06-01T02:15", 1),
        ("daily", "2010-06-01T00:00", 3),
        ("weekly", "2010-01-03T02:30", 1),
        ("weekly", "2010-01-01T00:00", 2),
        ("monthly", "2010-02-25T01:45", 1),
    ]:
        yield rotation("a", "b", "c", type=kind, start=start, location=zone, length=length)


def layered(zone: str) -> Schedule:
    """One rotation always, and others over it at times that clock changes hit, over midnight, and for whole days."""
    users = rotation("x", "y", type="weekly", start="2010-01-04T09:00", location=zone)
    over = [
        (times("22:00", "01:45"), rotation("nights", location=zone)),
        (times("02:15", "02:45", "SaSu"), rotation("gaps", location=zone)),
        (times("00:00", "00:00", "Fr"), rotation("fridays", location=zone)),
        (times("00:15", "00:45"), rotation("midnights", location=zone)),
    ]
    return Schedule("s", zone, layers=(Layer(users), *(Layer(who, (when,)) for when, who in over)))


def sun(zone: str) -> FollowTheSun:
    return FollowTheSun(
        (
            Leg(time(2, 15), zone, rotation("here")),
            Leg(time(8), "Europe/London", rotation("london")),
            Leg(time(0, 30), "Africa/Cairo", rotation("cairo")),
        )
    )


def expected_layer(schedule: Schedule, clock: WallClock, index: int) -> str:
    for layer in reversed(schedule.layers):
        if not layer.restrictions or any(is_expected(rule, clock, index) for rule in layer.restrictions):
            users = layer.rotation.users
            return users[expected_turn(layer.rotation, clock, index) % len(users)]
    raise AssertionError("the first layer always holds")


def expected_leg(sun: FollowTheSun, year: int, index: int) -> str:
    """Whose start was shown last, by their own clocks."""
    best = (-1, "")
    for leg in sun.legs:
        clock = clock_of(leg.location, year)
        wall = datetime.combine(clock.latest[index].date(), leg.start)
        day = wall if begun(clock, index, wall) else wall - timedelta(days=1)
        since = bisect_left(clock.latest, day)
        best = max(best, (since, leg.rotation.users[0]))
    return best[1]


def check_turns(zone: str, year: int, steps: list[int]) -> None:
    clock = clock_of(zone, year)
    for turning in rotations(zone):
        for index in steps:
            turn = turn_at(turning, clock.instants[index])
            assert turn.number == expected_turn(turning, clock, index), (turning, clock.instants[index])
            assert turn.since <= clock.instants[index] < turn.until
            assert turn_at(turning, turn.since - MOMENT).until <= turn.since
            after = turn_at(turning, turn.until)
            # A turn of which the clock shows nothing is nobody's; else turns advance by one.
            lost = after.number - turn.number - 1
            place = bisect_left(clock.instants, turn.until)
            assert lost == 0 or clock.latest[place] - clock.latest[place - 1] > STEP, turning


def check_schedules(zone: str, year: int, steps: list[int]) -> None:
    clock = clock_of(zone, year)
    plan, around = layered(zone), Schedule("s", follow_the_sun=sun(zone))
    for index in steps:
        instant = clock.instants[index]
        assert duties(plan, (), instant) == (Duty(expected_layer(plan, clock, index), Source.ROTATION),), (
            instant
        )
        expected = Duty(expected_leg(sun(zone), year, index), Source.ROTATION)
        assert duties(around, (), instant) == (expected,), instant


def check_shifts(zone: str, year: int, steps: list[int]) -> None:
    """Shifts are looked for at edges only: none may be missed, and nobody is left out between them."""
    clock, plan = clock_of(zone, year), layered(zone)
    for first, last in runs(steps):
        held = [expected_layer(plan, clock, index) for index in range(first, last)]
        starts = [0, *(i for i in range(1, len(held)) if held[i] != held[i - 1]), len(held)]
        expected = [
            (clock.instants[first + start], clock.instants[first + end], held[start])
            for start, end in pairwise(starts)
        ]
        found = shifts(plan, (), clock.instants[first], clock.instants[last])
        assert [(shift.since, shift.until, shift.user) for shift in found.shifts] == expected
        assert found.gaps == ()


def runs(steps: list[int]) -> Iterator[tuple[int, int]]:
    """The unbroken ranges of steps."""
    starts = [steps[0], *(after for before, after in pairwise(steps) if after != before + 1)]
    ends = [before for before, after in pairwise(steps) if after != before + 1] + [steps[-1]]
    return zip(starts, ends, strict=True)


CHECKS = [check_turns, check_schedules, check_shifts]


@pytest.mark.parametrize(("zone", "year"), YEARS)
@pytest.mark.parametrize("check", CHECKS)
def test_around_each_clock_change_exactly_one_person_is_on_call(
    check: Callable[[str, int, list[int]], None], zone: str, year: int
) -> None:
    check(zone, year, clock_of(zone, year).near_changes())


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("zone", "year"),
    [
        pytest.param(*year, marks=pytest.mark.long if year in STRANGEST else pytest.mark.soak)
        for year in YEARS
    ],
)
@pytest.mark.parametrize("check", CHECKS)
def test_through_whole_years_exactly_one_person_is_on_call(
    check: Callable[[str, int, list[int]], None], zone: str, year: int
) -> None:
    check(zone, year, list(clock_of(zone, year).year))


def test_the_year_that_apia_lost_a_day_has_a_day_of_which_nothing_was_shown() -> None:
    clock = clock_of("Pacific/Apia", 2011)
    shown = {instant.date().isoformat() for instant in clock.shown}
    assert "2011-12-30" not in shown
    assert len(clock.changes()) == 3
