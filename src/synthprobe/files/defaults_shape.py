"""The shape of `defaults` in a probe file: what its steps share."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.assertion_shape import HeaderName
from synthprobe.files.durations import Duration
from synthprobe.files.request_shape import (
    Addresses,
    Connection,
    Fields,
    Name,
    OfTls,
    Redirects,
    Retry,
    Scalar,
)


class DefaultRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What each request has unless it says otherwise."""

    timeout: Annotated[
        Duration | UnsetType, Meta(description="From DNS to the last byte.", examples=["5s"])
    ] = UNSET
    headers: Annotated[
        dict[HeaderName, Scalar] | UnsetType,
        Meta(description="Headers; a request's own win.", examples=[{"Accept": "application/json"}]),
    ] = UNSET
    query: Annotated[
        Fields | UnsetType,
        Meta(description="Query parameters; a request's own win.", examples=[{"api-version": "2026-01"}]),
    ] = UNSET
    max_body: Annotated[
        Annotated[int, Meta(ge=1, le=64 * 1024 * 1024)] | UnsetType,
        Meta(description="Bytes of response read at most.", examples=[65536]),
    ] = UNSET
    tls: OfTls = UNSET
    auth: Annotated[Name | UnsetType, Meta(description="One of `auth`.", examples=["signed"])] = UNSET
    via: Annotated[Name | UnsetType, Meta(description="One of `proxies`.", examples=["corp"])] = UNSET
    follow_redirects: Annotated[
        Redirects | UnsetType, Meta(description="Redirects followed at most; 0.", examples=[3])
    ] = UNSET
    ip: Addresses = UNSET
    connection: Connection = UNSET
    cookies: Annotated[
        Literal["off", "run"] | UnsetType,
        Meta(description="Whether requests share the run's cookies; off.", examples=["run"]),
    ] = UNSET
    propagate: Annotated[
        bool | UnsetType,
        Meta(description="Whether requests carry the trace context; true.", examples=[False]),
    ] = UNSET


class Defaults(Struct, frozen=True, forbid_unknown_fields=True):
    """What steps have unless they say otherwise."""

    request: Annotated[
        DefaultRequest | UnsetType, Meta(description="For each request.", examples=[{"timeout": "5s"}])
    ] = UNSET
    retry: Annotated[
        Retry | UnsetType, Meta(description="For each step.", examples=[{"on": ["connect"], "max": 2}])
    ] = UNSET
