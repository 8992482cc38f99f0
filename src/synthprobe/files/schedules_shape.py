"""The shape of rotations, schedules and overrides in routes.yaml."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.core.teams import RotationType
from synthprobe.files.durations import Duration
from synthprobe.files.shapes import require_exactly_one
from synthprobe.files.wall_texts import Clock, Location, Moment, Name, WallTime


class RotationFile(Struct, frozen=True, forbid_unknown_fields=True):
    """People in turn."""

    type: Annotated[RotationType, Meta(description="What a turn is counted in.", examples=["weekly"])]
    start: Annotated[
        WallTime, Meta(description="When the first turn begins, local.", examples=["2026-01-05T08:00"])
    ]
    users: Annotated[
        list[Name], Meta(min_length=1, description="Who takes turns.", examples=[["ana", "ben"]])
    ]
    location: Annotated[
        Location | UnsetType,
        Meta(description="The zone whose wall clock hands over.", examples=["Europe/London"]),
    ] = UNSET
    length: Annotated[
        Annotated[int, Meta(ge=1, le=10_000)] | UnsetType,
        Meta(description="How many hours, days, weeks or months a turn lasts.", examples=[2]),
    ] = UNSET


class RestrictionFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Times of the week at which a layer holds."""

    start_time: Annotated[Clock, Meta(description="When it begins, local.", examples=["08:00"])]
    end_time: Annotated[
        Clock,
        Meta(
            description="When it ends; earlier than the start is the next day, equal is 24 hours.",
            examples=["18:00"],
        ),
    ]
    weekdays: Annotated[
        Annotated[list[Name], Meta(min_length=1)] | UnsetType,
        Meta(description="The days it begins on, single or as a range.", examples=[["monday:friday"]]),
    ] = UNSET


class LayerFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One rotation of a schedule; the later layer wins."""

    rotation: Annotated[Name, Meta(description="Who is on call in it.", examples=["emea"])]
    restrictions: Annotated[
        list[RestrictionFile] | UnsetType,
        Meta(
            description="When it holds; always when there are none.",
            examples=[[{"weekdays": ["monday:friday"], "start_time": "08:00", "end_time": "18:00"}]],
        ),
    ] = UNSET


class StandInFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The rotation that takes over on a holiday."""

    rotation: Annotated[Name, Meta(description="Who is on call instead.", examples=["volunteers"])]


class LegFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a day around the world."""

    start_time: Annotated[Clock, Meta(description="When it begins, local.", examples=["08:00"])]
    location: Annotated[Location, Meta(description="Whose wall clock.", examples=["Asia/Singapore"])]
    rotation: Annotated[Name, Meta(description="Who is on call in it.", examples=["apac"])]
    holidays: Annotated[Name | UnsetType, Meta(description="Days it is closed.", examples=["sg"])] = UNSET
    on_holiday: Annotated[
        Literal["previous", "next"] | StandInFile | UnsetType,
        Meta(description="Whose shift is stretched over it when it is closed.", examples=["previous"]),
    ] = UNSET


class HandoffFile(Struct, frozen=True, forbid_unknown_fields=True):
    """How open incidents are given to who comes on call next."""

    notice: Annotated[
        Duration | UnsetType, Meta(description="How long before it both hear of it.", examples=["15m"])
    ] = UNSET
    accept_within: Annotated[
        Duration | UnsetType,
        Meta(description="How long an acknowledgement outlives its holder's shift.", examples=["15m"]),
    ] = UNSET


class ScheduleFile(Struct, frozen=True, forbid_unknown_fields=True):
    """When who is on call."""

    EXACTLY_ONE = ("layers", "follow_the_sun")

    location: Annotated[
        Location | UnsetType,
        Meta(description="The zone of its restrictions.", examples=["Europe/London"]),
    ] = UNSET
    holidays: Annotated[
        Name | UnsetType, Meta(description="Local days on which nobody is on call.", examples=["uk"])
    ] = UNSET
    layers: Annotated[
        Annotated[list[LayerFile], Meta(min_length=1)] | UnsetType,
        Meta(description="Rotations, of which the later wins.", examples=[[{"rotation": "emea"}]]),
    ] = UNSET
    follow_the_sun: Annotated[
        Annotated[list[LegFile], Meta(min_length=1)] | UnsetType,
        Meta(
            description="Legs around the world; each lasts until the next begins.",
            examples=[[{"start_time": "08:00", "location": "Asia/Singapore", "rotation": "apac"}]],
        ),
    ] = UNSET
    end: Annotated[
        Literal["next"] | UnsetType,
        Meta(description="A leg lasts until the next one begins.", examples=["next"]),
    ] = UNSET
    all_on_holiday: Annotated[
        Literal["keep"] | StandInFile | UnsetType,
        Meta(description="Who is on call when every leg is closed.", examples=["keep"]),
    ] = UNSET
    handoff: Annotated[
        HandoffFile | UnsetType,
        Meta(description="How open incidents change hands.", examples=[{"accept_within": "15m"}]),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


class OverrideFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A planned exception to who is on call."""

    schedules: Annotated[
        list[Name],
        Meta(min_length=1, description="Which schedules it is for.", examples=[["emea", "global"]]),
    ]
    start: Annotated[Moment, Meta(description="When it begins.", examples=["2026-07-01T08:00"])]
    end: Annotated[Moment, Meta(description="When it ends.", examples=["2026-07-01T18:00"])]
    location: Annotated[
        Location | UnsetType, Meta(description="The zone of both times.", examples=["Europe/London"])
    ] = UNSET
    remove: Annotated[Name | UnsetType, Meta(description="Who is not on call then.", examples=["ben"])] = (
        UNSET
    )
    add: Annotated[
        Name | UnsetType,
        Meta(description="Who is; with `remove`, only while that person would be.", examples=["ana"]),
    ] = UNSET
    reason: Annotated[str | UnsetType, Meta(description="Why, for the reader.", examples=["swap"])] = UNSET
