"""Who is on call: holidays, legs that follow the sun, overrides, and the ends of a shift."""

from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

import pytest

from oncall_samples import at, names, rotation, schedule, spans, text, times
from synthprobe.core.oncall import holds_until, next_change, on_call, shifts
from synthprobe.core.teams import (
    FollowTheSun,
    Holidays,
    Layer,
    Leg,
    OnHoliday,
    Override,
    Schedule,
    Source,
    StandIn,
)

LONDON, SINGAPORE, NEW_YORK = "Europe/London", "Asia/Singapore", "America/New_York"
EMEA = rotation("ana", "ben", type="weekly", start="2026-01-05T08:00", location=LONDON)
APAC = rotation("chi", "dev", type="weekly", start="2026-01-05T08:00", location=SINGAPORE)
AMER = rotation("eli", "fay", type="weekly", start="2026-01-05T10:00", location=NEW_YORK)
SPARE = rotation("zoe")


def closed(*days: str, location: str = "UTC") -> Holidays:
    return Holidays("h", location, {date.fromisoformat(day): "" for day in days})


def around_the_world(
    *,
    apac: tuple[str, ...] = (),
    emea: tuple[str, ...] = (),
    amer: tuple[str, ...] = (),
    on_holiday: OnHoliday | StandIn = OnHoliday.PREVIOUS,
    all_on_holiday: StandIn | None = None,
) -> Schedule:
    legs = (
        Leg(time(8), SINGAPORE, APAC, closed(*apac), on_holiday),
        Leg(time(8), LONDON, EMEA, closed(*emea), on_holiday),
        Leg(time(10), NEW_YORK, AMER, closed(*amer), on_holiday),
    )
    return Schedule("s", follow_the_sun=FollowTheSun(legs, all_on_holiday))


def test_a_leg_lasts_until_the_next_one_starts_in_every_week_of_a_clock_change() -> None:
    # 2026-03-18: New York has changed its clocks, London has not. 2026-07-01: both. 2026-01-14: neither.
    for day, starts in {
        "2026-01-14": ["00:00", "08:00", "15:00"],
        "2026-03-18": ["00:00", "08:00", "14:00"],
        "2026-07-01": ["00:00", "07:00", "14:00"],
    }.items():
        found = spans(around_the_world(), f"{day}T00:00Z", f"{day}T23:00Z")
        assert [start[11:16] for start, _, _ in found] == starts
        assert [before[1] for before in found[:-1]] == [after[0] for after in found[1:]]


def test_a_closed_leg_stretches_the_one_before() -> None:
    sun = around_the_world(emea=("2026-12-28",))
    assert spans(sun, "2026-12-28T00:00Z", "2026-12-29T00:00Z") == [
        ("2026-12-28T00:00Z", "2026-12-28T08:00Z", "dev"),
        ("2026-12-28T08:00Z", "2026-12-28T15:00Z", "dev"),
        ("2026-12-28T15:00Z", "2026-12-29T00:00Z", "fay"),
    ]
    assert [shift.source for shift in on_call(sun, (), at("2026-12-28T10:00Z"))] == [Source.HOLIDAY]
    assert holds_until(sun, (), "dev", at("2026-12-28T01:00Z")) == at("2026-12-28T15:00Z")


def test_a_closed_leg_stretches_the_one_after_by_who_will_begin_it() -> None:
    # On Monday 2026-01-12 the turn of emea goes from ana to ben at 08:00 London, when its watch begins.
    sun = around_the_world(apac=("2026-01-12",), on_holiday=OnHoliday.NEXT)
    assert names(sun, "2026-01-12T01:00Z") == ["ben"]
    assert names(sun, "2026-01-11T23:59Z") == ["eli"]


def test_who_ends_the_leg_before_stays_though_its_rotation_would_hand_over() -> None:
    # The turn of amer goes from eli to fay on Monday 2026-01-12 at 15:00Z, in the closed watch of emea and its own.
    sun = around_the_world(apac=("2026-01-12",), emea=("2026-01-12",), amer=("2026-01-13",))
    assert names(sun, "2026-01-12T14:59Z") == ["eli"]
    assert names(sun, "2026-01-12T15:00Z") == ["fay"]


