"""An HTTP request as a probe describes it, its references still open, and when it may be repeated."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.auth import Auth
from synthprobe.core.egress import IpVersion, Proxy, TlsProfile
from synthprobe.core.failures import Kind
from synthprobe.core.templates import Template, Value

REQUEST_TIMEOUT = timedelta(seconds=10)
"""Of a request that names none, from DNS to the last byte."""

MAX_BODY = 1024 * 1024
"""Bytes of response read at most, after decompression, unless a request says otherwise."""


class BodyKind(StrEnum):
    """How a request body is encoded."""

    JSON = "json"
    FORM = "form"
    RAW = "raw"
    FILE = "file"
    """Text of a file, its references open, or its bytes as they are."""


class Body(Struct, frozen=True):
    """A request body before its references are filled; form content is a mapping of scalars or lists of scalars."""

    kind: BodyKind
    content: Value = None
    data: bytes = b""
    """What a file holds that is no text."""
    content_type: str = ""
    """Of a file, by its name."""


class Retry(Struct, frozen=True):
    """Repeat one request after a listed failure; `on` holds failure kinds, and statuses as `"503"`.

    The file's word `connect` stands for dns_error, connect_refused and connect_timeout.
    """

    on: frozenset[str] = frozenset()
    max: int = 0
    backoff: timedelta = timedelta(milliseconds=500)


class Request(Struct, frozen=True):
    """An HTTP request to make: the step kind `request`."""

    method: str
    url: Template
    url_template: str
    """The URL as written, references as `{name}`: `{base_url}/v1/payments/{id}`; for span names, never filled."""
    query: Mapping[str, Value] = {}
    headers: Mapping[str, Value] = {}
    body: Body | None = None
    timeout: timedelta = REQUEST_TIMEOUT
    """From DNS to the last byte, on the monotonic clock."""
    max_body: int = MAX_BODY
    idempotency: str | None = None
    """Header that carries a key that is new per run and step, and the same on every retry."""
    follow_redirects: int = 0
    """Redirects followed at most; one more is a failure, while with none a redirect is an answer like any other."""
    ip: IpVersion = IpVersion.ANY
    tls: TlsProfile | None = None
    via: Proxy | None = None
    auth: Auth | None = None
    """Made anew for each attempt."""
    cookies: bool = False
    """Whether it shares the run's cookies: sends those of earlier responses, and keeps what its own sets."""
    keep: bool = False
    """Whether it may use, and leave behind, a connection of its run; else it has one of its own."""
    propagate: bool = True
    """Whether it carries the trace context (`traceparent`, `tracestate`)."""


RETRY_WORDS: Mapping[str, frozenset[str]] = {
    "connect": frozenset({Kind.DNS_ERROR, Kind.CONNECT_REFUSED, Kind.CONNECT_TIMEOUT})
}
"""Words of `retry.on` that stand for several kinds."""
