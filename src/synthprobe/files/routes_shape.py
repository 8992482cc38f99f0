"""The shape of routes.yaml, known whole: what is built, and what is designed but refused by name in this version."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.coverage_shape import PromiseFile, RouteTestFile
from synthprobe.files.durations import Duration
from synthprobe.files.escalation_shape import EscalationPolicyFile
from synthprobe.files.mutes_shape import InhibitRuleFile, NamedIntervalFile, SilenceFile, SilencePolicyFile
from synthprobe.files.people_shape import ContactFile, HolidaysFile, TeamFile, UserFile
from synthprobe.files.receivers_shape import ReceiverFile
from synthprobe.files.route_shape import RouteFile
from synthprobe.files.schedules_shape import OverrideFile, RotationFile, ScheduleFile
from synthprobe.files.shapes import schema_of
from synthprobe.files.wall_texts import Name


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
    holidays: Annotated[
        dict[Name, HolidaysFile] | UnsetType,
        Meta(
            description="Days on which a place does not work.",
            examples=[{"uk": {"location": "Europe/London", "country": "GB"}}],
        ),
    ] = UNSET
    contacts: Annotated[
        dict[Name, ContactFile] | UnsetType,
        Meta(
            description="Ways to reach a person.",
            examples=[{"push": {"url_file": "secrets/push-${{ user }}"}}],
        ),
    ] = UNSET
    users: Annotated[
        dict[Name, UserFile] | UnsetType,
        Meta(
            description="People who can be on call.",
            examples=[{"ana": {"location": "Europe/London", "notify": [{"push": "0m"}]}}],
        ),
    ] = UNSET
    rotations: Annotated[
        dict[Name, RotationFile] | UnsetType,
        Meta(
            description="People in turn.",
            examples=[{"emea": {"type": "weekly", "start": "2026-01-05T08:00", "users": ["ana"]}}],
        ),
    ] = UNSET
    schedules: Annotated[
        dict[Name, ScheduleFile] | UnsetType,
        Meta(
            description="When who is on call.",
            examples=[{"emea": {"location": "Europe/London", "layers": [{"rotation": "emea"}]}}],
        ),
    ] = UNSET
    overrides: Annotated[
        list[OverrideFile] | UnsetType,
        Meta(
            description="Planned exceptions to the schedules.",
            examples=[
                [
                    {
                        "schedules": ["emea"],
                        "start": "2026-07-01T08:00",
                        "end": "2026-07-01T18:00",
                        "add": "ana",
                    }
                ]
            ],
        ),
    ] = UNSET
    teams: Annotated[
        dict[Name, TeamFile] | UnsetType,
        Meta(description="The owners that probes name.", examples=[{"cards": {}}]),
    ] = UNSET
    escalation_policies: Annotated[
        dict[Name, EscalationPolicyFile] | UnsetType,
        Meta(
            description="What to do while nobody acknowledges.",
            examples=[
                {
                    "page": {
                        "levels": [{"notify": [{"on_call": "global"}], "wait": "10m"}],
                        "last_resort": {"receiver": "duty-line", "every": "15m"},
                    }
                }
            ],
        ),
    ] = UNSET
    time_intervals: Annotated[
        list[NamedIntervalFile] | UnsetType,
        Meta(
            description="Times that routes name.",
            examples=[[{"name": "office-hours", "time_intervals": [{"weekdays": ["monday:friday"]}]}]],
        ),
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
    inhibit_rules: Annotated[
        list[InhibitRuleFile] | UnsetType,
        Meta(
            description="Which firing alerts hold which others back.",
            examples=[
                [
                    {
                        "name": "psp-down",
                        "source_matchers": ['alertname="PspDown"'],
                        "target_matchers": ['alertname="ProbeFailed"'],
                        "equal": ["psp", "region"],
                    }
                ]
            ],
        ),
    ] = UNSET
    silences: Annotated[
        list[SilenceFile] | UnsetType,
        Meta(
            description="Planned silences.",
            examples=[
                [
                    {
                        "matchers": ['psp="acq-7"'],
                        "starts_at": "2026-12-01T01:00",
                        "ends_at": "2026-12-01T03:00",
                        "location": "Asia/Singapore",
                        "created_by": "chi",
                        "comment": "CHG0031337 acquirer upgrade",
                    }
                ]
            ],
        ),
    ] = UNSET
    silence_policy: Annotated[
        SilencePolicyFile | UnsetType,
        Meta(description="Rules for silences made by hand.", examples=[{"max_duration": "12h"}]),
    ] = UNSET
    delivery: Annotated[
        DeliveryFile | UnsetType,
        Meta(description="What happens to undeliverable messages.", examples=[{"give_up_after": "1h"}]),
    ] = UNSET
    coverage: Annotated[
        dict[Name, PromiseFile] | UnsetType,
        Meta(
            description="What must hold at any instant, by severity; `routes check` proves it.",
            examples=[{"critical": {"people": 2, "within": "20m"}}],
        ),
    ] = UNSET
    tests: Annotated[
        list[RouteTestFile] | UnsetType,
        Meta(
            description="Cases that `routes check` runs.",
            examples=[
                [{"at": "2026-07-01T09:00Z", "labels": {"severity": "critical"}, "receivers": ["page"]}]
            ],
        ),
    ] = UNSET


UNBUILT: Mapping[str, Collection[str]] = {}
"""Keys that are designed but not built in this version, by the struct they belong to."""


def routes_schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of routes.yaml."""
    return schema_of(RoutesFile)
