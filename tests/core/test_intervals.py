"""Time intervals are Alertmanager's wall-clock test, and the next change of their answer is found across clock changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from case_files import cases
from synthprobe.core.intervals import TimeInterval, active, next_change
from synthprobe.files.intervals import time_interval
from synthprobe.files.mutes_shape import TimeIntervalFile


def read(raw: dict[str, Any]) -> TimeInterval:
    return time_interval(msgspec.convert(raw, TimeIntervalFile))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("case", cases("mutes.yaml", "intervals"))
def test_an_interval_is_active_when_alertmanager_s_is(case: dict[str, Any]) -> None:
    intervals = tuple(map(read, case["intervals"]))
    asked = [*case["active"], *case["inactive"]]
    assert [at for at in asked if active(intervals, instant(at))] == case["active"]


@pytest.mark.parametrize("case", cases("mutes.yaml", "windows"))
def test_the_next_change_is_where_the_answer_changes(case: dict[str, Any]) -> None:
    interval, at = read(case["interval"]), instant(case["since"])
    for expected in case["changes"]:
        found = next_change([interval], at)
        assert found == (instant(expected) if expected else None)
        at = found or at


ZONES = [
    "UTC",
    "Australia/Lord_Howe",
    "America/Chicago",
    "Europe/London",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
]
CHANGES = [
    "2011-12-28",
    "2018-02-16",
    "2018-11-02",
    "2026-02-13",
    "2026-03-07",
    "2026-03-28",
    "2026-04-23",
    "2026-10-31",
]


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=4)
@given(st.data())
def test_changes_are_those_that_asking_each_minute_finds(zone: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, 1439))
    span = (first, data.draw(st.integers(first + 1, 1440)))
    weekdays = data.draw(st.sampled_from([(), ((1, 5),), ((0, 0), (6, 6))]))
    intervals = (TimeInterval(times=(span,), weekdays=weekdays, location=zone),)
    day = datetime.fromisoformat(data.draw(st.sampled_from(CHANGES)))
    start = day.replace(tzinfo=UTC) + timedelta(hours=data.draw(st.integers(0, 36)))
    minutes = [start + timedelta(minutes=minute) for minute in range(2 * 1440)]
    answers = [active(intervals, at) for at in minutes]
    seen = [at for at, before, now in zip(minutes[1:], answers, answers[1:], strict=False) if before != now]
    found, at = [], start
    while (change := next_change(intervals, at)) and change <= minutes[-1]:
        found.append(change)
        at = change
    assert found == seen


def test_an_instant_within_a_minute_counts_as_that_minute() -> None:
    interval = TimeInterval(times=((60, 120),))
    at = datetime(2026, 7, 1, 0, 59, 59, 999_999, UTC)
    assert (active([interval], at), next_change([interval], at)) == (
        False,
        datetime(2026, 7, 1, 1, tzinfo=UTC),
    )
