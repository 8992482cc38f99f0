"""A finished span as stored and shown; `telemetry/` makes them with the OpenTelemetry SDK and turns them into OTLP."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

Attribute = str | bool | int | float | tuple[str, ...]


class SpanKind(StrEnum):
    """The OpenTelemetry kinds."""

    INTERNAL = "internal"
    CLIENT = "client"
    SERVER = "server"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Event(Struct, frozen=True, omit_defaults=True):
    """Something that happened at one instant of a span; `at` in nanoseconds since the epoch."""

    name: str
    at: int
    attributes: Mapping[str, Attribute] = {}


class Link(Struct, frozen=True, omit_defaults=True):
    """A pointer to a span of another trace."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Attribute] = {}


class Span(Struct, frozen=True, omit_defaults=True):
    """One operation of a trace; ids are hex (32 and 16 digits), times nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    name: str
    kind: SpanKind
    start: int
    end: int
    parent_id: str = ""
    attributes: Mapping[str, Attribute] = {}
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    error: bool = False
    status_message: str = ""
    service: str = "synthprobe"
