"""Spans as OTLP/JSON, for download into another viewer.

Ids are hex and 64-bit integers are strings (OTLP specification, "JSON Protobuf Encoding"); protobuf's own JSON writer
would put base64 in place of the ids.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter

import msgspec

from synthprobe.core.spans import Attribute, Event, Link, Span, SpanKind
from synthprobe.core.templates import Json
from synthprobe.telemetry.conversion import MARK, SCHEMA_URL

_KINDS = {
    SpanKind.INTERNAL: 1,
    SpanKind.SERVER: 2,
    SpanKind.CLIENT: 3,
    SpanKind.PRODUCER: 4,
    SpanKind.CONSUMER: 5,
}
_ERROR = 2


def to_otlp_json(spans: Iterable[Span]) -> bytes:
    """The spans as one `ExportTraceServiceRequest`, grouped by service."""
    services = groupby(sorted(spans, key=attrgetter("service")), key=attrgetter("service"))
    return msgspec.json.encode({"resourceSpans": [_resource(service, group) for service, group in services]})


def _resource(service: str, spans: Iterable[Span]) -> Json:
    return {
        "resource": {"attributes": _attributes({"service.name": service})},
        "scopeSpans": [
            {
                "scope": {"name": "synthprobe"},
                "schemaUrl": SCHEMA_URL,
                "spans": [_span(span) for span in spans],
            }
        ],
    }


def _span(span: Span) -> Json:
    document: dict[str, Json] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": _attributes(span.attributes),
        "events": [_event(event) for event in span.events],
        "links": [_link(link) for link in span.links],
        "status": {"code": _ERROR, "message": span.status_message} if span.error else {},
    }
    if span.parent_id:
        document["parentSpanId"] = span.parent_id
    if span.service == "synthprobe":
        document["traceState"] = MARK.to_header()
    return document


def _event(event: Event) -> Json:
    return {"timeUnixNano": str(event.at), "name": event.name, "attributes": _attributes(event.attributes)}


def _link(link: Link) -> Json:
    return {"traceId": link.trace_id, "spanId": link.span_id, "attributes": _attributes(link.attributes)}


def _attributes(attributes: Mapping[str, Attribute]) -> list[Json]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Attribute) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case _:
            return {"arrayValue": {"values": [{"stringValue": part} for part in value]}}
