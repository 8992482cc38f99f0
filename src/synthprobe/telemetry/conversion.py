"""Between our spans and the SDK's: how a recorded span becomes ours, and how ours is handed to an exporter."""

from collections.abc import Mapping, Sequence
from typing import cast

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import Attributes

from synthprobe.core import spans

MARK = TraceState([("synthprobe", "true")])
"""The tracestate entry by which a backend's tail sampler can keep our traces."""

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_TO_SDK = {kind: SpanKind[kind.name] for kind in spans.SpanKind}
_FROM_SDK = {sdk: kind for kind, sdk in _TO_SDK.items()}


def recorded(sdk: ReadableSpan) -> spans.Span:
    """A finished span of the SDK as ours."""
    context, parent, status = sdk.context, sdk.parent, sdk.status
    if context is None:
        raise ValueError(f"span {sdk.name!r} has no context; only spans that a tracer started can be kept")
    return spans.Span(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_id=f"{parent.span_id:016x}" if parent else "",
        name=sdk.name,
        kind=_FROM_SDK[sdk.kind],
        start=sdk.start_time or 0,
        end=sdk.end_time or 0,
        attributes=_plain(sdk.attributes),
        events=tuple(
            spans.Event(event.name, event.timestamp, _plain(event.attributes)) for event in sdk.events
        ),
        links=tuple(_recorded_link(link) for link in sdk.links),
        error=status.status_code is StatusCode.ERROR,
        status_message=status.description or "",
    )


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


def _recorded_link(link: Link) -> spans.Link:
    context = link.context
    return spans.Link(f"{context.trace_id:032x}", f"{context.span_id:016x}", _plain(link.attributes))


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=_SAMPLED, trace_state=MARK
    )


def _plain(attributes: Attributes) -> Mapping[str, spans.Attribute]:
    # The SDK's attribute type is wider; only values of ours were ever put in.
    return cast("dict[str, spans.Attribute]", dict(attributes or {}))
