"""Spans, metrics, redaction and OTLP: the only importer of opentelemetry."""
