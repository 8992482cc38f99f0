"""The shape of the routing tree in routes.yaml, in Alertmanager's words."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.wall_texts import Name


class RouteFile(Struct, frozen=True, forbid_unknown_fields=True, rename={"continue_": "continue"}):
    """A node of the routing tree, in Alertmanager's words."""

    receiver: Annotated[
        Name | UnsetType,
        Meta(description="Who is told; inherited when absent.", examples=["chat"]),
    ] = UNSET
    matchers: Annotated[
        list[str] | UnsetType,
        Meta(description="Tests that all hold for an alert to match.", examples=[['severity="critical"']]),
    ] = UNSET
    continue_: Annotated[
        bool | UnsetType,
        Meta(description="Whether later siblings are tried after a match.", examples=[True]),
    ] = UNSET
    group_by: Annotated[
        list[str] | UnsetType,
        Meta(
            description="Labels that alerts told together share; `...` stands for all.",
            examples=[["alertname", "probe"]],
        ),
    ] = UNSET
    group_wait: Annotated[
        Duration | UnsetType,
        Meta(description="How long a new group waits for more alerts.", examples=["30s"]),
    ] = UNSET
    group_interval: Annotated[
        Duration | UnsetType,
        Meta(description="Time between two looks at a group.", examples=["5m"]),
    ] = UNSET
    repeat_interval: Annotated[
        Duration | UnsetType,
        Meta(description="After how long the same is told again.", examples=["4h"]),
    ] = UNSET
    when: Annotated[
        list[Name] | UnsetType,
        Meta(
            description="It matches only while one of these time intervals is active; outside them alerts fall through.",
            examples=[["office-hours"]],
        ),
    ] = UNSET
    mute_time_intervals: Annotated[
        list[Name] | UnsetType,
        Meta(
            description="While one of these is active, nobody hears here of what fires; not inherited.",
            examples=[["maintenance"]],
        ),
    ] = UNSET
    active_time_intervals: Annotated[
        list[Name] | UnsetType,
        Meta(
            description="While none of these is active, nobody hears here of what fires; not inherited.",
            examples=[["office-hours"]],
        ),
    ] = UNSET
    routes: Annotated[
        list["RouteFile"] | UnsetType,
        Meta(description="More specific routes, tried in order.", examples=[[{"receiver": "chat"}]]),
    ] = UNSET
