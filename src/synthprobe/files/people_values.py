"""The people of routes.yaml as core values."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from msgspec import UNSET

from synthprobe.core.teams import Contact, ContactStep, Holidays, Team, User
from synthprobe.files.calendars import country_days, file_days
from synthprobe.files.durations import duration
from synthprobe.files.people_shape import HolidaysFile, TeamFile, UserFile
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import day


def holidays_of(file: RoutesFile, folder: Path) -> Mapping[str, Holidays]:
    """Every calendar with its days; calendar files are looked up in `folder`."""
    return {name: _holidays(name, holidays, folder) for name, holidays in given(file.holidays, {}).items()}


def contacts_of(file: RoutesFile) -> Mapping[str, Contact]:
    """Every way to reach somebody."""
    return {name: Contact(name, contact.url_file) for name, contact in given(file.contacts, {}).items()}


def users_of(file: RoutesFile) -> Mapping[str, User]:
    """Every person with their contact ladder."""
    return {name: _user(name, user) for name, user in given(file.users, {}).items()}


def teams_of(file: RoutesFile) -> Mapping[str, Team]:
    """Every owner."""
    return {name: _team(name, team) for name, team in given(file.teams, {}).items()}


def _holidays(name: str, file: HolidaysFile, folder: Path) -> Holidays:
    read_from = None if file.ics is UNSET else str(folder / file.ics)
    return Holidays(name, given(file.location, "UTC"), _days(file, folder), read_from)


def _days(holidays: HolidaysFile, folder: Path) -> Mapping[date, str]:
    days: dict[date, str] = {}
    if holidays.country is not UNSET:
        days.update(country_days(holidays.country, given(holidays.subdivision, None)))
    if holidays.ics is not UNSET:
        days.update(file_days(folder / holidays.ics))
    for text in given(holidays.dates, []):
        days.setdefault(day(text), "")
    return days


def _user(name: str, user: UserFile) -> User:
    steps = (pair for step in given(user.notify, []) for pair in step.items())
    ladder = tuple(ContactStep(contact, duration(after)) for contact, after in steps)
    return User(name, given(user.location, "UTC"), ladder)


def _team(name: str, team: TeamFile) -> Team:
    secrets = None if team.secrets is UNSET else tuple(team.secrets)
    return Team(name, given(team.schedules, {}), secrets)
