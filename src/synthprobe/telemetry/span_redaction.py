"""Spans without what must not be shown."""

from collections.abc import Mapping

import msgspec

from synthprobe.core.spans import Attribute, Event, Link, Span
from synthprobe.telemetry.redaction import Redactor
from synthprobe.telemetry.secrecy import MASK, hides_value


def redact_span(redactor: Redactor, span: Span) -> Span:
    """A span with its name, status, attributes, events and links redacted; ids and times stay."""
    return msgspec.structs.replace(
        span,
        name=redactor.text(span.name),
        status_message=redactor.text(span.status_message),
        attributes=_attributes(redactor, span.attributes),
        events=tuple(
            Event(redactor.text(event.name), event.at, _attributes(redactor, event.attributes))
            for event in span.events
        ),
        links=tuple(
            Link(link.trace_id, link.span_id, _attributes(redactor, link.attributes)) for link in span.links
        ),
    )


def _attributes(redactor: Redactor, attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {key: _attribute(redactor, key, value) for key, value in attributes.items()}


def _attribute(redactor: Redactor, key: str, value: Attribute) -> Attribute:
    if isinstance(value, bool | float):
        return value
    if hides_value(key):
        return MASK
    if isinstance(value, tuple):
        return tuple(redactor.text(part) for part in value)
    if isinstance(value, int):
        shown = redactor.text(str(value))
        return value if shown == str(value) else shown
    return redactor.url(value) if key == "url.full" else redactor.text(value)
