"""What `OTEL_*` variables say about export (OpenTelemetry specification, "OTLP Exporter" and "General SDK Configuration")."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from opentelemetry.util.re import parse_env_headers

N = TypeVar("N", int, float)

PROTOCOL = "http/protobuf"
COMPRESSIONS = ("none", "gzip", "deflate")


class OtelSettings(Struct, frozen=True):
    """How spans are exported; seconds and counts."""

    endpoint: str
    headers: Mapping[str, str]
    timeout: float
    compression: str
    certificate: str | None
    client_certificate: str | None
    client_key: str | None
    service: str | None
    """Replaces the spans' own service name."""
    resource: Mapping[str, str]
    queue: int
    batch: int
    delay: float


def otel_settings(environment: Mapping[str, str]) -> OtelSettings | None:
    """The settings, or None where no collector is named or export is switched off.

    Raises `ValueError` for a protocol, compression, endpoint or number that cannot be used.
    """
    endpoint = _endpoint(environment)
    if endpoint is None or _is_off(environment):
        return None
    resource = _resource(environment.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    return OtelSettings(
        endpoint=endpoint,
        headers=parse_env_headers(_otlp(environment, "HEADERS") or "", liberal=True),
        timeout=_timeout(_otlp(environment, "TIMEOUT")),
        compression=_one_of(
            _otlp(environment, "COMPRESSION"), COMPRESSIONS, "OTEL_EXPORTER_OTLP_COMPRESSION"
        ),
        certificate=_otlp(environment, "CERTIFICATE"),
        client_certificate=_otlp(environment, "CLIENT_CERTIFICATE"),
        client_key=_otlp(environment, "CLIENT_KEY"),
        service=environment.get("OTEL_SERVICE_NAME") or resource.get("service.name"),
        resource=resource,
        queue=_number(environment, "OTEL_BSP_MAX_QUEUE_SIZE", 16384, int),
        batch=_number(environment, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, int),
        delay=_number(environment, "OTEL_BSP_SCHEDULE_DELAY", 5000.0, float) / 1000,
    )


def _otlp(environment: Mapping[str, str], name: str) -> str | None:
    """The variable for traces, else the one for all signals; empty counts as unset."""
    for prefix in ("OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"):
        if value := environment.get(prefix + name, "").strip():
            return value
    return None


def _is_off(environment: Mapping[str, str]) -> bool:
    disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if disabled or environment.get("OTEL_TRACES_EXPORTER", "").strip() == "none":
        return True
    _one_of(_otlp(environment, "PROTOCOL"), (PROTOCOL,), "OTEL_EXPORTER_OTLP_PROTOCOL")
    return False


def _endpoint(environment: Mapping[str, str]) -> str | None:
    """The URL for traces as it is, or the base URL with the path that OTLP/HTTP prescribes."""
    whole = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
    base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    if not (whole or base):
        return None
    url = whole or f"{base.removesuffix('/')}/v1/traces"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" if whole else "OTEL_EXPORTER_OTLP_ENDPOINT"
        raise ValueError(f"{name} is not an http or https URL; write it like http://127.0.0.1:4318")
    return url


def _resource(attributes: str) -> dict[str, str]:
    """`key=value,key=value`, values percent-encoded (W3C Baggage); what has no `=` is left out, as SDKs do."""
    pairs = (pair.partition("=") for pair in attributes.split(","))
    return {name.strip(): unquote(value.strip()) for name, equals, value in pairs if equals and name.strip()}


def _timeout(value: str | None) -> float:
    """Seconds. The specification counts milliseconds, Python's SDK seconds: 100 and more are taken as the former."""
    if value is None:
        return 10.0
    number = _parsed("OTEL_EXPORTER_OTLP_TIMEOUT", value, float)
    return number / 1000 if number >= 100 else number


def _number(environment: Mapping[str, str], name: str, default: N, kind: Callable[[str], N]) -> N:
    value = environment.get(name, "").strip()
    return _parsed(name, value, kind) if value else default


def _parsed(name: str, value: str, kind: Callable[[str], N]) -> N:
    try:
        number = kind(value)
    except ValueError as error:
        raise ValueError(f"{name}={value} is not a number") from error
    if not number > 0:
        raise ValueError(f"{name}={value} must be more than 0")
    return number


def _one_of(value: str | None, allowed: tuple[str, ...], name: str) -> str:
    chosen = (value or allowed[0]).lower()
    if chosen not in allowed:
        raise ValueError(f"{name}={value} is not supported; use {' or '.join(allowed)}, or leave it unset")
    return chosen
