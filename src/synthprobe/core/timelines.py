"""Values that change at known instants, looked up in no time: who is on call through a year, whether an interval holds."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from synthprobe.core import intervals, oncall
from synthprobe.core.intervals import NamedInterval
from synthprobe.core.teams import Override, Schedule

T = TypeVar("T")


class Timeline(Struct, Generic[T], frozen=True):
    """From each start on, the value beside it, until the next; before the first start the first value."""

    starts: tuple[datetime, ...]
    values: tuple[T, ...]

    def at(self, instant: datetime) -> T:
        """The value at an instant."""
        return self.values[max(bisect_right(self.starts, instant) - 1, 0)]


def on_call_line(
    schedule: Schedule, overrides: Sequence[Override], since: datetime, until: datetime
) -> Timeline[tuple[str, ...]]:
    """Who is on call, by name."""
    parts = oncall.stretches(schedule, overrides, since, until)
    return joined((start, tuple(duty.user for duty in there)) for start, _, there in parts)


def interval_line(named: NamedInterval, since: datetime, until: datetime) -> Timeline[bool]:
    """Whether a time interval is active."""
    return joined(_changes(named, since, until, lambda at: intervals.active(named.intervals, at)))


def _changes(
    named: NamedInterval, since: datetime, until: datetime, value: Callable[[datetime], bool]
) -> Iterator[tuple[datetime, bool]]:
    at: datetime | None = since
    while at is not None and at < until:
        yield at, value(at)
        at = intervals.next_change(named.intervals, at)


def joined(parts: Iterator[tuple[datetime, T]]) -> Timeline[T]:
    """Parts in the order of their starts as one; what does not change from one to the next is one part."""
    starts: list[datetime] = []
    values: list[T] = []
    for start, value in parts:
        if not values or values[-1] != value:
            starts.append(start)
            values.append(value)
    return Timeline(tuple(starts), tuple(values))
