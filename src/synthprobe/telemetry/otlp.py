"""Spans to an OTLP/HTTP collector, beside the product's own records and never in their way.

A thread of its own takes spans from a bounded queue, redacts them once more, and sends them in batches. A collector
that is dead, slow or hanging costs spans, which are counted, and nothing else. (The SDK's BatchSpanProcessor neither
counts what it drops nor keeps to the timeout of its flush.)
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from synthprobe import __version__
from synthprobe.core.spans import Span
from synthprobe.telemetry.conversion import SCHEMA_URL, exportable
from synthprobe.telemetry.otel_settings import OtelSettings, otel_settings
from synthprobe.telemetry.redaction import always
from synthprobe.telemetry.span_redaction import redact_span

_SCOPE = InstrumentationScope("synthprobe", __version__, SCHEMA_URL)


class Exporter:
    """Takes finished spans and sends them on; `dropped` counts those that were lost."""

    def __init__(self, settings: OtelSettings) -> None:
        self._settings = settings
        self._resource = Resource({"service.version": __version__, **settings.resource}, SCHEMA_URL)
        self._sender = _sender(settings)
        self._redactor = always()
        self._queue: deque[Span] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._send_all, name="otlp", daemon=True)
        self._thread.start()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Exporter | None":
        """An exporter for the collector that `OTEL_*` names; None if they name none or switch export off.

        Raises `ValueError` with what to change when they ask for what is not supported.
        """
        settings = otel_settings(environment)
        return cls(settings) if settings else None

    def export(self, spans: Sequence[Span]) -> None:
        """Queue spans; returns at once. What does not fit is dropped, the oldest stay."""
        with self._changed:
            room = 0 if self._closing else max(0, self._settings.queue - len(self._queue))
            self._queue.extend(islice(spans, room))
            self.dropped += max(0, len(spans) - room)
            if len(self._queue) >= self._settings.batch:
                self._changed.notify()

    def close(self, timeout: float) -> None:
        """Send what is queued, for at most `timeout` seconds; what is left is dropped and counted."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)
        with self._changed:
            self.dropped += len(self._queue)
            self._queue.clear()
        self._sender.shutdown()

    def _send_all(self) -> None:
        """The thread: sends a batch when it is full or old enough, until closed and empty."""
        while batch := self._next_batch():
            sent = self._sender.export([self._exportable(span) for span in batch])
            if sent is not SpanExportResult.SUCCESS:
                with self._changed:
                    self.dropped += len(batch)

    def _next_batch(self) -> list[Span]:
        """Waits for spans; empty only when closed and nothing is left."""
        with self._changed:
            while True:
                self._changed.wait_for(self._is_due, self._settings.delay)
                if self._queue or self._closing:
                    return [self._queue.popleft() for _ in range(min(len(self._queue), self._settings.batch))]

    def _is_due(self) -> bool:
        return self._closing or len(self._queue) >= self._settings.batch

    def _exportable(self, span: Span) -> ReadableSpan:
        service = self._settings.service or span.service
        resource = self._resource.merge(Resource({"service.name": service}))
        return exportable(redact_span(self._redactor, span), resource, _SCOPE)


def _sender(settings: OtelSettings) -> SpanExporter:
    return OTLPSpanExporter(
        endpoint=settings.endpoint,
        certificate_file=settings.certificate,
        client_key_file=settings.client_key,
        client_certificate_file=settings.client_certificate,
        headers=settings.headers,
        timeout=settings.timeout,
        compression=Compression(settings.compression),
    )
