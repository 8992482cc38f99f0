"""`/oncall`: who is on call, by the same function as the pager's; as a page, as JSON, and as calendar feeds."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath, FromQuery, SkipValidation
from msgspec import Struct

from synthprobe.core.oncall import Shift, on_call, shifts
from synthprobe.core.oncall_answers import OnCallAnswer, ShiftsAnswer, at_instant, in_range
from synthprobe.core.routes import Routes
from synthprobe.core.teams import Override
from synthprobe.core.wallclock import first_instant, local_day, wall_time
from synthprobe.files.calendars import Entry, feed
from synthprobe.web import rota
from synthprobe.web.pages import SiteValue
from synthprobe.web.site import Site

BEFORE, AFTER = timedelta(days=31), timedelta(days=184)
"""What of the past and the future a calendar feed holds."""

LONGEST = timedelta(days=400)


class OnCall(Struct, frozen=True):
    """The routes in force."""

    routes: Callable[[], Routes]
    has_overrides: bool = False
    """Whether overrides can be made here."""


class StandIn(Struct, frozen=True):
    """The form of an override, as somebody filled it in: who stands in for whom, where and when."""

    schedules: tuple[str, ...] = ()
    add: str = ""
    remove: str = ""
    start: str = ""
    """A local time of the page's zone; empty is now."""
    until: str = ""
    """A local time; or else `length`."""
    length: str = ""
    reason: str = ""
    by: str = ""


OnCallValue = NamedDependency[SkipValidation[OnCall]]


@get("/oncall", include_in_schema=False)
async def oncall_page(
    site: SiteValue,
    oncall: OnCallValue,
    zone: FromQuery[str | None] = None,
    at: FromQuery[str | None] = None,
    week: FromQuery[str | None] = None,
) -> Response[str]:
    """A week per team in the reader's zone, and who is on call at a chosen instant."""
    return await shown(site, oncall, zone, at=at, week=week)


async def shown(
    site: Site,
    oncall: OnCall,
    zone: str | None,
    *,
    at: str | None = None,
    week: str | None = None,
    asked: StandIn = StandIn(),  # noqa: B008 - immutable
    fault: str = "",
) -> Response[str]:
    """The page; with what somebody asked for and why it cannot be made."""
    location = zone if zone in available_timezones() else "UTC"
    assert location is not None
    now, routes = site.clock.now(), oncall.routes()
    instant = _moment(at, location) or now
    first = _monday(week) or _monday_of(local_day(instant, location))
    return await site.page(
        "oncall.html",
        teams=rota.weeks(routes, first, location, instant),
        users=routes.users,
        zone=location,
        is_chosen=zone is not None,
        zones=rota.zones(routes) if location in rota.zones(routes) else (location, *rota.zones(routes)),
        at=instant,
        at_text=f"{wall_time(instant, location):%Y-%m-%dT%H:%M}",
        first=first,
        earlier=first - timedelta(days=7),
        later=first + timedelta(days=7),
        local=lambda moment: f"{wall_time(moment, location):%a %d %b %H:%M}" if moment else "…",
        schedules=routes.schedules,
        overrides=coming(routes, now),
        has_overrides=oncall.has_overrides and bool(routes.schedules),
        asked=asked,
        fault=fault,
    )


def coming(routes: Routes, now: datetime) -> tuple[Override, ...]:
    """Overrides that hold now or are to come, the first to begin first."""
    found = (override for override in routes.overrides if override.end > now)
    return tuple(sorted(found, key=lambda override: override.start))


@get("/api/v1/oncall/{schedule:str}", operation_id="oncall")
async def oncall_data(
    site: SiteValue,
    oncall: OnCallValue,
    schedule: FromPath[str],
    at: FromQuery[datetime | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> OnCallAnswer | ShiftsAnswer:
    """Who is on call at an instant (now unless told), or every shift and gap from `since` until `until`."""
    routes = oncall.routes()
    if schedule not in routes.schedules:
        raise NotFoundException(f"There is no schedule {schedule!r}.")
    if any(moment and moment.tzinfo is None for moment in (at, since, until)):
        raise ValidationException("An instant names its zone: Z, or an offset.")
    if since is None:
        return at_instant(routes, schedule, (at or site.clock.now()).astimezone(UTC))
    end = until or since + timedelta(days=7)
    if not since < end <= since + LONGEST:
        raise ValidationException(f"`until` is later than `since`, by {LONGEST.days} days at most.")
    return in_range(routes, schedule, since.astimezone(UTC), end.astimezone(UTC))


@get("/oncall/{name:str}", include_in_schema=False)
async def schedule_feed(site: SiteValue, oncall: OnCallValue, name: FromPath[str]) -> Response[bytes]:
    """The shifts of a schedule as a calendar: `/oncall/emea.ics`."""
    routes, schedule = oncall.routes(), name.removesuffix(".ics")
    if not name.endswith(".ics") or schedule not in routes.schedules:
        raise NotFoundException(f"There is no schedule {schedule!r}.")
    now = site.clock.now()
    return _calendar(f"On call: {schedule}", _entries(routes, schedule, now), now)


@get("/oncall/users/{name:str}", include_in_schema=False)
async def user_feed(site: SiteValue, oncall: OnCallValue, name: FromPath[str]) -> Response[bytes]:
    """Every shift of a person as a calendar: `/oncall/users/ana.ics`."""
    routes, user = oncall.routes(), name.removesuffix(".ics")
    if not name.endswith(".ics") or user not in routes.users:
        raise NotFoundException(f"There is no user {user!r}.")
    now = site.clock.now()
    entries = [
        entry for each in routes.schedules for entry in _entries(routes, each, now) if entry.who == user
    ]
    return _calendar(f"On call: {user}", entries, now)


HANDLERS = (oncall_page, oncall_data, schedule_feed, user_feed)


def _entries(routes: Routes, name: str, now: datetime) -> list[Entry]:
    """The shifts around now, whole: those at the ends of the range are asked for their own ends."""
    schedule = routes.schedules[name]
    since, until = now - BEFORE, now + AFTER
    found = shifts(schedule, routes.overrides, since, until).shifts
    whole = [
        next((w for w in on_call(schedule, routes.overrides, s.since) if w.user == s.user), s)
        if s.since and (s.since <= since or s.until == until)
        else s
        for s in found
    ]
    return [entry for shift in whole if (entry := _entry(shift, name))]


def _entry(shift: Shift, schedule: str) -> Entry | None:
    """A shift that never ends is none of a calendar."""
    if shift.since is None or shift.until is None:
        return None
    return Entry(schedule, shift.user, shift.since, shift.until, shift.source.value)


def _calendar(title: str, entries: Iterable[Entry], now: datetime) -> Response[bytes]:
    return Response(
        feed(title, entries, now),
        media_type="text/calendar",
        headers={"Cache-Control": "private, max-age=300"},
    )


def _moment(text: str | None, location: str) -> datetime | None:
    """What a form sent: a local time of the zone, or an instant."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.astimezone(UTC) if found.tzinfo else first_instant(found, location)
    except (ValueError, OverflowError):
        return None


def _monday(text: str | None) -> date | None:
    try:
        return _monday_of(date.fromisoformat(text or ""))
    except ValueError:
        return None


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
