"""Export reaches a collector as OTLP, and a useless collector costs spans but never time."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_collector import Collector, hanging, refusing

from synthprobe.core.spans import Event, Link, Span, SpanKind
from synthprobe.telemetry.otel_settings import otel_settings
from synthprobe.telemetry.otlp import Exporter
from synthprobe.telemetry.otlp_json import to_otlp_json

TRACE = "0" * 16 + "abcdef0123456789"
ROOT = Span(
    TRACE, "00000000000000a1", "probe pay", SpanKind.INTERNAL, 1_000, 5_000, attributes={"n": 1, "ok": True}
)
CALL = Span(
    TRACE,
    "00000000000000a2",
    "POST /v1/{id}",
    SpanKind.CLIENT,
    2_000,
    4_000,
    ROOT.span_id,
    {"error.type": "timeout", "synthprobe.http.wait.duration": 0.25, "names": ("a", "b")},
    (Event("synthprobe.assertion", 3_000, {"expected": "201"}),),
    (Link("f" * 32, "f" * 16, {"synthprobe.link.type": "last_good"}),),
    error=True,
    status_message="no answer",
)
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "10"}


@contextmanager
def exporting(variables: dict[str, str]) -> Iterator[Exporter]:
    exporter = Exporter.from_environment({**QUICK, **variables})
    assert exporter is not None
    try:
        yield exporter
    finally:
        exporter.close(5)


def attributes(pairs: object) -> dict[str, object]:
    return {
        pair["key"]: next(iter(pair["value"].values()))
        for pair in json_format.MessageToDict(pairs)["attributes"]
    }


def test_spans_arrive_as_they_were_recorded() -> None:
    collector = Collector()
    with collector.listening() as url, exporting({"OTEL_EXPORTER_OTLP_ENDPOINT": url}) as exporter:
        exporter.export((ROOT, CALL))
        assert collector.arrived.acquire(timeout=10)
    (resource_spans,) = collector.requests[0].resource_spans
    root, call = resource_spans.scope_spans[0].spans

    assert collector.paths == ["/v1/traces"]
    assert attributes(resource_spans.resource)["service.name"] == "synthprobe"
    assert (root.trace_id.hex(), root.span_id.hex(), root.parent_span_id) == (TRACE, ROOT.span_id, b"")
    assert (root.trace_state, root.status.code, root.kind) == ("synthprobe=true", 0, 1)
    assert (call.parent_span_id.hex(), call.name, call.kind) == (ROOT.span_id, CALL.name, 3)
    assert (call.start_time_unix_nano, call.end_time_unix_nano) == (2_000, 4_000)
    assert (call.status.code, call.status.message) == (2, "no answer")
    assert attributes(call)["synthprobe.http.wait.duration"] == 0.25
    assert (call.events[0].name, call.events[0].time_unix_nano) == ("synthprobe.assertion", 3_000)
    assert call.links[0].trace_id.hex() == "f" * 32
    assert exporter.dropped == 0


def test_the_usual_variables_are_honoured() -> None:
    collector = Collector()
    with collector.listening() as url:
        variables = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/custom",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=a%20b",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_SERVICE_NAME": "probes",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=prod,bad,city=K%C3%B6ln",
        }
        with exporting(variables) as exporter:
            exporter.export((ROOT,))
            assert collector.arrived.acquire(timeout=10)
    resource = attributes(collector.requests[0].resource_spans[0].resource)

    assert (collector.paths, collector.headers[0]["x-tenant"]) == (["/custom"], "a b")
    assert collector.headers[0]["content-encoding"] == "gzip"
    assert resource["service.name"] == "probes"
    assert (resource["deployment.environment.name"], resource["city"]) == ("prod", "Köln")


def test_a_card_number_that_slipped_through_is_hidden_on_the_way_out() -> None:
    collector = Collector()
    with collector.listening() as url, exporting({"OTEL_EXPORTER_OTLP_ENDPOINT": url}) as exporter:
        exporter.export(
            (Span(TRACE, "1" * 16, "x 4111111111111111", SpanKind.INTERNAL, 1, 2, attributes={"cvv": "987"}),)
        )
        assert collector.arrived.acquire(timeout=10)
    assert b"4111111111111111" not in collector.raw[0]
    assert b"987" not in collector.raw[0]


def test_closing_sends_what_is_queued() -> None:
    collector = Collector()
    with collector.listening() as url:
        with exporting({"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}) as exporter:
            exporter.export((ROOT, CALL))
        exporter.export((ROOT,))
    assert [len(request.resource_spans[0].scope_spans[0].spans) for request in collector.requests] == [2]
    assert exporter.dropped == 1, "what comes after the close is lost, and counted"


@pytest.mark.parametrize("useless", [refusing, hanging], ids=["refuses", "hangs"])
def test_a_useless_collector_delays_nothing_and_its_losses_are_counted(useless: object) -> None:
    assert callable(useless)
    with useless() as url:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_MAX_QUEUE_SIZE": "100", **QUICK}
        exporter = Exporter.from_environment(variables)
        assert exporter is not None
        begun = time.perf_counter()
        for _ in range(1000):
            exporter.export((ROOT, CALL))
        assert time.perf_counter() - begun < 1
        assert exporter.dropped >= 2000 - 2 * 512
        begun = time.perf_counter()
        exporter.close(0.2)
        assert time.perf_counter() - begun < 2
        in_flight = 512
        assert exporter.dropped >= 2000 - in_flight


def test_a_collector_that_says_no_costs_the_spans() -> None:
    collector = Collector(status=400)
    with collector.listening() as url, exporting({"OTEL_EXPORTER_OTLP_ENDPOINT": url}) as exporter:
        exporter.export((ROOT, CALL))
        assert collector.arrived.acquire(timeout=10)
    assert exporter.dropped == 2


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="no collector is named"),
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, id="an empty endpoint"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
            id="the SDK switched off",
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
            id="the exporter switched off",
        ),
    ],
)
def test_nothing_is_exported_unless_asked_for(variables: dict[str, str]) -> None:
    assert Exporter.from_environment(variables) is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "grpc is not supported; use http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "zip is not supported; use none or gzip or deflate"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "not an http or https URL; write it like"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "OTEL_BSP_MAX_QUEUE_SIZE=many is not a number"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "must be more than 0"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(name: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Exporter.from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", name: value})


@pytest.mark.parametrize(("value", "seconds"), [("10", 10.0), ("2500", 2.5), ("0.5", 0.5)])
def test_a_timeout_may_be_seconds_or_milliseconds(value: str, seconds: float) -> None:
    settings = otel_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_TIMEOUT": value})
    assert settings is not None
    assert settings.timeout == seconds


def test_otlp_json_says_the_same_as_protobuf_but_for_hex_ids() -> None:
    document = json.loads(
        to_otlp_json([ROOT, CALL, Span(TRACE, "b" * 16, "pay", SpanKind.SERVER, 1, 2, service="psp")])
    )
    psp, own = document["resourceSpans"]
    root, call = own["scopeSpans"][0]["spans"]

    assert (root["traceId"], call["parentSpanId"], call["links"][0]["spanId"]) == (
        TRACE,
        ROOT.span_id,
        "f" * 16,
    )
    assert (call["startTimeUnixNano"], call["kind"], call["status"]) == (
        "2000",
        3,
        {"code": 2, "message": "no answer"},
    )
    assert psp["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "psp"}}]
    for span in (root, call, *psp["scopeSpans"][0]["spans"]):
        del span["traceId"], span["spanId"], span["links"]
        span.pop("parentSpanId", None)
    parsed = json_format.ParseDict(document, ExportTraceServiceRequest())
    assert parsed.resource_spans[1].scope_spans[0].spans[0].attributes[0].value.int_value == 1
    assert parsed.resource_spans[1].scope_spans[0].spans[1].events[0].time_unix_nano == 3_000
