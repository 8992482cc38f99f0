"""Countries' public holidays and iCalendar files → days; shifts → an iCalendar file.

The only importer of `holidays` and `icalendar`, which take a second to import, so only where they are needed.
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from synthprobe.core.spelling import suggestion

FIRST_YEAR, LAST_YEAR = 2010, 2060
"""Of the years whose holidays are looked up, where the library knows them."""


class CalendarError(ValueError):
    """There are no such holidays; `field` says which key of the file names them."""

    def __init__(self, field: str, message: str, hint: str = "") -> None:
        self.field, self.hint = field, hint
        super().__init__(message)


@lru_cache(maxsize=256)
def country_days(country: str, subdivision: str | None) -> Mapping[date, str]:
    """A country's public holidays with their names, days observed instead included. Raises `CalendarError`."""
    library: Any = importlib.import_module("holidays")
    countries = library.list_supported_countries()
    if country not in countries:
        hint = suggestion(country, countries) if country.upper() in countries else ""
        message = f"there are no holidays of a country `{country}`"
        raise CalendarError("country", message, hint or "write its ISO 3166 code, as in `GB`")
    if subdivision is not None and subdivision not in countries[country]:
        message = f"`{country}` has no subdivision `{subdivision}`"
        raise CalendarError("subdivision", message, suggestion(subdivision, countries[country]))
    kind = getattr(library, country)
    years = range(max(FIRST_YEAR, kind.start_year), min(LAST_YEAR, kind.end_year) + 1)
    return dict(library.country_holidays(country, subdiv=subdivision, years=years, expand=False))


def file_days(path: Path) -> Mapping[date, str]:
    """The days of an iCalendar file. Raises `CalendarError`."""
    try:
        return calendar_days(path.read_bytes())
    except OSError as error:
        message = f"`{path}` cannot be read: {error.strerror}"
        raise CalendarError("ics", message, "its name is looked up beside this file") from error
    except (ValueError, TypeError, KeyError) as error:
        raise CalendarError("ics", f"`{path}` is not an iCalendar file: {error}") from error


def calendar_days(content: bytes) -> Mapping[date, str]:
    """The days that events cover, each with its event's name; repeating ones up to the last year. Raises ValueError."""
    calendar: Any = importlib.import_module("icalendar").Calendar.from_ical(content)
    return {day: str(event.get("SUMMARY", "")) for event in calendar.walk("VEVENT") for day in _days(event)}


class Entry(Struct, frozen=True):
    """A shift as a calendar shows it."""

    schedule: str
    who: str
    since: datetime
    until: datetime
    why: str


def feed(title: str, entries: Iterable[Entry], now: datetime) -> bytes:
    """An iCalendar file (RFC 5545) of shifts; one keeps its UID for as long as who, where and its start stay."""
    library: Any = importlib.import_module("icalendar")
    calendar = library.Calendar()
    for name, value in {
        "prodid": "-//synthprobe//on-call//EN",
        "version": "2.0",
        "x-wr-calname": title,
    }.items():
        calendar.add(name, value)
    for entry in entries:
        event = library.Event()
        event.add("uid", f"{entry.schedule}-{entry.who}-{entry.since:%Y%m%dT%H%M%SZ}@synthprobe")
        event.add("summary", f"{entry.who} on call: {entry.schedule}")
        event.add("dtstart", entry.since)
        event.add("dtend", entry.until)
        event.add("dtstamp", now)
        event.add("categories", [entry.why])
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _days(event: Any) -> Iterator[date]:
    first = _date(event.decoded("DTSTART"))
    left_out = set(_listed(event, "EXDATE"))
    for start in (first, *_listed(event, "RDATE"), *_repeated(event, first)):
        if start not in left_out:
            yield from (start + timedelta(days=offset) for offset in range(_count(event, first)))


def _count(event: Any, first: date) -> int:
    """How many days one event covers; its end is not one of them, unless it ends during that day."""
    if "DTEND" in event:
        end = event.decoded("DTEND")
        whole = (_date(end) - first).days
        return whole + 1 if isinstance(end, datetime) and end.time() > time() else max(whole, 1)
    return max(event.decoded("DURATION").days, 1) if "DURATION" in event else 1


def _listed(event: Any, name: str) -> Iterator[date]:
    found = event.get(name, [])
    for entry in found if isinstance(found, list) else [found]:
        yield from (_date(item.dt) for item in entry.dts)


def _repeated(event: Any, first: date) -> Iterator[date]:
    found = event.get("RRULE", [])
    rrule: Any = importlib.import_module("dateutil.rrule") if found else None
    for entry in found if isinstance(found, list) else [found]:
        # Days are what counts here, so an end with a zone is one without.
        text = re.sub(r"(UNTIL=\d{8})(T\d{6}Z?)?", r"\1T235959", entry.to_ical().decode())
        for start in rrule.rrulestr(text, dtstart=datetime.combine(first, time())):
            if start.year > LAST_YEAR:
                break
            yield start.date()


def _date(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
