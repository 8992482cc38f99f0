"""The shape of routes.yaml, known whole: what is built, and what is designed but refused by name in this version."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.shapes import schema_of

Name = Annotated[str, Meta(min_length=1)]


class RegionFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A market that checks speak for."""

    location: Annotated[
        str | UnsetType, Meta(description="Its IANA time zone.", examples=["Europe/London"])
    ] = UNSET
    references: Annotated[
        list[str] | UnsetType,
        Meta(
            description="URLs that tell whether the region has a network at all.",
            examples=[["https://one.example.test/"]],
        ),
    ] = UNSET


class GlobalAtFile(Struct, frozen=True, forbid_unknown_fields=True):
    """From when on a problem is global."""

    regions: Annotated[
        int, Meta(ge=1, description="Number of regions in which it fails at once.", examples=[2])
    ] = 2


class ScopeFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What makes alerts one incident, and when it is global."""

    by: Annotated[
        Annotated[list[str], Meta(min_length=1)] | UnsetType,
        Meta(
            description="Labels whose values together name one problem.",
            examples=[["probe"]],
        ),
    ] = UNSET
    global_at: Annotated[
        GlobalAtFile | UnsetType,
        Meta(description="From when on a problem is global.", examples=[{"regions": 2}]),
    ] = UNSET


class TeamFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Who owns probes."""

    secrets: Annotated[
        list[str] | UnsetType,
        Meta(description="Patterns of the secrets its probes may read.", examples=[["ACME_*"]]),
    ] = UNSET


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
    routes: Annotated[
        list["RouteFile"] | UnsetType,
        Meta(description="More specific routes, tried in order.", examples=[[{"receiver": "chat"}]]),
    ] = UNSET


class WebhookFile(Struct, frozen=True, forbid_unknown_fields=True):
    """An Alertmanager v4 webhook."""

    url: Annotated[
        str | UnsetType, Meta(description="Where to POST.", examples=["https://desk.example.test/hook"])
    ] = UNSET
    url_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds the URL.", examples=["secrets/hook"])
    ] = UNSET
    send_resolved: Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])] = (
        True
    )


class SlackFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A Slack channel."""

    api_url: Annotated[
        str | UnsetType,
        Meta(description="The incoming webhook's URL.", examples=["https://hooks.example.test/x"]),
    ] = UNSET
    api_url_file: Annotated[
        Name | UnsetType, Meta(description="A file that holds the URL.", examples=["secrets/slack"])
    ] = UNSET
    channel: Annotated[
        Name | UnsetType, Meta(description="The channel to post to.", examples=["#payments-alerts"])
    ] = UNSET
    send_resolved: Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])] = (
        True
    )


class LogFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A line in the router's log."""

    send_resolved: Annotated[bool, Meta(description="Whether it hears of an end, too.", examples=[True])] = (
        True
    )


class ReceiverFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A named destination with its ways out; none means that nobody is told."""

    name: Annotated[Name, Meta(description="What routes call it.", examples=["chat"])]
    webhook_configs: Annotated[
        list[WebhookFile] | UnsetType,
        Meta(description="Webhooks to call.", examples=[[{"url": "https://desk.example.test/hook"}]]),
    ] = UNSET
    slack_configs: Annotated[
        list[SlackFile] | UnsetType,
        Meta(description="Slack channels to post to.", examples=[[{"api_url_file": "secrets/slack"}]]),
    ] = UNSET
    log_configs: Annotated[
        list[LogFile] | UnsetType,
        Meta(description="Lines to write to the log.", examples=[[{"send_resolved": True}]]),
    ] = UNSET


class DeliveryFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to a message that cannot be delivered."""

    give_up_after: Annotated[
        Duration | UnsetType, Meta(description="How long one message is tried.", examples=["1h"])
    ] = UNSET
    on_give_up: Annotated[
        Name | UnsetType,
        Meta(description="The receiver that hears of a message given up.", examples=["duty-line"]),
    ] = UNSET


class RoutesFile(Struct, frozen=True, forbid_unknown_fields=True):
    """routes.yaml: who is told."""

    platform: Annotated[
        Name | UnsetType, Meta(description="The team that owns synthprobe itself.", examples=["platform"])
    ] = UNSET
    regions: Annotated[
        dict[Name, RegionFile] | UnsetType,
        Meta(
            description="The markets that checks speak for.",
            examples=[{"emea": {"location": "Europe/London"}}],
        ),
    ] = UNSET
    scope: Annotated[
        ScopeFile | UnsetType,
        Meta(description="What makes alerts one incident.", examples=[{"by": ["probe"]}]),
    ] = UNSET
    teams: Annotated[
        dict[Name, TeamFile] | UnsetType,
        Meta(description="The owners that probes name.", examples=[{"cards": {}}]),
    ] = UNSET
    route: Annotated[
        RouteFile | UnsetType,
        Meta(
            description="The root of the routing tree: takes what no other route takes.",
            examples=[{"receiver": "chat"}],
        ),
    ] = UNSET
    receivers: Annotated[
        list[ReceiverFile] | UnsetType,
        Meta(description="Who can be told.", examples=[[{"name": "chat"}]]),
    ] = UNSET
    delivery: Annotated[
        DeliveryFile | UnsetType,
        Meta(description="What happens to undeliverable messages.", examples=[{"give_up_after": "1h"}]),
    ] = UNSET


UNBUILT: Mapping[str, Collection[str]] = {
    "RoutesFile": frozenset(
        [
            "holidays",
            "contacts",
            "users",
            "rotations",
            "schedules",
            "overrides",
            "escalation_policies",
            "time_intervals",
            "inhibit_rules",
            "silences",
            "silence_policy",
            "coverage",
            "tests",
        ]
    ),
    "TeamFile": frozenset({"schedules"}),
    "RouteFile": frozenset({"when", "mute_time_intervals", "active_time_intervals"}),
    "ReceiverFile": frozenset(
        [
            "pagerduty_configs",
            "email_configs",
            "msteams_configs",
            "servicenow_configs",
            "apprise_configs",
            "escalation_configs",
        ]
    ),
}
"""Keys that are designed but not built in this version, by the struct they belong to."""


def routes_schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of routes.yaml."""
    return schema_of(RoutesFile)
