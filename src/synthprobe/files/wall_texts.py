"""Names, and dates and times of day as routes.yaml writes them."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from msgspec import Meta

from synthprobe.core.wallclock import first_instant, last_instant

Name = Annotated[str, Meta(min_length=1)]

Location = Annotated[
    str, Meta(description="An IANA time zone.", examples=["Europe/London", "Asia/Singapore"])
]
"""The shape of a zone's name; whether there is such a zone is checked later."""

Clock = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$",
        extra_json_schema={"patternErrorMessage": "a time of day is written as '08:00', up to '24:00'"},
    ),
]
Day = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        extra_json_schema={"patternErrorMessage": "a day is written as '2026-12-25'"},
    ),
]
WallTime = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
        extra_json_schema={
            "patternErrorMessage": "a local time is written as '2026-07-01T08:00', without a zone"
        },
    ),
]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?$",
        extra_json_schema={
            "patternErrorMessage": "an instant is written as '2026-07-01T08:00', local, or with Z or an offset"
        },
    ),
]
"""A local time of the `location` beside it, or an instant with Z or an offset."""

Instant = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})$",
        extra_json_schema={"patternErrorMessage": "an instant is written as '2026-07-01T09:00Z'"},
    ),
]


def clock(text: str) -> time:
    """A time of day; `24:00` is the next midnight, which an end at 00:00 is as well."""
    return time() if text == "24:00" else time.fromisoformat(text)


def day(text: str) -> date:
    """A date. Raises ValueError when there is none such."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"there is no day `{text}`") from error


def wall(text: str) -> datetime:
    """A local time. Raises ValueError when there is none such."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"there is no time `{text}`") from error


def instant(text: str) -> datetime:
    """An instant, in UTC. Raises ValueError when there is none such."""
    return wall(text).astimezone(UTC)


def start_of(text: str, location: str) -> datetime:
    """The instant at which something begins: of a local time the first occurrence. Raises ValueError."""
    found = wall(text)
    return found.astimezone(UTC) if found.tzinfo else first_instant(found, location)


def end_of(text: str, location: str) -> datetime:
    """The instant at which something ends: of a local time the last occurrence. Raises ValueError."""
    found = wall(text)
    return found.astimezone(UTC) if found.tzinfo else last_instant(found, location)