def test_two_closed_legs_in_a_row_are_stretched_over_from_beyond() -> None:
    sun = around_the_world(apac=("2026-06-10",), emea=("2026-06-10",))
    assert (
        names(sun, "2026-06-10T06:59Z") == names(sun, "2026-06-10T13:59Z") == names(sun, "2026-06-09T20:00Z")
    )


def test_another_rotation_can_stand_in() -> None:
    sun = around_the_world(emea=("2026-12-28",), on_holiday=StandIn(SPARE))
    assert names(sun, "2026-12-28T10:00Z") == ["zoe"]
    assert names(sun, "2026-12-28T15:00Z") == ["fay"]


def test_when_every_leg_is_closed_each_keeps_its_own_or_one_rotation_takes_all() -> None:
    day = ("2026-12-25",)
    keeping = around_the_world(apac=day, emea=day, amer=day)
    instants = ["2026-12-25T00:00Z", "2026-12-25T10:00Z", "2026-12-25T20:00Z"]
    assert [names(keeping, instant) for instant in instants] == [["chi"], ["ana"], ["eli"]]
    taken = around_the_world(apac=day, emea=day, amer=day, all_on_holiday=StandIn(SPARE))
    assert [names(taken, instant) for instant in instants] == [["zoe"]] * 3
    assert names(taken, "2026-12-26T00:00Z") == ["chi"]
    (shift,) = on_call(taken, (), at("2026-12-25T10:00Z"))
    assert shift.source is Source.ALL_ON_HOLIDAY
    assert (text(shift.since), text(shift.until)) == ("2026-12-25T00:00Z", "2026-12-26T00:00Z")


def test_a_leg_that_is_always_closed_falls_to_its_own_rotation_rather_than_to_nobody() -> None:
    every_day = {
        date.fromordinal(day): "" for day in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())
    }
    leg = Leg(time(8), LONDON, EMEA, Holidays("h", LONDON, every_day))
    assert names(Schedule("s", follow_the_sun=FollowTheSun((leg,))), "2026-06-01T12:00Z") == ["ben"]


def test_two_legs_that_begin_together_are_one_person_s() -> None:
    legs = (Leg(time(8), "UTC", SPARE), Leg(time(8), "Etc/GMT", rotation("yan")), Leg(time(20), "UTC", SPARE))
    sun = Schedule("s", follow_the_sun=FollowTheSun(legs))
    assert names(sun, "2026-06-01T08:00Z") == ["yan"]
    assert names(sun, "2026-06-01T20:00Z") == ["zoe"]


def test_a_holiday_empties_a_schedule_for_the_local_day_of_its_calendar() -> None:
    office = Schedule("s", LONDON, closed("2026-08-31", location=LONDON), (Layer(SPARE),))
    found = shifts(office, (), at("2026-08-30T00:00Z"), at("2026-09-02T00:00Z"))
    assert [(text(gap.since), text(gap.until)) for gap in found.gaps] == [
        ("2026-08-30T23:00Z", "2026-08-31T23:00Z")
    ]


def test_a_holiday_cuts_an_overnight_shift_at_midnight() -> None:
    nights = Schedule(
        "s", LONDON, closed("2026-12-25", location=LONDON), (Layer(SPARE, (times("20:00", "08:00"),)),)
    )
    assert spans(nights, "2026-12-24T12:00Z", "2026-12-26T12:00Z") == [
        ("2026-12-24T20:00Z", "2026-12-25T00:00Z", "zoe"),
        ("2026-12-26T00:00Z", "2026-12-26T08:00Z", "zoe"),
    ]


def test_a_clock_that_goes_back_over_midnight_does_not_begin_the_holiday_twice() -> None:
    # St John's, 2009-11-01: at 00:01 the clock went back to 23:01 of the day before.
    there = "America/St_Johns"
    office = Schedule("s", there, closed("2009-11-01", location=there), (Layer(SPARE),))
    found = shifts(office, (), at("2009-10-31T00:00Z"), at("2009-11-03T00:00Z"))
    assert [(text(gap.since), text(gap.until)) for gap in found.gaps] == [
        ("2009-11-01T02:30Z", "2009-11-02T03:30Z")
    ]


def override(start: str, end: str, *, add: str | None = None, remove: str | None = None) -> Override:
    return Override(("s",), at(start), at(end), add, remove)


