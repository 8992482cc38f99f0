"""Spans, metrics, redaction and OTLP: the only importer of opentelemetry and prometheus_client."""
