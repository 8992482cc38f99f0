"""The shape of people in routes.yaml: contacts, users, teams, and the holidays of a place."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.wall_texts import Day, Location, Name


class HolidaysFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Days on which a place does not work: of a country, of a calendar file, and listed; together."""

    location: Annotated[
        Location | UnsetType, Meta(description="Whose local days they are.", examples=["Europe/London"])
    ] = UNSET
    country: Annotated[
        Name | UnsetType,
        Meta(description="A country's public holidays, by its ISO 3166 code.", examples=["GB"]),
    ] = UNSET
    subdivision: Annotated[
        Name | UnsetType, Meta(description="A part of the country with its own.", examples=["ENG"])
    ] = UNSET
    dates: Annotated[list[Day] | UnsetType, Meta(description="Further days.", examples=[["2026-12-24"]])] = (
        UNSET
    )
    ics: Annotated[
        Name | UnsetType,
        Meta(description="An iCalendar file, beside this one.", examples=["calendars/bank.ics"]),
    ] = UNSET


class ContactFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A way to reach a person."""

    url_file: Annotated[
        Name,
        Meta(
            description="A file that holds an Apprise URL; `${{ user }}` is the person's name.",
            examples=["secrets/push-${{ user }}"],
        ),
    ]


class UserFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A person who can be on call."""

    location: Annotated[
        Location | UnsetType,
        Meta(description="The zone that times are shown in, beside UTC.", examples=["Europe/London"]),
    ] = UNSET
    notify: Annotated[
        list[Annotated[dict[Name, Duration], Meta(min_length=1, max_length=1)]] | UnsetType,
        Meta(
            description="The contact ladder: each contact, and after how long it follows.",
            examples=[[{"push": "0m"}, {"call": "5m"}]],
        ),
    ] = UNSET


class TeamFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Who owns probes, and who of it is on call where."""

    schedules: Annotated[
        dict[Name, Name] | UnsetType,
        Meta(
            description="Its schedule for each region, and for `global`.",
            examples=[{"emea": "emea", "global": "follow-the-sun"}],
        ),
    ] = UNSET
    secrets: Annotated[
        list[str] | UnsetType,
        Meta(description="Patterns of the secrets its probes may read.", examples=[["ACME_*"]]),
    ] = UNSET
