"""The shape of a capture: where a value for later steps comes from."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import Field, HeaderName
from synthprobe.files.shapes import require_exactly_one


class Capture(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value for later steps comes from."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = (
        "json",
        "header",
        "cookie",
        "body",
        "status",
        "url",
        "duration",
        "certificate",
        "field",
    )

    json: Annotated[
        str | UnsetType, Meta(description="A JSONPath (RFC 9535) in the response body.", examples=["$.id"])
    ] = UNSET
    header: Annotated[
        HeaderName | UnsetType, Meta(description="A response header's name.", examples=["Location"])
    ] = UNSET
    body: Annotated[
        str | UnsetType,
        Meta(
            description="An RE2 pattern; its first group, or all it matches, is kept.",
            examples=["id=([0-9]+)"],
        ),
    ] = UNSET
    cookie: Annotated[
        HeaderName | UnsetType, Meta(description="A cookie that the response sets.", examples=["session"])
    ] = UNSET
    status: Annotated[bool | UnsetType, Meta(description="Keep the status.", examples=[True])] = UNSET
    url: Annotated[bool | UnsetType, Meta(description="Keep the URL that was called.", examples=[True])] = (
        UNSET
    )
    duration: Annotated[
        bool | UnsetType, Meta(description="Keep how long the request took, in seconds.", examples=[True])
    ] = UNSET
    certificate: Annotated[
        Literal["subject", "issuer", "serial", "names", "not_before", "not_after"] | UnsetType,
        Meta(
            description="What the server's certificate says; `names` is a list, which `type: list` keeps.",
            examples=["not_after"],
        ),
    ] = UNSET
    field: Annotated[
        Field | UnsetType,
        Meta(description="A field of an ISO 8583 answer, by its number in quotes.", examples=["37"]),
    ] = UNSET
    type: Annotated[
        Literal["string", "int", "decimal", "list", "object"] | UnsetType,
        Meta(description="What it is kept as; a string unless given.", examples=["int"]),
    ] = UNSET
    default: Annotated[Any, Meta(description="Kept when nothing is found.", examples=["none"])] = UNSET
    secret: Annotated[
        bool | UnsetType, Meta(description="Hide the value wherever a run is shown.", examples=[True])
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)
