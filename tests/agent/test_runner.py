"""One run of a check: what it finds, step by step, whatever the target or we do wrong."""

from collections.abc import Callable
from datetime import timedelta

import anyio
import httpx
import probing
import pytest
from probing import check, everything, expect, ok, request, run, span, step

from synthprobe.clock import Clock
from synthprobe.core.expectations import Capture, Level, Operator, Subject
from synthprobe.core.failures import Kind
from synthprobe.core.probes import Check, Redaction, SecretSource
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, StepOutcome, Trigger
from virtual import run_virtual


def test_a_run_of_two_steps_passes_and_hands_captures_on() -> None:
    seen: list[httpx.Request] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return httpx.Response(200, json={"id": "0042", "amount": 1.10})

    probe = check(
        step("pay", captures=(Capture("id", Subject.JSON, probing.HERE, "$.id"),)),
        step("look", request(path="/v1/payments/${{ steps.pay.id }}")),
    )
    result = run(probe, target).result
    assert result.outcome is Outcome.PASSED
    assert seen[1].url.path == "/v1/payments/0042"
    assert result.steps[0].captures == {"id": "0042"}
    assert [each.id for each in result.steps] == ["pay", "look"]


def test_every_assertion_of_a_failed_step_is_evaluated_and_the_rest_of_the_run_is_skipped() -> None:
    probe = check(
        step(
            "pay",
            assertions=(
                expect(Subject.DURATION, Operator.LT, 0.0, level=Level.DEGRADED),
                expect(Subject.STATUS, Operator.EQUALS, 201),
                expect(Subject.JSON, Operator.EQUALS, "PAID", path="$.status"),
            ),
        ),
        step("refund"),
    )
    result = run(probe, ok({"status": "OPEN"}, 202)).result
    assert [each.verdict.value for each in result.steps[0].assertions] == ["fail", "fail", "fail"]
    assert [each.outcome for each in result.steps] == [StepOutcome.FAILED, StepOutcome.SKIPPED]
    assert result.failure is not None
    assert (result.failure.kind, result.failure.step) == (Kind.ASSERTION, "pay")
    assert (result.failure.expected, result.failure.actual) == ("201", "202")
    assert result.signature == "assertion · pay · status equals #"


def test_a_step_that_continues_on_failure_lets_the_next_one_run_and_still_names_the_run() -> None:
    calls: list[str] = []

    def target(sent: httpx.Request) -> httpx.Response:
        calls.append(sent.url.path)
        return httpx.Response(500 if sent.url.path == "/one" else 200)

    probe = check(
        step("one", request(path="/one"), continue_on_failure=True),
        step("two", request(path="/two")),
    )
    result = run(probe, target).result
    assert calls == ["/one", "/two"]
    assert (result.outcome, result.failure and result.failure.step) == (Outcome.FAILED, "one")


def test_a_degraded_step_does_not_stop_the_run() -> None:
    slow = expect(Subject.DURATION, Operator.LT, 1.0, level=Level.DEGRADED)

    async def target(sent: httpx.Request) -> httpx.Response:
        await anyio.sleep(2)
        return httpx.Response(200)

    result = run(check(step("a", assertions=(slow,)), step("b")), target).result
    assert result.outcome is Outcome.DEGRADED
    assert [each.outcome for each in result.steps] == [StepOutcome.DEGRADED, StepOutcome.PASSED]
    assert result.failure is not None
    assert (result.failure.expected, result.failure.actual) == ("< 1.0 s", "2.000 s")


def test_a_missing_capture_fails_the_step() -> None:
    capture = Capture("id", Subject.JSON, probing.HERE, "$.id")
    result = run(check(step(captures=(capture,))), ok({"ID": "x"})).result
    assert result.failure is not None
    assert result.failure.kind is Kind.CAPTURE
    assert result.failure.message == "capture id: nothing at $.id"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), Kind.CONNECT_REFUSED),
        (httpx.ConnectTimeout("slow"), Kind.CONNECT_TIMEOUT),
        (httpx.ReadTimeout("slow"), Kind.TIMEOUT),
        (httpx.ReadError("reset"), Kind.RESET),
        (httpx.RemoteProtocolError("garbage"), Kind.PROTOCOL_ERROR),
        (httpx.DecodingError("not gzip"), Kind.PROTOCOL_ERROR),
    ],
)
def test_a_transport_failure_fails_the_run_by_its_kind(error: httpx.RequestError, kind: Kind) -> None:
    result = run(check(), _raise(error)).result
    assert result.outcome is Outcome.FAILED
    assert result.failure is not None
    assert (result.failure.kind, result.failure.position) == (kind, str(probing.HERE))
    exchange = result.steps[0].exchanges[0]
    assert exchange.failure is not None
    assert exchange.status is None


