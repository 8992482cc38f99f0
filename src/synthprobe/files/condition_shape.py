"""The shape of `if`: one condition on an earlier step."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files import assertion_shape as shape
from synthprobe.files.shapes import require_exactly_one

_RENAMED = {"cast": "as", "state": "is"}


class Condition(Struct, frozen=True, forbid_unknown_fields=True, rename=_RENAMED):
    """Either what became of a step (`step` with `is`), or a subject `of` it with one operator or more."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("step", "status", "header", "json", "body")

    step: Annotated[str | UnsetType, Meta(description="An earlier step.", examples=["authorise"])] = UNSET
    state: Annotated[
        Literal["passed", "failed", "skipped", "sent"] | UnsetType,
        Meta(
            description="What became of `step`; degraded counts as passed, sent is whatever may have arrived.",
            examples=["passed"],
        ),
    ] = UNSET
    of: Annotated[
        str | UnsetType,
        Meta(description="The earlier step whose response is looked at.", examples=["authorise"]),
    ] = UNSET
    status: Annotated[
        int | str | shape.Operators | UnsetType,
        Meta(description="The status of that response.", examples=[402, {"gte": 400}]),
    ] = UNSET
    header: Annotated[
        shape.HeaderName | UnsetType, Meta(description="A header of that response.", examples=["Location"])
    ] = UNSET
    json: Annotated[
        str | UnsetType, Meta(description="A JSONPath in its body.", examples=["$.next_action.type"])
    ] = UNSET
    body: Annotated[
        str | shape.Operators | UnsetType | None,
        Meta(description="Its whole body as text.", examples=[{"contains": "ok"}]),
    ] = UNSET
    equals: shape.Equals = UNSET
    not_equals: shape.NotEquals = UNSET
    one_of: shape.OneOf = UNSET
    not_one_of: shape.NotOneOf = UNSET
    lt: shape.Lt = UNSET
    lte: shape.Lte = UNSET
    gt: shape.Gt = UNSET
    gte: shape.Gte = UNSET
    contains: shape.Contains = UNSET
    not_contains: shape.NotContains = UNSET
    starts_with: shape.StartsWith = UNSET
    ends_with: shape.EndsWith = UNSET
    matches: shape.Matches = UNSET
    exists: shape.Exists = UNSET
    length: shape.Length = UNSET
    type: shape.Type = UNSET
    cast: Annotated[
        Literal["decimal", "number", "datetime", "string"] | UnsetType,
        Meta(description="How both sides are read before they are compared.", examples=["decimal"]),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


def as_assertion(condition: Condition) -> shape.Assertion:
    """The condition as the entry of `assert` it reads like."""
    names = (name for name in shape.Assertion.__struct_fields__ if hasattr(condition, name))
    return shape.Assertion(**{name: getattr(condition, name) for name in names})
