"""Starts by cron expression, where clocks change too; and the hours that leave slots out."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthprobe.core import crons
from synthprobe.core.hours import Stretch, stretches
from synthprobe.core.intervals import TimeInterval
from synthprobe.core.schedule import Times

OSLO = "Europe/Oslo"


def at(text: str) -> datetime:
    """An instant of 2026 in UTC: `03-29 01:00`."""
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        pytest.param("30 2 * * *", "03-27 12:00", ["03-28 01:30", "03-29 01:00", "03-30 00:30"], id="gap: once after it"),
        pytest.param("0,30 2 * * *", "03-28 12:00", ["03-29 01:00", "03-30 00:00"], id="two times in a gap: once"),
        pytest.param("30 2 * * *", "10-24 12:00", ["10-25 00:30", "10-26 01:30"], id="fold: the first time"),
        pytest.param("30 2 * * *", "10-25 00:45", ["10-26 01:30"], id="asked between the two: not again"),
        pytest.param("*/30 * * * *", "10-25 00:10", ["10-25 00:30", "10-25 01:00", "10-25 01:30"], id="every so many minutes: real time in a fold"),
        pytest.param("*/30 * * * *", "03-29 00:40", ["03-29 01:00", "03-29 01:30"], id="and through a gap"),
        pytest.param("*/5 8-20 * * mon-fri", "11-27 19:50", ["11-27 19:55", "11-30 07:00"], id="a weekend between"),
    ],
)  # fmt: skip
def test_when_clocks_change_a_start_is_neither_lost_nor_doubled(
    expression: str, after: str, expected: list[str]
) -> None:
    found = islice(crons.starts(expression, OSLO, at(after)), len(expected))
    assert list(found) == [at(each) for each in expected]


@given(
    st.sampled_from(["30 2 * * *", "*/20 1-3 * * *", "0 0 * * sun", "15,45 2 * 3,10 *"]),
    st.sampled_from([OSLO, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 60 * 24 * 9),
)
def test_however_time_is_cut_each_start_is_found_once(
    expression: str, zone: str, since: datetime, minutes: int
) -> None:
    until = since + timedelta(days=9)
    cut = since + timedelta(minutes=minutes)
    whole = crons.between(expression, zone, since, until)
    assert whole == (
        *crons.between(expression, zone, since, cut),
        *crons.between(expression, zone, cut, until),
    )
    assert list(whole) == sorted(set(whole))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("* * * *", "4 fields"),
        ("* * * * * *", "6 fields"),
        ("61 * * * *", "bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 * * noday", "bad day-of-week"),
        ("*/5 8-20 * * mon-fri", None),
    ],
)
def test_what_is_wrong_with_an_expression(expression: str, said: str | None) -> None:
    fault = crons.fault(expression)
    assert fault is None if said is None else said in (fault or "")


def test_nights_and_weekends_are_within_the_longest_distance_between_starts() -> None:
    expression = "*/5 8-20 * * mon-fri"
    assert crons.shortest(expression, OSLO) == timedelta(minutes=5)
    weekend = timedelta(hours=60)
    assert weekend < crons.longest(expression, OSLO) < weekend + timedelta(hours=2)


def test_a_start_right_when_hours_begin_is_open_and_right_when_they_end_is_not() -> None:
    office = (TimeInterval(times=((8 * 60, 18 * 60),), location="Europe/London"),)
    found = list(stretches(office, at("01-05 06:30"), at("01-05 20:00")))
    assert [each.open for each in found] == [False, True, False]
    hourly = Times("probe/emea", timedelta(hours=1), "0 * * * *")
    counts = [starts.count for each in found if (starts := hourly.between(each.since, each.until))]
    assert counts == [1, 10, 3]
    assert list(stretches(None, at("01-05 06:30"), at("01-05 20:00"))) == [
        Stretch(at("01-05 06:30"), at("01-05 20:00"), open=True)
    ]
