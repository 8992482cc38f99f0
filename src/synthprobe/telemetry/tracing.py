"""A run's trace, recorded as our own spans from the start; OpenTelemetry's SDK is for exporting them (`otlp.py`).

What is recorded is the product's own evidence, so nothing in the environment may change it: there is no sampler, no
switch and no limit but those below. Instants come from the caller, in nanoseconds since the epoch. A run holds its spans
itself, so that one whose task is cancelled leaves nothing behind.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from synthprobe.core import spans
from synthprobe.core.spans import SpanKind

Attributes: TypeAlias = Mapping[str, spans.Attribute]

MAX_TEXT = 4096
"""Longest attribute value and status message, in characters."""

MAX_EVENTS = 256
"""Most events of one span; later ones are not kept."""

MARKED = "synthprobe=true"
"""The tracestate by which a backend's tail sampler can keep our traces."""

_NONE: Attributes = {}


class Tracing:
    """Starts traces, with ids from a source of random bits; one per agent."""

    def __init__(self, random_bits: Callable[[int], int] = random.getrandbits) -> None:
        self._random_bits = random_bits

    def run(
        self, name: str, attributes: Attributes, start_ns: int, links: Sequence[spans.Link] = ()
    ) -> "RunTrace":
        """Start a new trace whose root is the span `name`."""
        return RunTrace(self._random_bits, name, attributes, start_ns, links)

    def rejoin(self, trace_id: str, span_id: str) -> "RunTrace":
        """Go on under a run's root span after the run is over; only what is below it is kept."""
        return RunTrace(self._random_bits, "", _NONE, 0, (), trace_id=trace_id, span_id=span_id)


class OpenSpan:
    """A span that has started and not yet ended."""

    __slots__ = (
        "_attributes",
        "_end",
        "_error",
        "_events",
        "_kind",
        "_message",
        "_name",
        "_parent",
        "_run",
        "_start",
        "span_id",
    )

    def __init__(
        self,
        run: "RunTrace",
        parent_id: str,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        start_ns: int,
    ) -> None:
        self._run = run
        self._parent = parent_id
        self._name = name
        self._kind = kind
        self._start = start_ns
        self._end: int | None = None
        self._attributes = _kept(attributes)
        self._events: list[spans.Event] = []
        self._error = False
        self._message = ""
        self.span_id = run.new_id(64)
        """16 hex digits."""

    def headers(self) -> dict[str, str]:
        """W3C `traceparent` and `tracestate` that make the called service's spans children of this one."""
        flags = "01" if self._run.sampled else "00"
        return {"traceparent": f"00-{self._run.trace_id}-{self.span_id}-{flags}", "tracestate": MARKED}

    def request(self, name: str, attributes: Attributes, start_ns: int) -> "OpenSpan":
        """Start a CLIENT span under this one, for one wire attempt."""
        return self._run.open(self.span_id, name, SpanKind.CLIENT, attributes, start_ns)

    def event(self, name: str, at_ns: int, attributes: Attributes = _NONE) -> None:
        """Note that something happened at one instant."""
        if len(self._events) < MAX_EVENTS:
            self._events.append(spans.Event(name, at_ns, _kept(attributes)))

    def end(
        self, end_ns: int, *, error_type: str | None = None, message: str = "", attributes: Attributes = _NONE
    ) -> None:
        """End the span; ERROR with `message` iff there is an `error_type`, otherwise its status stays unset."""
        if self._end is not None:
            return
        self._end = end_ns
        self._attributes.update(_kept(attributes))
        if error_type is not None:
            self._attributes["error.type"] = error_type
            self._error, self._message = True, message[:MAX_TEXT]

    def finished(self, links: tuple[spans.Link, ...] = ()) -> spans.Span:
        """The span as it is kept."""
        return spans.Span(
            trace_id=self._run.trace_id,
            span_id=self.span_id,
            name=self._name,
            kind=self._kind,
            start=self._start,
            end=self._end or self._start,
            parent_id=self._parent,
            attributes=self._attributes,
            events=tuple(self._events),
            links=links,
            error=self._error,
            status_message=self._message,
        )


class RunTrace:
    """The trace of one run: its root span and everything below it."""

    def __init__(
        self,
        random_bits: Callable[[int], int],
        name: str,
        attributes: Attributes,
        start_ns: int,
        links: Sequence[spans.Link],
        *,
        trace_id: str = "",
        span_id: str = "",
    ) -> None:
        self.sampled = True
        """Whether the called services are asked to keep their spans; ours are kept whatever it says."""
        self._random_bits = random_bits
        self.trace_id = trace_id or self.new_id(128)
        """32 hex digits, leading zeros kept."""
        self._links = tuple(links)
        self._below: list[OpenSpan] = []
        self._root = OpenSpan(self, "", name, SpanKind.INTERNAL, attributes, start_ns)
        self._root.span_id = span_id or self._root.span_id

    @property
    def span_id(self) -> str:
        """The root span's id: 16 hex digits."""
        return self._root.span_id

    def step(self, id: str, start_ns: int, attributes: Attributes = _NONE, parent_id: str = "") -> OpenSpan:
        """Start the span of a step, under the root or that of the step that uses its fragment."""
        named = {"test.case.name": id, **attributes}
        return self.open(parent_id or self._root.span_id, f"step {id}", SpanKind.INTERNAL, named, start_ns)

    def undo(self, id: str, start_ns: int, attributes: Attributes = _NONE) -> OpenSpan:
        """Start the span of an attempt at taking a step back."""
        return self.open(self._root.span_id, f"undo {id}", SpanKind.INTERNAL, attributes, start_ns)

    def below(self, end_ns: int) -> tuple[spans.Span, ...]:
        """The spans below the root, those left open ending now."""
        for span in self._below:
            span.end(end_ns)
        return tuple(span.finished() for span in self._below)

    def open(
        self, parent_id: str, name: str, kind: SpanKind, attributes: Attributes, start_ns: int
    ) -> OpenSpan:
        """Start a span under another."""
        span = OpenSpan(self, parent_id, name, kind, attributes, start_ns)
        self._below.append(span)
        return span

    def event(self, name: str, at_ns: int, attributes: Attributes = _NONE) -> None:
        """Note on the root that something happened at one instant."""
        self._root.event(name, at_ns, attributes)

    def end(
        self, end_ns: int, *, error_type: str | None = None, message: str = "", attributes: Attributes = _NONE
    ) -> tuple[spans.Span, ...]:
        """End the run and return its spans: the root, then the others in the order they started.

        A span that was left open (its task was cancelled) ends now with the run's own error, so that nothing below
        it loses its parent.
        """
        for span in self._below:
            span.end(end_ns, error_type=error_type, message=message)
        self._root.end(end_ns, error_type=error_type, message=message, attributes=attributes)
        return (self._root.finished(self._links), *(span.finished() for span in self._below))

    def new_id(self, bits: int) -> str:
        """A random id in hex digits; never zero, which W3C Trace Context calls invalid."""
        return f"{self._random_bits(bits) or 1:0{bits // 4}x}"

    def abandon(self) -> None:
        """Forget the run's spans without keeping them."""
        self._below.clear()


def _kept(attributes: Attributes) -> dict[str, spans.Attribute]:
    return {name: _short(value) for name, value in attributes.items()}


def _short(value: spans.Attribute) -> spans.Attribute:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT]
    return tuple(text[:MAX_TEXT] for text in value) if isinstance(value, tuple) else value
