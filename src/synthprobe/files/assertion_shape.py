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
Field = Annotated[
    str,
    Meta(
        pattern="^(type|[2-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$",
        extra_json_schema={"patternErrorMessage": "a field is a number from 2 to 128, in quotes, or `type`"},
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


PHASES = tuple(f"phase.{name}" for name in ("proxy", "resolve", "connect", "tls", "send", "wait", "receive"))
"""Keys of the phases of an exchange, in the order they happen."""

Time = Duration | Operators | UnsetType
_RENAMED = {"cast": "as", **{key.replace(".", "_"): key for key in PHASES}}


class Assertion(Struct, frozen=True, forbid_unknown_fields=True, rename=_RENAMED):
    """One expectation: a subject, and operators beside it (json, header, body) or inside it (all others)."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = (
        "status",
        "header",
        "json",
        "body",
        "size",
        "duration",
        *PHASES,
        "schema",
        "certificate_expires_in",
        "tls_version",
        "http_version",
        "redirect_to",
        "answers",
        "field",
        "deliveries",
        "delay",
    )

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
    size: Annotated[
        int | Operators | UnsetType,
        Meta(description="Bytes of the body, with operators.", examples=[{"lt": 65536}]),
    ] = UNSET
    phase_proxy: Annotated[
        Time,
        Meta(description="How long the egress proxy took to open the way.", examples=[{"lt": "200ms"}]),
    ] = UNSET
    phase_resolve: Annotated[
        Time,
        Meta(description="How long the look-up of the name took.", examples=[{"lt": "50ms"}]),
    ] = UNSET
    phase_connect: Annotated[
        Time,
        Meta(description="How long the TCP connection took.", examples=[{"lt": "100ms"}]),
    ] = UNSET
    phase_tls: Annotated[
        Time,
        Meta(description="How long the TLS handshake took.", examples=[{"lt": "200ms"}]),
    ] = UNSET
    phase_send: Annotated[
        Time,
        Meta(description="How long sending the request took.", examples=[{"lt": "50ms"}]),
    ] = UNSET
    phase_wait: Annotated[
        Time,
        Meta(description="How long the first byte of the answer took.", examples=[{"lt": "500ms"}]),
    ] = UNSET
    phase_receive: Annotated[
        Time,
        Meta(description="How long the rest of the answer took.", examples=[{"lt": "100ms"}]),
    ] = UNSET
    schema: Annotated[
        Annotated[str, Meta(min_length=1)] | dict[str, Any] | UnsetType,
        Meta(
            description="A JSON Schema (draft 2020-12) the body must fit: a file, relative to this one, or written here.",
            examples=["schemas/payment.json", {"type": "object", "required": ["id"]}],
        ),
    ] = UNSET
    certificate_expires_in: Annotated[
        Time, Meta(description="How long the server's certificate is good for.", examples=[{"gt": "14d"}])
    ] = UNSET
    tls_version: Annotated[
        str | Operators | UnsetType,
        Meta(
            description="The TLS version spoken, as 1.2 or 1.3.", examples=["1.3", {"one_of": ["1.2", "1.3"]}]
        ),
    ] = UNSET
    http_version: Annotated[
        str | Operators | UnsetType, Meta(description="The HTTP version spoken.", examples=["1.1"])
    ] = UNSET
    redirect_to: Annotated[
        str | Operators | UnsetType,
        Meta(
            description="The whole URL that a redirect leads to.",
            examples=[{"starts_with": "https://acs.acme.example/"}],
        ),
    ] = UNSET
    answers: Annotated[
        list[str] | Operators | UnsetType,
        Meta(
            description="Of `dns`: the records, as text, sorted.",
            examples=[["192.0.2.7", "192.0.2.8"], {"contains": "192.0.2.7"}],
        ),
    ] = UNSET
    field: Annotated[
        Field | UnsetType,
        Meta(
            description="Of `iso8583`: a field of the answer by its number, in quotes, or `type`.",
            examples=["39"],
        ),
    ] = UNSET
    deliveries: Annotated[
        int | Operators | UnsetType,
        Meta(description="How often the webhook came, with operators.", examples=[{"lte": 1}]),
    ] = UNSET
    delay: Annotated[
        Time,
        Meta(
            description="How long after its cause the webhook came, with operators.", examples=[{"lt": "5s"}]
        ),
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
