"""Weekly times of a layer: from the first occurrence of their start to the last of their end, whatever clocks do between.

One whose end is not later than its start ends on the next day and belongs to the day it begins on; 24 hours where equal.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from synthprobe.core.teams import Restriction
from synthprobe.core.wallclock import first_instant, last_instant, local_day


def is_within(restrictions: tuple[Restriction, ...], at: datetime, location: str) -> bool:
    """Whether one of the restrictions holds at an instant; where there is none, nothing is restricted."""
    if not restrictions:
        return True
    today = local_day(at, location)
    spans = (
        span
        for restriction in restrictions
        for span in windows(restriction, location, today - _LONGEST, today)
    )
    return any(since <= at < until for since, until in spans)


def windows(
    restriction: Restriction, location: str, first: date, last: date
) -> Iterator[tuple[datetime, datetime]]:
    """The times that begin on the days from `first` to `last`."""
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day.weekday() in restriction.weekdays:
            end = day + timedelta(days=1) if restriction.end <= restriction.start else day
            yield (
                first_instant(datetime.combine(day, restriction.start), location),
                last_instant(datetime.combine(end, restriction.end), location),
            )


_LONGEST = timedelta(days=2)
"""How long ago the day may have begun whose time still lasts: a zone may leave out a whole day."""
