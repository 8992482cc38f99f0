"""Our spans as the SDK's exporters take them."""

from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from synthprobe.core import spans

MARK = TraceState([("synthprobe", "true")])
"""The tracestate entry by which a backend's tail sampler can keep our traces."""

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_TO_SDK = {kind: SpanKind[kind.name] for kind in spans.SpanKind}


def sdk_links(links: Sequence[spans.Link]) -> list[Link]:
    """Our links as the SDK's."""
    return [Link(_context(link.trace_id, link.span_id), dict(link.attributes)) for link in links]


def exportable(span: spans.Span, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """Our span as an exporter takes it."""
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_id) if span.parent_id else None,
        resource=resource,
        attributes=dict(span.attributes),
        events=[Event(event.name, dict(event.attributes), event.at) for event in span.events],
        links=sdk_links(span.links),
        kind=_TO_SDK[span.kind],
        status=Status(StatusCode.ERROR, span.status_message) if span.error else Status(StatusCode.UNSET),
        start_time=span.start,
        end_time=span.end,
        instrumentation_scope=scope,
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=_SAMPLED, trace_state=MARK
    )
