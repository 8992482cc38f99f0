"""Time intervals, Alertmanager's: a test of the wall clock in a location, and when its answer next changes.

All fields of an interval must hold, one entry of each is enough (timeinterval/timeinterval.go). Since the wall clock
is asked, minutes in a DST gap never match and those in a fold match twice. Ends of times are excluded, all others
are included; negative days of the month count from its end.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from synthprobe.core.wallclock import zone

Range: TypeAlias = tuple[int, int]
"""First and last; of times, minutes of the day of which the last is excluded."""

HORIZON = timedelta(days=366 * 5)
"""How far ahead a change is looked for: an interval that changes later is taken to never change."""


class TimeInterval(Struct, frozen=True):
    """When something holds: of each field that is given, one entry must."""

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    """Sunday is 0."""
    days_of_month: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    location: str = "UTC"


class NamedInterval(Struct, frozen=True):
    """An entry of `time_intervals` in routes.yaml: active while any of its intervals is."""

    name: str
    intervals: tuple[TimeInterval, ...] = ()


def active(intervals: Iterable[TimeInterval], at: datetime) -> bool:
    """Whether any of the intervals holds at this instant; none of them never does."""
    return any(_holds(interval, at.astimezone(zone(interval.location))) for interval in intervals)


def next_change(intervals: Iterable[TimeInterval], at: datetime) -> datetime | None:
    """The first instant after `at` at which `active` answers otherwise; None when there is none in five years."""
    # Answers only change at full minutes, so that those who ask within one share the search.
    minute = at.astimezone(UTC).replace(second=0, microsecond=0)
    return _next_change(tuple(intervals), minute)


@lru_cache(maxsize=1024)
def _next_change(intervals: tuple[TimeInterval, ...], minute: datetime) -> datetime | None:
    before = active(intervals, minute)
    if not any(_is_limited(interval) for interval in intervals):
        return None
    for instant in _candidates(intervals, minute, minute + HORIZON, skip_empty=not before):
        if active(intervals, instant) != before:
            return instant
    return None


def _candidates(
    intervals: tuple[TimeInterval, ...], since: datetime, until: datetime, *, skip_empty: bool
) -> Iterator[datetime]:
    """Every instant in (since, until] at which an interval may begin or end, in order, a UTC day at a time."""
    start = since
    while start < until:
        end = start.replace(hour=0, minute=0) + timedelta(days=1)
        found: set[datetime] = set()
        for interval in intervals:
            found.update(_changes(interval, start, end, skip_empty=skip_empty))
        yield from sorted(instant for instant in found if start < instant <= end)
        start = end


def _changes(
    interval: TimeInterval, start: datetime, end: datetime, *, skip_empty: bool
) -> Iterator[datetime]:
    there = zone(interval.location)
    first, last = start.astimezone(there), end.astimezone(there)
    days = {first.date(), (first + (last - first) / 2).date(), last.date()}
    if skip_empty and not any(_holds_on(interval, day) for day in days):
        return
    minutes = {0, *(minute for span in interval.times for minute in span)}
    for day in days:
        midnight = datetime(day.year, day.month, day.day, tzinfo=there)
        for minute in minutes:
            for fold in (0, 1):
                yield (midnight + timedelta(minutes=minute)).replace(fold=fold).astimezone(UTC)
    if first.utcoffset() != last.utcoffset():
        yield _shift(there, start, end)


def _shift(there: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """When the zone's offset changes between two instants, to the minute."""
    before, low, high = start.astimezone(there).utcoffset(), 0, int((end - start) / timedelta(minutes=1))
    while high - low > 1:
        middle = (low + high) // 2
        same = (start + timedelta(minutes=middle)).astimezone(there).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return start + timedelta(minutes=high)


def _holds(interval: TimeInterval, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    in_time = not interval.times or any(first <= minute < last for first, last in interval.times)
    return in_time and _holds_on(interval, local.date())


def _holds_on(interval: TimeInterval, day: date) -> bool:
    return (
        _within(interval.weekdays, day.isoweekday() % 7)
        and _within(interval.months, day.month)
        and _within(interval.years, day.year)
        and (not interval.days_of_month or any(_holds_in_month(span, day) for span in interval.days_of_month))
    )


def _holds_in_month(span: Range, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    first, last = (length + number + 1 if number < 0 else number for number in span)
    # A range that begins after the month's end is no range of this month; one that ends after it is cut off.
    return first <= length and max(first, -length) <= day.day <= min(last, length)


def _within(spans: tuple[Range, ...], number: int) -> bool:
    return not spans or any(first <= number <= last for first, last in spans)


def _is_limited(interval: TimeInterval) -> bool:
    return any((interval.times, interval.weekdays, interval.days_of_month, interval.months, interval.years))
