"""The shape of undo: how a step's effect is found and taken back, and what money is at stake meanwhile."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.iso8583_shape import Iso8583
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import require_exactly_one

_SEARCH: dict[str, Any] = {
    "url": "${{ region.base_url }}/v1/payments",
    "query": {"reference": "${{ vars.ref }}"},
}
_CANCEL: dict[str, Any] = {
    "method": "POST",
    "url": "${{ region.base_url }}/v1/payments/${{ item.id }}/cancel",
    "idempotency": "Idempotency-Key",
}
_HELD = [{"json": "$.status", "equals": "AUTHORISED"}]
_GONE = [{"json": "$.status", "equals": "CANCELLED"}]


class Look(Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for what the step may have made, by a reference of our own, so that it works when the answer was lost."""

    request: Annotated[
        Request, Meta(description="What is asked; 404 and 410 mean nothing is there.", examples=[_SEARCH])
    ]
    each: Annotated[
        Annotated[str, Meta(min_length=1)] | UnsetType,
        Meta(
            description="A JSONPath (RFC 9535) to each thing in the answer; without it the whole answer is one thing.",
            examples=["$.data[*]", "$.data[?@.metadata.ref == '${{ vars.ref }}']"],
        ),
    ] = UNSET


class Act(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do about a thing in one state: a request until `verify` holds, or nothing."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("request", "iso8583", "done")

    when: Annotated[
        Annotated[list[Assertion], Meta(min_length=1)] | UnsetType,
        Meta(description="What must hold of the thing for this to be done.", examples=[_HELD]),
    ] = UNSET
    request: Annotated[
        Request | UnsetType,
        Meta(
            description="What takes it back; its idempotency key is the same every time.", examples=[_CANCEL]
        ),
    ] = UNSET
    iso8583: Annotated[
        Iso8583 | UnsetType,
        Meta(
            description="A message that takes it back, as a reversal; its trace number is that of the step.",
            examples=[{"host": "acquirer.example", "port": 8583, "type": "0400"}],
        ),
    ] = UNSET
    verify: Annotated[
        Annotated[list[Assertion], Meta(min_length=1)] | UnsetType,
        Meta(
            description="What `look` must find for it to be over; without `look`, of the answer.",
            examples=[_GONE],
        ),
    ] = UNSET
    done: Annotated[
        Annotated[str, Meta(min_length=1)] | UnsetType,
        Meta(description="Why there is nothing to do.", examples=["nothing is held"]),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


class Undo(Struct, frozen=True, forbid_unknown_fields=True):
    """Takes a step's effect back after the run, for every step whose request may have arrived, the last step first."""

    act: Annotated[
        Annotated[list[Act], Meta(min_length=1)],
        Meta(
            description="For each thing found, the first whose `when` holds.",
            examples=[[{"when": _HELD, "request": _CANCEL, "verify": _GONE}]],
        ),
    ]
    look: Annotated[
        Look | UnsetType,
        Meta(
            description="How what was made is found; without it there is one act, which is done until its answer is right.",
            examples=[{"request": _SEARCH, "each": "$.data[*]"}],
        ),
    ] = UNSET
    unless: Annotated[
        str | UnsetType,
        Meta(
            description="A later step that takes everything back itself: nothing is done if it passed.",
            examples=["refund"],
        ),
    ] = UNSET


class Money(Struct, frozen=True, forbid_unknown_fields=True):
    """What a step puts at stake until it is taken back; known before the run."""

    amount: Annotated[
        str | int, Meta(description="How much, in quotes.", examples=["1.07", "${{ vars.amount }}"])
    ]
    currency: Annotated[
        str, Meta(description="Three letters (ISO 4217).", examples=["EUR", "${{ vars.currency }}"])
    ]
    unit: Annotated[
        Literal["major", "minor"] | UnsetType,
        Meta(description="Whether the amount counts euros or cents; major.", examples=["minor"]),
    ] = UNSET