def test_an_override_beats_a_holiday_and_adds_to_who_is_there() -> None:
    office = Schedule("s", "UTC", closed("2026-12-25"), (Layer(SPARE),))
    there = override("2026-12-25T08:00Z", "2026-12-26T12:00Z", add="ana")
    assert names(office, "2026-12-25T09:00Z", there) == ["ana"]
    assert names(office, "2026-12-26T09:00Z", there) == ["zoe", "ana"]
    assert [shift.source for shift in on_call(office, [there], at("2026-12-26T09:00Z"))] == [
        Source.ROTATION,
        Source.OVERRIDE,
    ]


def test_adding_who_is_on_call_already_changes_nothing() -> None:
    there = override("2026-01-01T00:00Z", "2026-01-02T00:00Z", add="zoe")
    assert spans(schedule(Layer(SPARE)), "2026-01-01T00:00Z", "2026-01-03T00:00Z", there) == [
        ("2026-01-01T00:00Z", "2026-01-03T00:00Z", "zoe")
    ]


def test_an_override_of_another_schedule_says_nothing_of_this_one() -> None:
    other = Override(("t",), at("2026-01-01T00:00Z"), at("2026-01-02T00:00Z"), remove="zoe")
    assert names(schedule(Layer(SPARE)), "2026-01-01T12:00Z", other) == ["zoe"]


def test_a_swap_acts_only_while_who_it_removes_is_on_call() -> None:
    office = schedule(Layer(SPARE, (times("08:00", "18:00"),)))
    swap = override("2026-01-01T00:00Z", "2026-01-01T12:00Z", add="ana", remove="zoe")
    assert spans(office, "2026-01-01T00:00Z", "2026-01-02T00:00Z", swap) == [
        ("2026-01-01T08:00Z", "2026-01-01T12:00Z", "ana"),
        ("2026-01-01T12:00Z", "2026-01-01T18:00Z", "zoe"),
    ]


def test_a_shift_s_ends_are_those_of_the_person_not_of_the_turn() -> None:
    (shift,) = on_call(schedule(Layer(rotation("ana", "ana", "ben"))), (), at("2026-01-01T12:00Z"))
    first = 2192 % 3  # 2020-01-01 to 2026-01-01 is 2192 days
    assert first == 2
    assert (shift.user, text(shift.since), text(shift.until)) == (
        "ben",
        "2026-01-01T00:00Z",
        "2026-01-02T00:00Z",
    )
    (shift,) = on_call(schedule(Layer(rotation("ana", "ana", "ben"))), (), at("2026-01-02T12:00Z"))
    assert (shift.user, text(shift.since), text(shift.until)) == (
        "ana",
        "2026-01-02T00:00Z",
        "2026-01-04T00:00Z",
    )


def test_who_is_always_on_call_has_a_shift_without_ends() -> None:
    (shift,) = on_call(schedule(Layer(SPARE)), (), at("2026-01-01T12:00Z"))
    assert (shift.since, shift.until) == (None, None)
    assert holds_until(schedule(Layer(SPARE)), (), "zoe", at("2026-01-01T12:00Z")) is None
    assert holds_until(schedule(Layer(SPARE)), (), "ana", at("2026-01-01T12:00Z")) == at("2026-01-01T12:00Z")


def test_the_next_change_is_when_other_people_are_on_call() -> None:
    sun = around_the_world(emea=("2026-12-28",))
    assert next_change(sun, (), at("2026-12-28T01:00Z")) == at("2026-12-28T15:00Z")


@dataclass
class Monthly:
    start: str
    starts: list[str]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Monthly("2026-01-31T08:00", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]), id="31st"
        ),
        pytest.param(Monthly("2024-02-29T08:00", ["2026-01-29", "2026-02-28", "2026-03-29"]), id="leap day"),
    ],
)
def test_a_month_without_the_day_hands_over_on_its_last(case: Monthly) -> None:
    both = schedule(Layer(rotation("ana", "ben", type="monthly", start=case.start)))
    found = spans(both, f"{case.starts[0]}T08:00Z", f"{case.starts[-1]}T08:00Z")
    assert [start[:10] for start, _, _ in found] == case.starts[:-1]
    assert all(before != after for (_, _, before), (_, _, after) in pairwise(found))
