"""The shape of `schedule` and `slo`: when a probe runs, and how well its slots are to do."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.shapes import require_exactly_one


class WhileFailing(Struct, frozen=True, rename={"lasting": "for"}, forbid_unknown_fields=True):
    """Extra runs from a first failed run on; they are no slots."""

    every: Annotated[Duration, Meta(description="Time between two of them.", examples=["60s"])]
    lasting: Annotated[Duration, Meta(description="For how long at most.", examples=["15m"])]


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """When runs start."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("every", "cron")

    every: Annotated[Duration | UnsetType, Meta(description="Time between two starts.", examples=["3m"])] = (
        UNSET
    )
    cron: Annotated[
        str | UnsetType,
        Meta(
            description="When runs start: minute, hour, day of the month, month, day of the week. A time that clocks "
            "skip starts right after it, one that comes twice starts once.",
            examples=["*/5 8-20 * * mon-fri"],
        ),
    ] = UNSET
    timezone: Annotated[
        str | UnsetType, Meta(description="The time zone of `cron`; UTC.", examples=["Europe/Oslo"])
    ] = UNSET
    only: Annotated[
        Annotated[list[str], Meta(min_length=1)] | UnsetType,
        Meta(
            description="Time intervals of the routes file: a start in none of them is off, unless the alert fires.",
            examples=[["office"]],
        ),
    ] = UNSET
    while_failing: Annotated[
        WhileFailing | UnsetType,
        Meta(
            description="Extra runs from a first failed run on, until one is good.",
            examples=[{"every": "60s", "for": "15m"}],
        ),
    ] = UNSET
    overlap: Annotated[
        Literal["skip", "queue"] | UnsetType,
        Meta(
            description="What becomes of a start while the last run is not over: it is skipped, or it waits for the "
            "end of that run, unless a newer start takes its place.",
            examples=["queue"],
        ),
    ] = UNSET

    paused: Annotated[
        Annotated[
            str,
            Meta(min_length=1, extra_json_schema={"errorMessage": "say why, as in `paused: acme moves`"}),
        ]
        | UnsetType,
        Meta(
            description="Why nothing starts for now: its slots are off, and its alert ends, not proven healthy. What was "
            "begun is still taken back, and `synthprobe run` runs it.",
            examples=["acme moves its sandbox until Friday"],
        ),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


Percent = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,2}(\.[0-9]{1,5})?$",
        extra_json_schema={"patternErrorMessage": 'a percentage below 100 is written as `"99.9"`'},
    ),
]


class SloLatency(Struct, frozen=True, forbid_unknown_fields=True):
    """How quick good runs must be."""

    lt: Annotated[Duration, Meta(description="A run is quick if it takes less.", examples=["2s"])]
    objective: Annotated[Percent, Meta(description="Percent of good runs that are quick.", examples=["95"])]


class Slo(Struct, frozen=True, forbid_unknown_fields=True):
    """What is promised; `SloBurn` is raised when its error budget burns too fast."""

    objective: Annotated[Percent, Meta(description="Percent of slots that are good.", examples=["99.9"])]
    window: Annotated[
        Duration | UnsetType, Meta(description="For which the budget has to last; 30d.", examples=["30d"])
    ] = UNSET
    latency: Annotated[
        SloLatency | UnsetType,
        Meta(description="How quick good runs must be.", examples=[{"lt": "2s", "objective": "95"}]),
    ] = UNSET