def test_a_target_that_never_answers_is_a_timeout_of_the_step_and_the_run_goes_on_to_its_end() -> None:
    async def target(sent: httpx.Request) -> httpx.Response:
        await anyio.sleep(3600)
        return httpx.Response(200)

    finished = run(check(step("a", request(timeout=timedelta(seconds=3)))), target)
    assert finished.result.failure is not None
    assert finished.result.failure.kind is Kind.TIMEOUT
    assert 3 <= finished.result.duration < 3.5
    assert span(finished, "GET /v1/payments").attributes["error.type"] == "timeout"


def test_the_whole_runs_timeout_ends_a_step_and_names_it() -> None:
    async def target(sent: httpx.Request) -> httpx.Response:
        await anyio.sleep(4)
        return httpx.Response(200)

    result = run(check(step("a"), step("b"), step("c"), timeout=timedelta(seconds=6)), target).result
    assert [each.outcome.value for each in result.steps] == ["passed", "failed", "skipped"]
    assert result.duration < 6.5
    assert result.failure is not None
    assert (result.failure.kind, result.failure.step) == (Kind.TIMEOUT, "b")


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        pytest.param(
            lambda: check(step("a", request(path="/${{ steps.zero.id }}"))),
            Kind.SCRIPT_ERROR,
            "steps.zero.id",
            id="a reference to nothing",
        ),
        pytest.param(
            lambda: check(vars={"x": probing.template("${{ region.nope }}")}),
            Kind.SCRIPT_ERROR,
            "region.nope",
            id="a variable that refers to nothing",
        ),
        pytest.param(
            lambda: check(step("a", request(headers={"X": "a\r\nB: c"}))),
            Kind.SCRIPT_ERROR,
            "header X",
            id="a header with a line break",
        ),
        pytest.param(
            lambda: check(secrets={"key": SecretSource(env="ACME_KEY")}),
            Kind.SECRET_MISSING,
            "environment variable ACME_KEY",
            id="a secret that is not set",
        ),
        pytest.param(
            lambda: check(secrets={"key": SecretSource(file="no-such-file")}),
            Kind.SECRET_MISSING,
            "file no-such-file",
            id="a secret file that is not there",
        ),
    ],
)
def test_our_own_trouble_is_errored_and_says_what_it_was(
    make: Callable[[], Check], kind: Kind, says: str
) -> None:
    finished = run(make(), ok())
    result = finished.result
    assert result.outcome is Outcome.ERRORED
    assert result.failure is not None
    assert result.failure.kind is kind
    assert says in result.failure.message
    assert finished.spans[0].error
    assert finished.spans[0].attributes["error.type"] == kind.value


def test_a_bug_of_ours_in_a_step_is_prober_unwell_and_shows_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = run(check(), _raise(ZeroDivisionError("secret detail"))).result
    assert (result.outcome, result.failure and result.failure.kind) == (Outcome.ERRORED, Kind.PROBER_UNWELL)
    assert "secret detail" not in everything(result)
    assert "ZeroDivisionError" in caplog.text


def test_a_bug_of_ours_outside_a_step_still_ends_in_a_result() -> None:
    result = run(check(redact=Redaction(json=("not a path",))), ok()).result
    assert (result.outcome, result.failure and result.failure.kind) == (Outcome.ERRORED, Kind.PROBER_UNWELL)


def test_a_cancelled_run_ends_at_once_and_has_no_result() -> None:
    async def scenario(clock: Clock) -> tuple[list[Finished], float]:
        results: list[Finished] = []
        with anyio.move_on_after(1):
            results.append(await probing.runner(clock, _forever).run(check(), trigger=Trigger.MANUAL))
        return results, clock.monotonic()

    results, seconds = run_virtual(scenario)
    assert results == []
    assert seconds == pytest.approx(1)


async def _forever(sent: httpx.Request) -> httpx.Response:
    await anyio.sleep(86400)
    return httpx.Response(200)


def _raise(error: Exception) -> probing.Target:
    def target(sent: httpx.Request) -> httpx.Response:
        raise error

    return target
