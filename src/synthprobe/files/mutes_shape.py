"""The shape of what holds alerts back in routes.yaml: time intervals and inhibition in Alertmanager's words, silences."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.wall_texts import Location, Moment, Name

Number = Annotated[str | int, Meta(description="A number, or two with a colon between them.")]


class TimesFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the day; its end is excluded."""

    start_time: Annotated[
        str | UnsetType, Meta(description="Where it begins, on a 24 hour clock.", examples=["08:00"])
    ] = UNSET
    end_time: Annotated[
        str | UnsetType, Meta(description="Where it ends, up to 24:00.", examples=["18:00"])
    ] = UNSET


class TimeIntervalFile(Struct, frozen=True, forbid_unknown_fields=True):
    """When something holds, Alertmanager's: of each key that is given, one entry must match."""

    times: Annotated[
        list[TimesFile] | UnsetType,
        Meta(description="Parts of the day.", examples=[[{"start_time": "08:00", "end_time": "18:00"}]]),
    ] = UNSET
    weekdays: Annotated[
        list[str] | UnsetType,
        Meta(description="Days of the week, or ranges of them.", examples=[["monday:friday"]]),
    ] = UNSET
    days_of_month: Annotated[
        list[Number] | UnsetType,
        Meta(description="Days of the month; negative ones count from its end.", examples=[["1", "-3:-1"]]),
    ] = UNSET
    months: Annotated[
        list[Number] | UnsetType,
        Meta(description="Months by name or number, or ranges.", examples=[["january:march", "12"]]),
    ] = UNSET
    years: Annotated[
        list[Number] | UnsetType, Meta(description="Years, or ranges.", examples=[["2026:2027"]])
    ] = UNSET
    location: Annotated[
        Location | UnsetType,
        Meta(description="The time zone of all of it; UTC when absent.", examples=["Europe/London"]),
    ] = UNSET


class NamedIntervalFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Time intervals under a name; active while any of them is."""

    name: Annotated[Name, Meta(description="What routes call it.", examples=["office-hours"])]
    time_intervals: Annotated[
        list[TimeIntervalFile] | UnsetType,
        Meta(description="The intervals.", examples=[[{"weekdays": ["monday:friday"]}]]),
    ] = UNSET


class InhibitRuleFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Firing sources hold back the targets that agree with them."""

    name: Annotated[
        Name | UnsetType, Meta(description="What messages and pages call it.", examples=["psp-down"])
    ] = UNSET
    source_matchers: Annotated[
        list[str] | UnsetType,
        Meta(description="Which firing alerts hold others back.", examples=[['alertname="PspDown"']]),
    ] = UNSET
    target_matchers: Annotated[
        list[str] | UnsetType,
        Meta(description="Which alerts are held back.", examples=[['alertname="ProbeFailed"']]),
    ] = UNSET
    equal: Annotated[
        list[str] | UnsetType,
        Meta(
            description="Labels that both must agree on; missing on both agrees.",
            examples=[["psp", "region"]],
        ),
    ] = UNSET


class SilenceFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A planned silence."""

    matchers: Annotated[
        list[str], Meta(description="Which alerts it holds back: all must hold.", examples=[['psp="acq-7"']])
    ]
    starts_at: Annotated[
        Moment,
        Meta(
            description="When it begins: a local time of `location`, or an instant.",
            examples=["2026-12-01T01:00"],
        ),
    ]
    ends_at: Annotated[
        Moment,
        Meta(
            description="When it ends: a local time of `location`, or an instant.",
            examples=["2026-12-01T03:00"],
        ),
    ]
    created_by: Annotated[Name, Meta(description="Who answers for it.", examples=["chi"])]
    comment: Annotated[
        Name,
        Meta(description="Why, with the change it belongs to.", examples=["CHG0031337 acquirer upgrade"]),
    ]
    location: Annotated[
        Location | UnsetType, Meta(description="The time zone of local times.", examples=["Asia/Singapore"])
    ] = UNSET


class SilencePolicyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Rules for silences that are made by hand."""

    max_duration: Annotated[
        Duration | UnsetType, Meta(description="How long one may last.", examples=["12h"])
    ] = UNSET
    remind_before: Annotated[
        Duration | UnsetType,
        Meta(description="How long before its end it is announced, with what it hides.", examples=["15m"]),
    ] = UNSET
