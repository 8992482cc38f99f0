"""When a check's slots start: every n × `every` + phase since the epoch, the phase from a hash of the check; or by `cron`.

A slot is named by its exact start, so two agents, or one before and after a restart, never disagree about which slot
an instant belongs to. All arithmetic is on whole microseconds of UTC; there is nothing to round, and local time only in
`crons.py`. Starts by `cron` have no phase: they are when the file says.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from synthprobe.core import crons

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Starts(Struct, frozen=True):
    """Consecutive slot starts, both ends included; of weeks of downtime too, at no cost."""

    first: datetime
    last: datetime
    count: int


class Times(Struct, frozen=True):
    """What decides when a check's slots start: `every`, unless there is a `cron` expression."""

    check: str
    every: timedelta
    """With `cron`: the shortest time between two starts."""
    cron: str = ""
    timezone: str = "UTC"

    def next_start(self, after: datetime) -> datetime:
        """The first slot start later than `after`."""
        if self.cron:
            return crons.next_start(self.cron, self.timezone, after)
        return next_start(self.check, self.every, after)

    def between(self, since: datetime, until: datetime) -> Starts | None:
        """The slot starts in (since, until]; None when there are none."""
        if not self.cron:
            return between(self.check, self.every, since, until)
        found = crons.between(self.cron, self.timezone, since, until)
        return Starts(found[0], found[-1], len(found)) if found else None


@lru_cache(maxsize=65_536)
def phase(check: str, every: timedelta) -> timedelta:
    """How far after a whole multiple of `every` this check's slots start: in [0, every), spread over checks."""
    digest = hashlib.sha256(check.encode()).digest()
    return timedelta(microseconds=int.from_bytes(digest[:8], "big") % _micros(every))


def next_start(check: str, every: timedelta, after: datetime) -> datetime:
    """The first slot start later than `after`."""
    return _start(check, every, _index(check, every, after) + 1)


def between(check: str, every: timedelta, since: datetime, until: datetime) -> Starts | None:
    """The slot starts in (since, until]; None when there are none."""
    first, last = _index(check, every, since) + 1, _index(check, every, until)
    if last < first:
        return None
    return Starts(_start(check, every, first), _start(check, every, last), last - first + 1)


def due(check: str, every: timedelta, since: datetime, now: datetime) -> tuple[datetime, ...]:
    """Every slot start in (since, now], oldest first."""
    starts = between(check, every, since, now)
    return tuple(starts.first + n * every for n in range(starts.count)) if starts else ()


def _index(check: str, every: timedelta, at: datetime) -> int:
    """The number n of the newest slot that has started at `at`."""
    return (_micros(at - EPOCH) - _micros(phase(check, every))) // _micros(every)


def _start(check: str, every: timedelta, index: int) -> datetime:
    return EPOCH + index * every + phase(check, every)


def _micros(span: timedelta) -> int:
    return span // MICROSECOND
