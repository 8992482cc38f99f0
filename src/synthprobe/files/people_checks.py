"""What is wrong with the people of a routes.yaml: users, contacts, teams, holidays."""

from collections.abc import Iterator
from pathlib import Path as FilePath

from msgspec import UNSET

from synthprobe.core.names import is_readable, names_in
from synthprobe.core.teams import GLOBAL
from synthprobe.files.calendars import CalendarError, country_days, file_days
from synthprobe.files.documents import Path
from synthprobe.files.durations import duration
from synthprobe.files.people_shape import HolidaysFile, UserFile
from synthprobe.files.routes_faults import Fault, length_faults, name_faults, reading_faults, zone_faults
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import day


def people_faults(file: RoutesFile, folder: FilePath) -> Iterator[Fault]:
    """Every fault of holidays, contacts, users and teams; `folder` is where calendar files are looked up."""
    for name, holidays in given(file.holidays, {}).items():
        yield from _holidays(holidays, ("holidays", name))
        yield from _calendars(holidays, ("holidays", name), folder)
    for name, contact in given(file.contacts, {}).items():
        yield from _contact(contact.url_file, ("contacts", name, "url_file"))
    for name, user in given(file.users, {}).items():
        yield from _user(user, ("users", name), list(given(file.contacts, {})))
    yield from _teams(file)


def _holidays(holidays: HolidaysFile, path: Path) -> Iterator[Fault]:
    yield from zone_faults(holidays.location, (*path, "location"))
    if holidays.country is UNSET and holidays.dates is UNSET and holidays.ics is UNSET:
        yield path, "one of `country`, `dates` and `ics` is missing", "say which days they are"
    for index, text in enumerate(given(holidays.dates, [])):
        yield from reading_faults(day, text, (*path, "dates", index))
    if holidays.country is UNSET and holidays.subdivision is not UNSET:
        yield (*path, "subdivision"), "a `subdivision` needs a `country`", "add it"


def _calendars(holidays: HolidaysFile, path: Path, folder: FilePath) -> Iterator[Fault]:
    try:
        if holidays.country is not UNSET:
            country_days(holidays.country, given(holidays.subdivision, None))
        if holidays.ics is not UNSET:
            file_days(folder / holidays.ics)
    except CalendarError as error:
        yield (*path, error.field), str(error), error.hint


def _contact(url_file: str, path: Path) -> Iterator[Fault]:
    if not is_readable(url_file):
        yield path, "`${{` opens no reference", "known: `${{ user }}`"
    for name in names_in(url_file):
        if name != "user":
            yield path, f"`{name}` is not known here", "known: `${{ user }}`"


def _user(user: UserFile, path: Path, contacts: list[str]) -> Iterator[Fault]:
    yield from zone_faults(user.location, (*path, "location"))
    before = None
    for index, step in enumerate(given(user.notify, [])):
        for contact, after in step.items():
            place: Path = (*path, "notify", index, contact)
            yield from name_faults(contact, contacts, place, "contact", "contacts")
            faults = list(length_faults(after, place))
            yield from faults
            if not faults and before is not None and duration(after) < before:
                yield place, "a contact ladder goes up in time", "put the earlier contact first"
            before = before if faults else duration(after)


def _teams(file: RoutesFile) -> Iterator[Fault]:
    regions, schedules = given(file.regions, {}), given(file.schedules, {})
    for name, team in given(file.teams, {}).items():
        for region, schedule in given(team.schedules, {}).items():
            path: Path = ("teams", name, "schedules", region)
            yield from name_faults(region, [*regions, GLOBAL], path, "region", "regions")
            yield from name_faults(schedule, schedules, path, "schedule", "schedules")
