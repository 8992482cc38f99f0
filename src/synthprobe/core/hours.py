"""When a check runs at all: within `only`, its time intervals; outside them its slots are off."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.intervals import NamedInterval, TimeInterval, active, next_change

Hours: TypeAlias = tuple[TimeInterval, ...] | None
"""None: always."""

NEVER: Hours = ()
"""Of a check that is paused."""

_TICK = timedelta(microseconds=1)


def hours_of(only: tuple[str, ...], known: Mapping[str, NamedInterval]) -> Hours:
    """The hours that a file's `only` names; always where it names none, or the routes know none of them."""
    named = [known[name] for name in only if name in known]
    return tuple(interval for each in named for interval in each.intervals) if named else None


def always(_: object) -> Hours:
    """The hours of who has none."""
    return None


class Stretch(Struct, frozen=True):
    """A stretch of time (since, until] in which a check is open all the time, or closed all the time."""

    since: datetime
    until: datetime
    open: bool


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether a slot that starts at this instant is to be run."""
    return hours is None or active(hours, at)


def stretches(hours: Hours, since: datetime, until: datetime) -> Iterator[Stretch]:
    """(since, until] cut where hours begin and end, in order; a slot right at a change belongs to what begins there."""
    at = since
    while at < until:
        here = is_open(hours, at + _TICK)
        change = next_change(hours, at + _TICK) if hours is not None else None
        end = until if change is None else min(until, change - _TICK)
        yield Stretch(at, end, here)
        at = end
