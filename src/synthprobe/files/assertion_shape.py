"""The shape of an assertion: a subject, and the closed list of operators."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.durations import Duration
from synthprobe.files.shapes import require_exactly_one

HeaderName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
        max_length=256,
        extra_json_schema={"patternErrorMessage": "a header's name has no spaces or colons"},
    ),
]
JsonType = Literal["string", "number", "integer", "boolean", "array", "object", "null"]
Count = Annotated[int, Meta(ge=0)]

Equals = Annotated[Any, Meta(description="The value it must be.", examples=["AUTHORISED"])]
NotEquals = Annotated[Any, Meta(description="A value it must not be.", examples=["DECLINED"])]
Listed = Annotated[list[Any], Meta(min_length=1)]
OneOf = Annotated[Listed | UnsetType, Meta(description="The values it may be.", examples=[[200, 201]])]
NotOneOf = Annotated[Listed | UnsetType, Meta(description="The values it must not be.", examples=[[500]])]
Bound = int | float | str
Lt = Annotated[Bound | UnsetType, Meta(description="It must be less than this.", examples=["800ms"])]
Lte = Annotated[Bound | UnsetType, Meta(description="It must be at most this.", examples=[5])]
Gt = Annotated[Bound | UnsetType, Meta(description="It must be more than this.", examples=[0])]
Gte = Annotated[Bound | UnsetType, Meta(description="It must be at least this.", examples=[1])]
Contains = Annotated[Any, Meta(description="What must be in the text, list or object.", examples=["EUR"])]
NotContains = Annotated[Any, Meta(description="What must not be in it.", examples=["error"])]
StartsWith = Annotated[str | UnsetType, Meta(description="How the text must begin.", examples=["pay_"])]
EndsWith = Annotated[str | UnsetType, Meta(description="How the text must end.", examples=["_test"])]
Matches = Annotated[
    str | UnsetType, Meta(description="An RE2 pattern, searched for in the text.", examples=["^pay_[0-9]+$"])
]
Exists = Annotated[bool | UnsetType, Meta(description="Whether it must be there at all.", examples=[True])]
Length = Annotated[Count | UnsetType, Meta(description="Of a text, list or object.", examples=[1])]
Type = Annotated[JsonType | UnsetType, Meta(description="The JSON type it must have.", examples=["string"])]


class Operators(Struct, frozen=True, forbid_unknown_fields=True):
    """Comparisons of one value; several must all hold."""

    equals: Equals = UNSET
    not_equals: NotEquals = UNSET
    one_of: OneOf = UNSET
    not_one_of: NotOneOf = UNSET
    lt: Lt = UNSET
    lte: Lte = UNSET
    gt: Gt = UNSET
    gte: Gte = UNSET
    contains: Contains = UNSET
    not_contains: NotContains = UNSET
    starts_with: StartsWith = UNSET
    ends_with: EndsWith = UNSET
    matches: Matches = UNSET
    exists: Exists = UNSET
    length: Length = UNSET
    type: Type = UNSET


class Assertion(Struct, frozen=True, forbid_unknown_fields=True, rename={"cast": "as"}):
    """One expectation: a subject, and operators beside it (json, header, body) or inside it (status, duration)."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("status", "header", "json", "body", "duration")

    status: Annotated[
        int | str | Operators | UnsetType,
        Meta(description="The status: a number, or operators.", examples=[201, {"one_of": [200, 201]}]),
    ] = UNSET
    header: Annotated[
        HeaderName | UnsetType, Meta(description="A response header's name.", examples=["Content-Type"])
    ] = UNSET
    json: Annotated[
        str | UnsetType,
        Meta(description="A JSONPath (RFC 9535) in the response body.", examples=["$.status"]),
    ] = UNSET
    body: Annotated[
        str | Operators | UnsetType | None,
        Meta(
            description="The whole body as text, with operators inside or beside.",
            examples=[{"contains": "ok"}],
        ),
    ] = UNSET
    duration: Annotated[
        Duration | Operators | UnsetType,
        Meta(description="From DNS to the last byte, with operators.", examples=[{"lt": "800ms"}]),
    ] = UNSET
    equals: Equals = UNSET
    not_equals: NotEquals = UNSET
    one_of: OneOf = UNSET
    not_one_of: NotOneOf = UNSET
    lt: Lt = UNSET
    lte: Lte = UNSET
    gt: Gt = UNSET
    gte: Gte = UNSET
    contains: Contains = UNSET
    not_contains: NotContains = UNSET
    starts_with: StartsWith = UNSET
    ends_with: EndsWith = UNSET
    matches: Matches = UNSET
    exists: Exists = UNSET
    length: Length = UNSET
    type: Type = UNSET
    cast: Annotated[
        Literal["decimal", "number", "datetime", "string"] | UnsetType,
        Meta(description="How both sides are read before they are compared.", examples=["decimal"]),
    ] = UNSET
    level: Annotated[
        Literal["failed", "degraded"] | UnsetType,
        Meta(description="What the run becomes when this does not hold.", examples=["degraded"]),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)
