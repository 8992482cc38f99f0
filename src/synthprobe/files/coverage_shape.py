"""The shape of what routes.yaml promises and is tested by: `coverage` and `tests`."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.wall_texts import Instant, Name


class PromiseFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Who hears of an alert of one severity, at any instant."""

    people: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType,
        Meta(description="How many people are paged, at least.", examples=[2]),
    ] = UNSET
    within: Annotated[
        Duration | UnsetType, Meta(description="How soon so many are paged.", examples=["20m"])
    ] = UNSET
    receivers: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType,
        Meta(description="How many receivers are told, at least.", examples=[1]),
    ] = UNSET


class RouteTestFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an alert with these labels reaches at an instant."""

    at: Annotated[Instant, Meta(description="When its first level starts.", examples=["2026-07-01T09:00Z"])]
    labels: Annotated[
        dict[Name, str], Meta(description="The alert's labels.", examples=[{"severity": "critical"}])
    ]
    receivers: Annotated[
        list[Name] | UnsetType,
        Meta(description="The receivers it must reach, all of them.", examples=[["itsm", "page"]]),
    ] = UNSET
    people: Annotated[
        dict[Literal["local", "global"], list[Name]] | UnsetType,
        Meta(
            description="Who must be on call for it when the first level that asks for them starts, if nobody acts.",
            examples=[{"local": [], "global": ["ana"]}],
        ),
    ] = UNSET
    muted_by: Annotated[
        dict[Name, Name] | UnsetType,
        Meta(description="What mutes which receiver.", examples=[{"page": "acq-7-maintenance"}]),
    ] = UNSET
