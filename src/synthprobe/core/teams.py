"""Who there is and when they are on call: people, contacts, rotations, schedules, overrides, teams. Values only."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

EVERY_DAY = frozenset(range(7))
GLOBAL = "global"
"""The key of a team's `schedules` that is no region: who is on call for the whole world."""


class Contact(Struct, frozen=True):
    """A way to reach somebody: an Apprise URL in a file; `${{ user }}` in its name is the person's."""

    name: str
    url_file: str


class ContactStep(Struct, frozen=True):
    """One rung of a contact ladder: after this long without an acknowledgement, this contact."""

    contact: str
    after: timedelta = timedelta()


class User(Struct, frozen=True):
    """A person, the zone times are printed in for them, and their contact ladder by `after`."""

    name: str
    location: str = "UTC"
    notify: tuple[ContactStep, ...] = ()


class Holidays(Struct, frozen=True):
    """Local days on which a place does not work, each with its name."""

    name: str
    location: str = "UTC"
    days: Mapping[date, str] = {}
    file: str | None = None
    """The calendar file that some of them are read from."""


class RotationType(StrEnum):
    """What the length of a turn is counted in."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Rotation(Struct, frozen=True):
    """People in turn: `users[k mod n]` for the k-th turn from `start`, in wall-clock time; no stored state."""

    name: str
    type: RotationType
    start: datetime
    """Naive: a wall time in `location`."""
    location: str
    users: tuple[str, ...]
    length: int = 1


class Restriction(Struct, frozen=True):
    """A weekly time: `start` later than `end` is overnight and belongs to the start day; equal is 24 hours."""

    weekdays: frozenset[int] = EVERY_DAY
    """Monday is 0."""
    start: time = time()
    end: time = time()


class Layer(Struct, frozen=True):
    """One rotation of a schedule, at these times; always when there is no restriction."""

    rotation: Rotation
    restrictions: tuple[Restriction, ...] = ()


class OnHoliday(StrEnum):
    """Whose shift is stretched over a leg that is on holiday."""

    PREVIOUS = "previous"
    NEXT = "next"


class StandIn(Struct, frozen=True):
    """The rotation that takes over on a holiday."""

    rotation: Rotation


class Leg(Struct, frozen=True):
    """One part of a day around the world: from its start time until the next leg starts.

    It is closed on its local days that are `holidays`.
    """

    start: time
    location: str
    rotation: Rotation
    holidays: Holidays | None = None
    on_holiday: OnHoliday | StandIn = OnHoliday.PREVIOUS


class FollowTheSun(Struct, frozen=True):
    """Legs that follow each other without gap or overlap."""

    legs: tuple[Leg, ...]
    all_on_holiday: StandIn | None = None
    """Who is on call on a day on which every leg is closed; None keeps each leg's own rotation."""


class Handoff(Struct, frozen=True):
    """How open incidents are given to who comes on call next."""

    notice: timedelta = timedelta(minutes=15)
    accept_within: timedelta = timedelta(minutes=15)


class Schedule(Struct, frozen=True):
    """When who is on call: layers, of which the later wins, or legs that follow the sun; whole in itself."""

    name: str
    location: str = "UTC"
    holidays: Holidays | None = None
    """Days, local to the calendar, on which no layer holds."""
    layers: tuple[Layer, ...] = ()
    follow_the_sun: FollowTheSun | None = None
    handoff: Handoff = Handoff()


class Override(Struct, frozen=True):
    """A planned exception in [start, end): `add` is on call, `remove` is not; both is a swap, only while `remove` is on."""

    schedules: tuple[str, ...]
    start: datetime
    end: datetime
    add: str | None = None
    remove: str | None = None
    reason: str = ""
    id: str = ""
    """Empty where it stands in routes.yaml."""
    by: str = ""
    """Who made it, where it was made on a running server."""


class Source(StrEnum):
    """Why somebody is on call."""

    ROTATION = "rotation"
    OVERRIDE = "override"
    HOLIDAY = "holiday"
    """In place of a leg that is closed."""
    ALL_ON_HOLIDAY = "all_on_holiday"


class Duty(Struct, frozen=True):
    """That somebody is on call at an instant, and why."""

    user: str
    source: Source


class Team(Struct, frozen=True):
    """Who owns probes: its schedule per region, and `global`; patterns of the secrets its probes may read."""

    name: str
    schedules: Mapping[str, str] = {}
    secrets: tuple[str, ...] | None = None
    """None where the file says nothing."""
