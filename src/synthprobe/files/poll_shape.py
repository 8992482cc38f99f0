"""The shape of a poll: one request, repeated until a state is reached."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.durations import Duration
from synthprobe.files.request_shape import Request


class Poll(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask until all of `until` holds; the last answer is what the step's assertions and captures see."""

    request: Annotated[
        Request,
        Meta(description="What is asked.", examples=[{"url": "${{ region.base_url }}/v1/payments/1"}]),
    ]
    until: Annotated[
        Annotated[list[Assertion], Meta(min_length=1)],
        Meta(
            description="What ends it well: all must hold.",
            examples=[[{"json": "$.status", "equals": "CAPTURED"}]],
        ),
    ]
    fail_if: Annotated[
        list[Assertion] | UnsetType,
        Meta(
            description="What ends it at once and badly: any one that holds.",
            examples=[[{"json": "$.status", "one_of": ["FAILED", "CANCELLED"]}]],
        ),
    ] = UNSET
    every: Annotated[
        Duration | UnsetType, Meta(description="Pause after the first answer; 1s.", examples=["1s"])
    ] = UNSET
    max_every: Annotated[
        Duration | UnsetType,
        Meta(description="The pause doubles up to this; `every`, so it stays.", examples=["5s"]),
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="How long it asks at most; 30s.", examples=["20s"])
    ] = UNSET
