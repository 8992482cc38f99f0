"""A time interval as files write it → its core value, with Alertmanager's rules and words (timeinterval.go)."""

import re
from collections.abc import Callable, Iterable
from functools import partial

from synthprobe.core.intervals import Range, TimeInterval
from synthprobe.files.mutes_shape import TimeIntervalFile, TimesFile
from synthprobe.files.shapes import given

Read = Callable[[str | int], Range]


def time_interval(file: TimeIntervalFile) -> TimeInterval:
    """The interval. Raises ValueError with the first thing that is wrong with it."""
    return TimeInterval(
        times=tuple(map(times, given(file.times, []))),
        weekdays=_ranges(weekdays, given(file.weekdays, [])),
        days_of_month=_ranges(days_of_month, given(file.days_of_month, [])),
        months=_ranges(months, given(file.months, [])),
        years=_ranges(years, given(file.years, [])),
        location=given(file.location, "UTC"),
    )


def times(file: TimesFile) -> Range:
    """Minutes of the day, the last excluded. Raises ValueError."""
    if not isinstance(file.start_time, str) or not isinstance(file.end_time, str):
        raise ValueError("both start and end times must be provided")
    first, last = _minute(file.start_time), _minute(file.end_time)
    if first >= last:
        raise ValueError("start time cannot be equal or greater than end time")
    return first, last


def weekdays(text: str | int) -> Range:
    """Days of the week, Sunday is 0. Raises ValueError."""
    first, last = _range(text, partial(_named, _WEEKDAYS, noun="weekday"))
    if first > last:
        raise ValueError("start day cannot be before end day")
    return first, last


def days_of_month(text: str | int) -> Range:
    """Days of the month. Raises ValueError."""
    first, last = _range(text, partial(_number, noun="day of the month"))
    for day in (first, last):
        if not 1 <= abs(day) <= 31:
            raise ValueError(f"{day} is not a valid day of the month: out of range")
    if first < 0 < last:
        raise ValueError("end day must be negative if start day is negative")
    # Lengths differ: what is backwards in the shortest month is refused.
    if (28 + first if first < 0 else first) > (28 + last if last < 0 else last):
        raise ValueError(f"end day {last} is always before start day {first}")
    return first, last


def months(text: str | int) -> Range:
    """Months, January is 1. Raises ValueError."""
    first, last = _range(text, partial(_named, _MONTHS, noun="month"))
    if first > last:
        raise ValueError(f"end month {last} is before start month {first}")
    return first, last


def years(text: str | int) -> Range:
    """Years. Raises ValueError."""
    first, last = _range(text, partial(_number, noun="year"))
    if first > last:
        raise ValueError(f"end year {last} is before start year {first}")
    return first, last


_WEEKDAYS = {
    name: number
    for number, name in enumerate(
        ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    )
}
_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)} | {
    str(number): number for number in range(1, 13)
}
_CLOCK = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")


def _ranges(read: Read, texts: Iterable[str | int]) -> tuple[Range, ...]:
    return tuple(map(read, texts))


def _range(text: str | int, read: Callable[[str], int]) -> Range:
    parts = str(text).lower().split(":")
    if len(parts) > 2:
        raise ValueError(f"couldn't parse range {text}, invalid format")
    return read(parts[0]), read(parts[-1])


def _named(known: dict[str, int], text: str, *, noun: str) -> int:
    if text not in known:
        raise ValueError(f"{text} is not a valid {noun}")
    return known[text]


def _number(text: str, *, noun: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,4}", text):
        raise ValueError(f"{text} is not a valid {noun}")
    return int(text)


def _minute(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    if not found:
        raise ValueError(f"couldn't parse timestamp {text}, invalid format")
    hours, minutes = (int(part) for part in found.groups() if part is not None)
    return hours * 60 + minutes
