"""The shape of `classify`: where a response says that it declined, or could not decide."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import Field, HeaderName
from synthprobe.files.shapes import require_exactly_one

Code = Annotated[str, Meta(min_length=1)]


class Classify(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a code stands, whatever the status is, and what codes mean; a code of neither list means nothing."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("json", "header", "body", "status", "field")

    json: Annotated[
        str | UnsetType, Meta(description="A JSONPath in the body.", examples=["$.response_code"])
    ] = UNSET
    header: Annotated[
        HeaderName | UnsetType, Meta(description="A response header.", examples=["X-Response-Code"])
    ] = UNSET
    body: Annotated[
        str | UnsetType,
        Meta(description="An RE2 pattern; its first group is the code.", examples=["<Code>([0-9]+)</Code>"]),
    ] = UNSET
    status: Annotated[bool | UnsetType, Meta(description="The status itself.", examples=[True])] = UNSET
    field: Annotated[
        Field | UnsetType,
        Meta(description="A field of an ISO 8583 answer: 39, the response code.", examples=["39"]),
    ] = UNSET
    declined: Annotated[
        list[Code] | UnsetType,
        Meta(
            description="Codes of a decision against the payer: degraded, unless the step expects it.",
            examples=[["05", "51"]],
        ),
    ] = UNSET
    technical: Annotated[
        list[Code] | UnsetType,
        Meta(description="Codes of an outage behind the API: failed.", examples=[["91", "96"]]),
    ] = UNSET
    outcome: Annotated[
        Literal["degraded", "failed"] | UnsetType,
        Meta(description="What a decline makes of the run; degraded.", examples=["failed"]),
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)
