"""A week of on-call as a page shows it: for each day of a zone, who is on call from when to when, and when nobody is."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from synthprobe.core.oncall import Shift, Shifts, on_call, shifts
from synthprobe.core.routes import Routes
from synthprobe.core.teams import GLOBAL, Holidays, Override, Schedule
from synthprobe.core.wallclock import day_start, wall_time

WIDTH = 1000
"""Of a day's bar, in units of its drawing."""
COLOURS = 8


class Part(Struct, frozen=True):
    """A stretch of one day: who, from when to when by the zone's wall clock, and where it lies in the bar."""

    user: str | None
    """None where nobody is on call."""
    source: str
    since: str
    until: str
    x: float
    width: float
    colour: int


class Day(Struct, frozen=True):
    """One local day."""

    day: date
    parts: tuple[Part, ...]
    holidays: tuple[str, ...]


class Post(Struct, frozen=True):
    """A schedule as one of a team's: its week, and who is on call at the instant asked about."""

    place: str
    """The region, or `global`."""
    schedule: str
    now: tuple[Shift, ...]
    days: tuple[Day, ...]
    overrides: tuple[Override, ...]


class TeamWeek(Struct, frozen=True):
    """A team's schedules."""

    team: str
    posts: tuple[Post, ...]


def weeks(routes: Routes, first: date, location: str, at: datetime) -> tuple[TeamWeek, ...]:
    """Every team's week from a local day on, and who is on call at an instant; schedules of no team come last."""
    colours = {name: index % COLOURS for index, name in enumerate(routes.users)}
    posts = {
        name: _post(schedule, routes, first, location, at, colours)
        for name, schedule in routes.schedules.items()
    }
    found = [
        TeamWeek(team.name, tuple(_at(posts[name], place) for place, name in team.schedules.items()))
        for team in routes.teams.values()
        if team.schedules
    ]
    used = {name for team in routes.teams.values() for name in team.schedules.values()}
    rest = tuple(post for name, post in posts.items() if name not in used)
    return (*found, *([TeamWeek("", rest)] if rest else []))


def _at(post: Post, place: str) -> Post:
    return Post(
        "everywhere" if place == GLOBAL else place, post.schedule, post.now, post.days, post.overrides
    )


def _post(
    schedule: Schedule,
    routes: Routes,
    first: date,
    location: str,
    at: datetime,
    colours: Mapping[str, int],
) -> Post:
    since, until = day_start(first, location), day_start(first + timedelta(days=7), location)
    found = shifts(schedule, routes.overrides, since, until)
    days = [first + timedelta(days=offset) for offset in range(7)]
    return Post(
        place="",
        schedule=schedule.name,
        now=on_call(schedule, routes.overrides, at),
        days=tuple(_day(day, found, schedule, location, colours) for day in days),
        overrides=tuple(
            override
            for override in routes.overrides
            if schedule.name in override.schedules and override.start < until and since < override.end
        ),
    )


class _Bar(Struct, frozen=True):
    """A day's drawing: as long as the day, so that one of 23 hours is full as well."""

    since: datetime
    until: datetime
    location: str

    def part(self, user: str | None, source: str, since: datetime, until: datetime, colour: int) -> Part:
        since, until = max(since, self.since), min(until, self.until)
        unit = (self.until - self.since) / WIDTH
        return Part(
            user=user,
            source=source,
            since=f"{wall_time(since, self.location):%H:%M}",
            until="24:00" if until == self.until else f"{wall_time(until, self.location):%H:%M}",
            x=round((since - self.since) / unit, 1),
            width=round((until - since) / unit, 1),
            colour=colour,
        )


def _day(day: date, found: Shifts, schedule: Schedule, location: str, colours: Mapping[str, int]) -> Day:
    bar = _Bar(day_start(day, location), day_start(day + timedelta(days=1), location), location)
    parts = [
        bar.part(shift.user, shift.source.value, shift.since, shift.until, colours[shift.user])
        for shift in found.shifts
        if shift.since and shift.until and shift.since < bar.until and bar.since < shift.until
    ]
    parts += [
        bar.part(None, "gap", gap.since, gap.until, 0)
        for gap in found.gaps
        if gap.since < bar.until and bar.since < gap.until
    ]
    return Day(day, tuple(sorted(parts, key=lambda part: part.x)), _holidays(schedule, day))


def _holidays(schedule: Schedule, day: date) -> tuple[str, ...]:
    calendars: list[Holidays] = [schedule.holidays] if schedule.holidays else []
    if schedule.follow_the_sun:
        calendars += [leg.holidays for leg in schedule.follow_the_sun.legs if leg.holidays]
    unique = {calendar.name: calendar for calendar in calendars}
    return tuple(
        f"{name}: {calendar.days[day] or 'holiday'}"
        for name, calendar in unique.items()
        if day in calendar.days
    )


def zones(routes: Routes) -> Sequence[str]:
    """The zones a reader may choose from: those of the file's people and regions."""
    known = {user.location for user in routes.users.values()}
    known |= {region.location for region in routes.regions.values()}
    return ("UTC", *sorted(known - {"UTC"}))
