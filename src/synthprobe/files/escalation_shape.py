"""The shape of escalation policies in routes.yaml."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.shapes import require_exactly_one
from synthprobe.files.wall_texts import Name


class TargetFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a level notifies."""

    EXACTLY_ONE = ("on_call", "schedule", "user", "receiver")

    on_call: Annotated[
        Literal["local", "global"] | UnsetType,
        Meta(
            description="Who is on call in the team: for the incident's region, or the world.",
            examples=["local"],
        ),
    ] = UNSET
    schedule: Annotated[
        Name | UnsetType, Meta(description="Who is on call in this schedule.", examples=["emea"])
    ] = UNSET
    user: Annotated[Name | UnsetType, Meta(description="This person.", examples=["duty-manager"])] = UNSET
    receiver: Annotated[Name | UnsetType, Meta(description="This receiver.", examples=["duty-line"])] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


class LevelFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One rung of an escalation."""

    notify: Annotated[
        list[TargetFile],
        Meta(min_length=1, description="Whom it notifies.", examples=[[{"on_call": "local"}]]),
    ]
    wait: Annotated[Duration, Meta(description="How long before the next level.", examples=["5m"])]


class LastResortFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Who hears of it when every pass is over."""

    receiver: Annotated[Name, Meta(description="The receiver.", examples=["duty-line"])]
    every: Annotated[Duration, Meta(description="How often, until somebody acts.", examples=["15m"])]


class EscalationPolicyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do while nobody acknowledges."""

    levels: Annotated[
        list[LevelFile],
        Meta(
            min_length=1,
            description="Whom, in order.",
            examples=[[{"notify": [{"on_call": "global"}], "wait": "10m"}]],
        ),
    ]
    last_resort: Annotated[
        LastResortFile,
        Meta(
            description="Who hears of it when every pass is over.",
            examples=[{"receiver": "duty-line", "every": "15m"}],
        ),
    ]
    repeat: Annotated[
        Annotated[int, Meta(ge=0, le=100)] | UnsetType, Meta(description="Further passes.", examples=[2])
    ] = UNSET
    ack_timeout: Annotated[
        Duration | UnsetType,
        Meta(
            description="How long after its holder's last action an acknowledgement lapses.", examples=["30m"]
        ),
    ] = UNSET
