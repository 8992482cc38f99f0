"""A run's trace, recorded with the OpenTelemetry SDK and handed back as our own spans when the run ends.

What is recorded is the product's own evidence, so nothing in the environment may change it: sampler, limits and
resource are passed explicitly, and `OTEL_SDK_DISABLED` switches off export only (`otlp.py`), never recording.
Instants come from the caller, in nanoseconds since the epoch. A run holds its spans itself, so that one whose task
is cancelled leaves nothing behind.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link as SdkLink
from opentelemetry.trace import SpanKind, StatusCode, Tracer, TraceState, set_span_in_context
from opentelemetry.util.types import Attributes as SdkAttributes

from synthprobe.core import spans
from synthprobe.telemetry.conversion import MARK, SCHEMA_URL, recorded, sdk_links

Attributes: TypeAlias = Mapping[str, spans.Attribute]

MAX_TEXT = 4096
"""Longest attribute value and status message, in characters."""

_NONE: Attributes = {}
_NO_PARENT = Context()
"""Empty, so that a span that happens to be current in the caller never becomes a run's parent."""

_LIMITS = SpanLimits(
    max_attributes=128,
    max_events=256,
    max_links=32,
    max_span_attributes=128,
    max_event_attributes=64,
    max_link_attributes=64,
    max_attribute_length=MAX_TEXT,
    max_span_attribute_length=MAX_TEXT,
)


class Tracing:
    """Starts traces; one per agent."""

    def __init__(self, service_version: str, instance: str, resource: Attributes = _NONE) -> None:
        own = {
            "service.name": "synthprobe",
            "service.version": service_version,
            "service.instance.id": instance,
        }
        provider = TracerProvider(
            sampler=_AlwaysMarked(),
            resource=Resource({**own, **resource}, SCHEMA_URL),
            span_limits=_LIMITS,
            shutdown_on_exit=False,
            meter_provider=NoOpMeterProvider(),
        )
        # The constructor reads OTEL_SDK_DISABLED and offers no argument for it.
        provider._disabled = False
        self._tracer = provider.get_tracer("synthprobe", service_version, SCHEMA_URL)

    def run(
        self, name: str, attributes: Attributes, start_ns: int, links: Sequence[spans.Link] = ()
    ) -> "RunTrace":
        """Start a new trace whose root is the span `name`."""
        return RunTrace(self._tracer, name, attributes, start_ns, links)


class OpenSpan:
    """A span that has started and not yet ended."""

    def __init__(self, run: "RunTrace", sdk: SdkSpan) -> None:
        self._run = run
        self._sdk = sdk

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return f"{self._sdk.get_span_context().span_id:016x}"

    def headers(self) -> dict[str, str]:
        """W3C `traceparent` and `tracestate` that make the called service's spans children of this one."""
        context = self._sdk.get_span_context()
        parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        return {"traceparent": parent, "tracestate": context.trace_state.to_header()}

    def request(self, name: str, attributes: Attributes, start_ns: int) -> "OpenSpan":
        """Start a CLIENT span under this one, for one wire attempt."""
        return self._run.open(self._sdk, name, SpanKind.CLIENT, attributes, start_ns)

    def event(self, name: str, at_ns: int, attributes: Attributes = _NONE) -> None:
        """Note that something happened at one instant."""
        self._sdk.add_event(name, attributes, at_ns)

    def end(
        self, end_ns: int, *, error_type: str | None = None, message: str = "", attributes: Attributes = _NONE
    ) -> None:
        """End the span; ERROR with `message` iff there is an `error_type`, otherwise its status stays unset."""
        _end(self._sdk, end_ns, error_type, message, attributes)


class RunTrace:
    """The trace of one run: its root span and everything below it."""

    def __init__(
        self, tracer: Tracer, name: str, attributes: Attributes, start_ns: int, links: Sequence[spans.Link]
    ) -> None:
        self._tracer = tracer
        self._below: list[SdkSpan] = []
        root = tracer.start_span(
            name, _NO_PARENT, SpanKind.INTERNAL, attributes, sdk_links(links), start_time=start_ns
        )
        self._root = _recording(root)

    @property
    def trace_id(self) -> str:
        """32 hex digits, leading zeros kept."""
        return f"{self._root.get_span_context().trace_id:032x}"

    @property
    def span_id(self) -> str:
        """The root span's id: 16 hex digits."""
        return f"{self._root.get_span_context().span_id:016x}"

    def step(self, id: str, start_ns: int, attributes: Attributes = _NONE) -> OpenSpan:
        """Start the span of a step."""
        named = {"test.case.name": id, **attributes}
        return self.open(self._root, f"step {id}", SpanKind.INTERNAL, named, start_ns)

    def open(
        self, parent: SdkSpan, name: str, kind: SpanKind, attributes: Attributes, start_ns: int
    ) -> OpenSpan:
        """Start a span under `parent`."""
        context = set_span_in_context(parent, _NO_PARENT)
        sdk = _recording(self._tracer.start_span(name, context, kind, attributes, start_time=start_ns))
        self._below.append(sdk)
        return OpenSpan(self, sdk)

    def event(self, name: str, at_ns: int, attributes: Attributes = _NONE) -> None:
        """Note on the root that something happened at one instant."""
        self._root.add_event(name, attributes, at_ns)

    def end(
        self, end_ns: int, *, error_type: str | None = None, message: str = "", attributes: Attributes = _NONE
    ) -> tuple[spans.Span, ...]:
        """End the run and return its spans: the root, then the others in the order they started.

        A span that was left open (its task was cancelled) ends now with the run's own error, so that nothing below
        it loses its parent.
        """
        for sdk in self._below:
            if sdk.is_recording():
                _end(sdk, end_ns, error_type, message, _NONE)
        _end(self._root, end_ns, error_type, message, attributes)
        return tuple(recorded(sdk) for sdk in (self._root, *self._below))

    def abandon(self) -> None:
        """Forget the run's spans without keeping them."""
        self._below.clear()


class _AlwaysMarked(Sampler):
    """Samples and marks everything; unlike ParentBased it asks neither a parent nor the environment."""

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: SdkAttributes = None,
        links: Sequence[SdkLink] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, MARK)

    def get_description(self) -> str:
        return "AlwaysMarked"


def _recording(span: object) -> SdkSpan:
    if not isinstance(span, SdkSpan):
        raise TypeError(
            f"opentelemetry-sdk returned {type(span).__name__}, which records nothing, though the sampler says "
            "always; install the version that synthprobe's release notes name"
        )
    return span


def _end(sdk: SdkSpan, end_ns: int, error_type: str | None, message: str, attributes: Attributes) -> None:
    if attributes:
        sdk.set_attributes(attributes)
    if error_type is not None:
        sdk.set_attribute("error.type", error_type)
        sdk.set_status(StatusCode.ERROR, message[:MAX_TEXT] or None)
    sdk.end(end_ns)
