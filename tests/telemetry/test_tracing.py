"""A run's trace: its shape, its statuses, the headers it sends, and that the environment has no say in it."""

import os
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider

from synthprobe.core.spans import Link, Span, SpanKind
from synthprobe.telemetry.tracing import Tracing

SECOND = 1_000_000_000


@pytest.fixture
def tracing() -> Tracing:
    return Tracing()


def test_a_run_becomes_spans_with_the_root_first_and_each_under_its_parent(tracing: Tracing) -> None:
    run = tracing.run("probe pay", {"test.suite.name": "pay"}, 1 * SECOND)
    step = run.step("create", 2 * SECOND)
    call = step.request("POST /v1/{id}", {"http.request.method": "POST"}, 3 * SECOND)
    call.end(4 * SECOND, attributes={"http.response.status_code": 402})
    step.event("synthprobe.assertion", 5 * SECOND, {"expected": "201"})
    step.end(5 * SECOND)
    root, created, posted = run.end(6 * SECOND, attributes={"synthprobe.outcome": "passed"})

    assert root == Span(
        run.trace_id,
        run.span_id,
        "probe pay",
        SpanKind.INTERNAL,
        1 * SECOND,
        6 * SECOND,
        attributes={"test.suite.name": "pay", "synthprobe.outcome": "passed"},
    )
    assert (created.name, created.parent_id, created.attributes) == (
        "step create",
        root.span_id,
        {"test.case.name": "create"},
    )
    assert [(event.name, event.at, event.attributes) for event in created.events] == [
        ("synthprobe.assertion", 5 * SECOND, {"expected": "201"})
    ]
    assert (posted.parent_id, posted.kind, posted.start, posted.end) == (
        created.span_id,
        SpanKind.CLIENT,
        3 * SECOND,
        4 * SECOND,
    )


def test_a_402_that_was_expected_leaves_the_span_without_error(tracing: Tracing) -> None:
    run = tracing.run("probe pay", {}, 0)
    call = run.step("s", 0).request("GET /", {}, 0)
    call.end(1, attributes={"http.response.status_code": 402})

    assert [span.error for span in run.end(2)] == [False, False, False]


def test_an_error_carries_its_kind_and_its_words(tracing: Tracing) -> None:
    run = tracing.run("probe pay", {}, 0)
    step = run.step("s", 0)
    step.end(1, error_type="timeout", message="no answer within 3 s")

    _, ended = run.end(2, error_type="timeout")
    assert (ended.error, ended.status_message, ended.attributes["error.type"]) == (
        True,
        "no answer within 3 s",
        "timeout",
    )


def test_a_step_left_open_by_a_cancelled_task_ends_with_the_runs_error(tracing: Tracing) -> None:
    run = tracing.run("probe pay", {}, 0)
    run.step("s", 1).request("GET /", {}, 2)

    ended = run.end(9, error_type="timeout", message="deadline")
    assert [(span.end, span.error, span.status_message) for span in ended] == [(9, True, "deadline")] * 3


def test_links_point_to_other_traces(tracing: Tracing) -> None:
    link = Link("0" * 31 + "7", "0" * 15 + "9", {"synthprobe.link.type": "last_good"})

    (root,) = tracing.run("probe pay", {}, 0, [link]).end(1)
    assert root.links == (link,)


def test_outgoing_headers_name_the_client_span_and_mark_the_trace(tracing: Tracing) -> None:
    run = tracing.run("probe pay", {}, 0)
    call = run.step("s", 0).request("GET /", {}, 0)

    version, trace_id, parent_id, flags = call.headers()["traceparent"].split("-")
    assert (version, trace_id, parent_id) == ("00", run.trace_id, call.span_id)
    assert int(flags, 16) & 1, "not sampled: the backend would not record its part"
    assert call.headers()["tracestate"] == "synthprobe=true"


def test_every_run_is_a_trace_of_its_own_even_inside_a_span_of_the_host(tracing: Tracing) -> None:
    with TracerProvider().get_tracer("host").start_as_current_span("outer") as outer:
        run = tracing.run("probe pay", {}, 0)

    assert run.trace_id != f"{outer.get_span_context().trace_id:032x}"
    assert run.end(1)[0].parent_id == ""


def test_an_abandoned_run_keeps_nothing(tracing: Tracing) -> None:
    run = tracing.run("probe pay", {}, 0)
    run.step("s", 0)
    run.abandon()

    assert len(run.end(1)) == 1


RECORD = """
from synthprobe.telemetry.tracing import Tracing
run = Tracing().run("probe pay", {"long": "x" * 1000, "second": 1}, 0)
call = run.step("s", 0).request("GET /", {}, 0)
print(call.headers()["traceparent"][-1])
call.event("e", 1)
root, *rest = run.end(2)
print(len(rest), len(root.attributes), len(root.attributes["long"]), len(rest[1].events))
"""


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"OTEL_TRACES_SAMPLER": "always_off"}, id="a sampler"),
        pytest.param({"OTEL_SDK_DISABLED": "true"}, id="the SDK switched off"),
        pytest.param(
            {
                "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3",
                "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3",
                "OTEL_ATTRIBUTE_COUNT_LIMIT": "1",
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1",
                "OTEL_SPAN_EVENT_COUNT_LIMIT": "0",
            },
            id="limits",
        ),
    ],
)
def test_nothing_in_the_environment_changes_what_is_recorded(variables: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RECORD],
        env={**variables, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    flags, counts = done.stdout.split("\n")[:2]
    assert int(flags, 16) & 1
    assert counts == "2 2 1000 1"
