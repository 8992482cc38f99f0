"""The shape of a step as a probe file writes it, and of what stands inside one."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import Assertion, HeaderName
from synthprobe.files.durations import Duration
from synthprobe.files.shapes import require_exactly_one

StepId = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9_-]*$",
        max_length=80,
        extra_json_schema={"patternErrorMessage": "use lower-case letters, digits, `-` and `_`"},
    ),
]
Name = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9_-]+$",
        max_length=80,
        extra_json_schema={"patternErrorMessage": "use letters, digits, `-` and `_`"},
    ),
]
Scalar = str | int | float | bool
Fields = dict[str, Scalar | list[Scalar]]
Redirects = Annotated[int, Meta(ge=0, le=20)]
RetryStatus = Annotated[int, Meta(ge=100, le=599)]


class Capture(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value for later steps comes from."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("json", "header", "body", "status", "url", "duration")

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
    status: Annotated[bool | UnsetType, Meta(description="Keep the status.", examples=[True])] = UNSET
    url: Annotated[bool | UnsetType, Meta(description="Keep the URL that was called.", examples=[True])] = (
        UNSET
    )
    duration: Annotated[
        bool | UnsetType, Meta(description="Keep how long the request took, in seconds.", examples=[True])
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


class Retry(Struct, frozen=True, forbid_unknown_fields=True):
    """Repeat one request, with the same idempotency key, after what `on` lists."""

    on: Annotated[
        Annotated[list[str | RetryStatus], Meta(min_length=1)],
        Meta(
            description="Failure kinds (`connect` for all that happen before a connection) and statuses.",
            examples=[["connect", "429", "503"]],
        ),
    ]
    max: Annotated[
        Annotated[int, Meta(ge=0, le=10)] | UnsetType, Meta(description="Repeats at most; 1.", examples=[2])
    ] = UNSET
    backoff: Annotated[
        Duration | UnsetType, Meta(description="Pause before the first repeat; 500ms.", examples=["500ms"])
    ] = UNSET


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """One HTTP request."""

    url: Annotated[
        str, Meta(min_length=1, description="The whole URL.", examples=["${{ region.base_url }}/v1/payments"])
    ]
    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] | UnsetType,
        Meta(description="The HTTP method; GET.", examples=["POST"]),
    ] = UNSET
    query: Annotated[
        Fields | UnsetType, Meta(description="Query parameters.", examples=[{"reference": "sp-1"}])
    ] = UNSET
    headers: Annotated[
        dict[HeaderName, Scalar] | UnsetType,
        Meta(description="Request headers.", examples=[{"Authorization": "Bearer ${{ secrets.key }}"}]),
    ] = UNSET
    json: Annotated[Any, Meta(description="A body sent as JSON.", examples=[{"amount": "1.07"}])] = UNSET
    form: Annotated[
        Fields | UnsetType, Meta(description="A body sent as form fields.", examples=[{"amount": "107"}])
    ] = UNSET
    raw: Annotated[str | UnsetType, Meta(description="A body sent as written.", examples=["<ping/>"])] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="From DNS to the last byte; 10s.", examples=["5s"])
    ] = UNSET
    idempotency: Annotated[
        HeaderName | UnsetType,
        Meta(description="The header for a key that every retry repeats.", examples=["Idempotency-Key"]),
    ] = UNSET
    max_body: Annotated[
        Annotated[int, Meta(ge=1, le=64 * 1024 * 1024)] | UnsetType,
        Meta(description="Bytes of response read at most; 1 MiB.", examples=[65536]),
    ] = UNSET
    tls: Annotated[Name | UnsetType, Meta(description="A profile of `tls`.", examples=["acme"])] = UNSET
    via: Annotated[
        Name | UnsetType,
        Meta(description="One of `proxies`; `direct` for none.", examples=["corp", "direct"]),
    ] = UNSET
    follow_redirects: Annotated[
        Redirects | UnsetType,
        Meta(description="Redirects followed at most; 0: a redirect is an answer.", examples=[3]),
    ] = UNSET
    ip: Annotated[
        Literal["any", "v4", "v6"] | UnsetType,
        Meta(description="Addresses that may be used; any.", examples=["v4"]),
    ] = UNSET


class Step(Struct, frozen=True, forbid_unknown_fields=True, rename={"assertions": "assert"}):
    """One action and what is expected of it; exactly one kind (`request`)."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("request",)

    id: Annotated[StepId, Meta(description="The step's name within the probe.", examples=["authorise"])]
    request: Annotated[
        Request | UnsetType,
        Meta(description="Send one HTTP request.", examples=[{"url": "${{ region.base_url }}/health"}]),
    ] = UNSET
    description: Annotated[
        str | UnsetType, Meta(description="What it is for, as a sentence.", examples=["Hold the money."])
    ] = UNSET
    assertions: Annotated[
        list[Assertion] | UnsetType,
        Meta(description="What must hold; all are evaluated.", examples=[[{"status": 200}]]),
    ] = UNSET
    capture: Annotated[
        dict[Name, Capture] | UnsetType,
        Meta(description="Values for later steps.", examples=[{"id": {"json": "$.id"}}]),
    ] = UNSET
    retry: Annotated[
        Retry | UnsetType,
        Meta(description="When to repeat the request.", examples=[{"on": ["connect"], "max": 2}]),
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="The whole step, retries included.", examples=["20s"])
    ] = UNSET
    continue_on_failure: Annotated[
        bool | UnsetType, Meta(description="Go on with the next step if this one fails.", examples=[True])
    ] = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)
