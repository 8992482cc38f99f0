"""The shape of a request as a probe file writes it, and of its repeats."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import HeaderName
from synthprobe.files.durations import Duration

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
OfTls = Annotated[Name | UnsetType, Meta(description="A profile of `tls`.", examples=["acme"])]
Addresses = Annotated[
    Literal["any", "v4", "v6"] | UnsetType,
    Meta(description="Addresses that may be used; any.", examples=["v4"]),
]
Connection = Annotated[
    Literal["fresh", "run"] | UnsetType,
    Meta(
        description="Whether it has a connection of its own, as a first-time customer would, or shares those of its "
        "run; fresh.",
        examples=["run"],
    ),
]


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
    body_file: Annotated[
        Annotated[str, Meta(min_length=1)] | UnsetType,
        Meta(
            description="A body sent as a file has it, relative to this one; references in its text are looked up.",
            examples=["bodies/payout.xml"],
        ),
    ] = UNSET
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
    tls: OfTls = UNSET
    auth: Annotated[
        Name | UnsetType, Meta(description="One of `auth`; `none` for none.", examples=["signed", "none"])
    ] = UNSET
    via: Annotated[
        Name | UnsetType,
        Meta(description="One of `proxies`; `direct` for none.", examples=["corp", "direct"]),
    ] = UNSET
    follow_redirects: Annotated[
        Redirects | UnsetType,
        Meta(description="Redirects followed at most; 0: a redirect is an answer.", examples=[3]),
    ] = UNSET
    ip: Addresses = UNSET
    connection: Connection = UNSET
    cookies: Annotated[
        Literal["off", "run"] | UnsetType,
        Meta(
            description="Whether cookies that earlier responses of the run set are sent, and its own are kept; off.",
            examples=["run"],
        ),
    ] = UNSET
    propagate: Annotated[
        bool | UnsetType,
        Meta(
            description="Whether it carries the trace context (traceparent, tracestate); true.",
            examples=[False],
        ),
    ] = UNSET
