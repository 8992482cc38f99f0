"""Cron expressions of five fields in a time zone, by Debian's rules (cron(8)) where clocks change.

A job at set times (`30 2 * * *`) whose time falls into a gap starts once, at the first instant after it; one whose time
comes twice starts at the first. A job whose minutes or hours begin with `*` goes by real time: `*/5 * * * *` starts every
five minutes through both.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

from synthprobe.core.wallclock import zone

FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")

_SAMPLE_FROM = datetime(2024, 1, 1, tzinfo=UTC)
_SAMPLED = 800
"""Starts from which distances are taken: a month and more of hours, years of days."""


def fault(expression: str) -> str | None:
    """What is wrong with an expression, if anything is."""
    count = len(expression.split())
    if count != len(FIELDS):
        return f"it has {count} field{'' if count == 1 else 's'}, not the five {', '.join(FIELDS)}"
    try:
        next(CronSim(expression, _SAMPLE_FROM))
    except CronSimError as error:
        return str(error).lower()
    except StopIteration:
        return "it never comes"
    return None


def starts(expression: str, timezone: str, after: datetime) -> Iterator[datetime]:
    """Every start later than `after`, in UTC, the earliest first."""
    last = after
    # A start that was moved behind a gap may come from before it: begin a little earlier.
    for local in CronSim(expression, (after - _GAP).astimezone(zone(timezone))):
        start = local.astimezone(UTC)
        if start > last:
            last = start
            yield start


_GAP = timedelta(hours=3)


@lru_cache(maxsize=4096)
def next_start(expression: str, timezone: str, after: datetime) -> datetime:
    """The first start later than `after`."""
    return next(starts(expression, timezone, after))


def between(expression: str, timezone: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
    """The starts in (since, until], the earliest first."""
    found = []
    for start in starts(expression, timezone, since):
        if start > until:
            break
        found.append(start)
    return tuple(found)


@lru_cache(maxsize=1024)
def shortest(expression: str, timezone: str) -> timedelta:
    """The shortest time between two starts."""
    return min(_distances(expression, timezone, _SAMPLED // 4))


@lru_cache(maxsize=1024)
def longest(expression: str, timezone: str) -> timedelta:
    """The longest time between two starts, or an hour more: nights and weekends without starts are within it."""
    minute, rest = expression.split(maxsplit=1)
    hourly = expression if minute.isdigit() else f"0 {rest}"
    return max(_distances(hourly, timezone, _SAMPLED)) + _HOUR


_HOUR = timedelta(hours=1)


def _distances(expression: str, timezone: str, count: int) -> Iterator[timedelta]:
    found = islice(starts(expression, timezone, _SAMPLE_FROM), count)
    return (later - earlier for earlier, later in pairwise(found))
