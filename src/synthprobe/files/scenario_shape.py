"""The shape of the timeline that `routes simulate` plays."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.core.failures import Kind
from synthprobe.core.results import Outcome
from synthprobe.files.alert_shape import Alert
from synthprobe.files.durations import Duration
from synthprobe.files.shapes import require_exactly_one, schema_of
from synthprobe.files.wall_texts import Instant, Location, Moment, Name

Seconds = Annotated[float, Meta(ge=0, le=400 * 86_400)]


class ScenarioCheckFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A check whose runs are played."""

    probe: Annotated[Name, Meta(description="Its probe.", examples=["card"])]
    region: Annotated[Name, Meta(description="Its region.", examples=["emea"])]
    every: Annotated[Duration, Meta(description="How often it runs.", examples=["60s"])] = "60s"
    phase: Annotated[
        Duration | UnsetType,
        Meta(
            description="How far its starts are shifted; a timeline's runs end when it says.", examples=["7s"]
        ),
    ] = UNSET
    labels: Annotated[
        dict[Name, str] | UnsetType,
        Meta(description="Labels of its alerts; `owner` is its team.", examples=[{"owner": "cards"}]),
    ] = UNSET
    alert: Annotated[
        Alert | UnsetType,
        Meta(
            description="When its results become an alert, as in probe files.", examples=[{"fail_after": 2}]
        ),
    ] = UNSET


class AlertEventFile(Struct, frozen=True, forbid_unknown_fields=True):
    """An alert from outside."""

    labels: Annotated[
        dict[Name, str], Meta(min_length=1, description="Its labels.", examples=[{"alertname": "X"}])
    ]
    state: Annotated[
        Literal["firing", "resolved"], Meta(description="Whether it fires.", examples=["firing"])
    ]
    annotations: Annotated[
        dict[Name, str] | UnsetType, Meta(description="What it says.", examples=[{"summary": "down"}])
    ] = UNSET


class RunEventFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A run of one of `checks` ends."""

    probe: Annotated[Name, Meta(description="Its probe.", examples=["card"])]
    region: Annotated[Name, Meta(description="Its region.", examples=["emea"])]
    outcome: Annotated[Outcome, Meta(description="What it found.", examples=["failed"])]
    step: Annotated[Name | UnsetType, Meta(description="The failing step.", examples=["capture"])] = UNSET
    kind: Annotated[Kind | UnsetType, Meta(description="What went wrong.", examples=["timeout"])] = UNSET
    message: Annotated[
        str | UnsetType, Meta(description="The failure in words.", examples=["no answer in 5 s"])
    ] = UNSET


class SilenceEventFile(Struct, frozen=True, forbid_unknown_fields=True, rename={"for_": "for"}):
    """A silence is made."""

    id: Annotated[Name, Meta(description="What the timeline calls it.", examples=["a"])]
    matchers: Annotated[
        list[str],
        Meta(min_length=1, description="What it holds back.", examples=[['region="emea"']]),
    ]
    for_: Annotated[Duration, Meta(description="How long.", examples=["10m"])]
    by: Annotated[Name, Meta(description="Who makes it.", examples=["ana"])]
    comment: Annotated[str | UnsetType, Meta(description="Why.", examples=["CHG1"])] = UNSET


class ActionEventFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody acts on an incident."""

    incident: Annotated[Annotated[int, Meta(ge=1)], Meta(description="Its number.", examples=[1])]
    by: Annotated[Name, Meta(description="Who acts.", examples=["ana"])]
    text: Annotated[str | UnsetType, Meta(description="A note, or why.", examples=["looking"])] = UNSET
    to: Annotated[Name | UnsetType, Meta(description="Whom to reassign to.", examples=["ben"])] = UNSET


class OverrideEventFile(Struct, frozen=True, forbid_unknown_fields=True, rename={"for_": "for"}):
    """A schedule is overridden, from now on unless it says from when."""

    schedules: Annotated[list[Name], Meta(min_length=1, description="Which schedules.", examples=[["emea"]])]
    start: Annotated[
        Moment | UnsetType, Meta(description="When it begins.", examples=["2026-07-01T09:00Z"])
    ] = UNSET
    end: Annotated[Moment | UnsetType, Meta(description="When it ends.", examples=["2026-07-01T10:00Z"])] = (
        UNSET
    )
    for_: Annotated[Duration | UnsetType, Meta(description="Or how long.", examples=["1h"])] = UNSET
    location: Annotated[
        Location | UnsetType, Meta(description="The zone of both times.", examples=["Europe/London"])
    ] = UNSET
    remove: Annotated[Name | UnsetType, Meta(description="Who is not on call.", examples=["ben"])] = UNSET
    add: Annotated[Name | UnsetType, Meta(description="Who is.", examples=["ana"])] = UNSET
    reason: Annotated[str | UnsetType, Meta(description="Why.", examples=["ill"])] = UNSET


class ReloadEventFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Another routes file."""

    routes: Annotated[Name, Meta(description="The file, beside this one.", examples=["other.yaml"])]


ACTIONS = ("ack", "note", "resolve", "escalate", "reassign", "accept")


class EventFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that happens."""

    EXACTLY_ONE = ("alert", "run", "silence", "unsilence", *ACTIONS, "override", "reload", "restart")

    t: Annotated[Seconds | Duration, Meta(description="How long after the start.", examples=["90s", 90])]
    alert: Annotated[
        AlertEventFile | UnsetType,
        Meta(
            description="An alert from outside.",
            examples=[{"labels": {"alertname": "X"}, "state": "firing"}],
        ),
    ] = UNSET
    run: Annotated[
        RunEventFile | UnsetType,
        Meta(description="A run ends.", examples=[{"probe": "card", "region": "emea", "outcome": "failed"}]),
    ] = UNSET
    silence: Annotated[
        SilenceEventFile | UnsetType,
        Meta(
            description="A silence is made.",
            examples=[{"id": "a", "matchers": ['region="emea"'], "for": "10m", "by": "ana"}],
        ),
    ] = UNSET
    unsilence: Annotated[
        Name | UnsetType, Meta(description="A silence of this timeline ends.", examples=["a"])
    ] = UNSET
    ack: Annotated[
        ActionEventFile | UnsetType,
        Meta(description="Somebody takes an incident.", examples=[{"incident": 1, "by": "ana"}]),
    ] = UNSET
    note: Annotated[
        ActionEventFile | UnsetType,
        Meta(description="Somebody writes a note.", examples=[{"incident": 1, "by": "ana", "text": "hm"}]),
    ] = UNSET
    resolve: Annotated[
        ActionEventFile | UnsetType,
        Meta(description="Somebody ends an incident by hand.", examples=[{"incident": 1, "by": "ana"}]),
    ] = UNSET
    escalate: Annotated[
        ActionEventFile | UnsetType,
        Meta(description="Somebody starts the next level.", examples=[{"incident": 1, "by": "ana"}]),
    ] = UNSET
    reassign: Annotated[
        ActionEventFile | UnsetType,
        Meta(description="Somebody offers it.", examples=[{"incident": 1, "by": "ana", "to": "ben"}]),
    ] = UNSET
    accept: Annotated[
        ActionEventFile | UnsetType,
        Meta(description="Somebody takes what was offered.", examples=[{"incident": 1, "by": "ben"}]),
    ] = UNSET
    override: Annotated[
        OverrideEventFile | UnsetType,
        Meta(
            description="A schedule is overridden.",
            examples=[{"schedules": ["emea"], "add": "ana", "for": "1h"}],
        ),
    ] = UNSET
    reload: Annotated[
        ReloadEventFile | UnsetType,
        Meta(description="Other routes are put in force.", examples=[{"routes": "other.yaml"}]),
    ] = UNSET
    restart: Annotated[
        Duration | UnsetType, Meta(description="The process is away so long.", examples=["30s"])
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


class ScenarioFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What `routes simulate` plays."""

    start: Annotated[Instant, Meta(description="When it begins.", examples=["2026-07-01T09:00:00Z"])]
    until: Annotated[Duration, Meta(description="How long it lasts.", examples=["2h"])]
    events: Annotated[
        list[EventFile],
        Meta(
            description="What happens.",
            examples=[[{"t": "0s", "alert": {"labels": {"alertname": "X"}, "state": "firing"}}]],
        ),
    ]
    checks: Annotated[
        list[ScenarioCheckFile] | UnsetType,
        Meta(description="The checks of `run` events.", examples=[[{"probe": "card", "region": "emea"}]]),
    ] = UNSET


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of a timeline."""
    return schema_of(ScenarioFile)
