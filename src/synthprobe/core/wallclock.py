"""Wall time in a zone → an instant, where clocks change, too: GoAlert's rule (util/timeutil/clock_test.go).

What begins at a wall time begins at its first occurrence, what ends there ends at its last. A wall time inside a gap is
the first instant after the gap. Both are found by comparing fold 0 and fold 1, whatever the zone does at midnight.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def first_instant(wall: datetime, location: str) -> datetime:
    """The instant, in UTC, at which a naive local time occurs first."""
    return _instants(wall, location)[0]


def last_instant(wall: datetime, location: str) -> datetime:
    """The instant, in UTC, at which a naive local time occurs last."""
    return _instants(wall, location)[1]


def day_start(day: date, location: str) -> datetime:
    """The instant at which a local day begins: midnight, or the first instant after it where that does not exist."""
    return first_instant(datetime.combine(day, time()), location)


def local_day(at: datetime, location: str) -> date:
    """The local date at an instant; where a clock goes back over midnight, the new day has begun already."""
    day = wall_time(at, location).date()
    tomorrow = day + timedelta(days=1)
    return tomorrow if day_start(tomorrow, location) <= at else day


def wall_time(at: datetime, location: str) -> datetime:
    """The naive local time at an instant."""
    return at.astimezone(zone(location)).replace(tzinfo=None, fold=0)


def clock(at: datetime, location: str) -> str:
    """The time of day in UTC, and on the clock of whoever reads it where that is another: `00:00 UTC (Tue 20:00 …)`."""
    told = f"{at.astimezone(UTC):%H:%M} UTC"
    if location in ("", "UTC"):
        return told
    there = at.astimezone(zone(location))
    day = "" if there.date() == at.astimezone(UTC).date() else f"{there:%a} "
    return f"{told} ({day}{there:%H:%M} {location})"


@lru_cache(maxsize=1024)
def zone(location: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    return ZoneInfo(location)


@lru_cache(maxsize=65_536)
def _instants(wall: datetime, location: str) -> tuple[datetime, datetime]:
    early, late = (wall.replace(tzinfo=zone(location), fold=fold).astimezone(UTC) for fold in (0, 1))
    if late < early:
        change = _change(late, early, location)
        return change, change
    return early, late


def _change(low: datetime, high: datetime, location: str) -> datetime:
    """The instant in (low, high] from which on the offset is that of `high`."""
    there = zone(location)
    after = high.astimezone(there).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2 // _SECOND * _SECOND
        if middle.astimezone(there).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


_SECOND = timedelta(seconds=1)
