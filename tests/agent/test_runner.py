"""One run of a check: what it sends, what it finds, and what it tells of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio
import httpx
import probing
import pytest
from probing import check, everything, expect, ok, request, step

from synthprobe.agent.progress import Progress, StepFinished, StepStarted
from synthprobe.clock import Clock
from synthprobe.core.failures import Kind
from synthprobe.core.probes import (
    Body,
    BodyKind,
    Capture,
    Check,
    Level,
    Operator,
    Redaction,
    Retry,
    SecretSource,
    Subject,
)
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, StepOutcome, Trigger
from virtual import START, run_virtual

CARD = "4242424242424242"


def run(
    probe: Check, target: probing.Target, environment: dict[str, str] | None = None, **options: Any
) -> Finished:
    """One manual run on virtual time."""

    async def scenario(clock: Clock) -> Finished:
        return await probing.runner(clock, target, environment).run(probe, trigger=Trigger.MANUAL, **options)

    return run_virtual(scenario)


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


def test_a_request_carries_what_the_probe_says_and_what_identifies_it() -> None:
    seen: list[httpx.Request] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return httpx.Response(200)

    action = request(
        "POST",
        query={"a": "1", "many": ("x", "y"), "none": None},
        headers={"X-Ref": probing.template("sp-${{ run.id }}")},
        body=Body(BodyKind.JSON, probing.filled({"amount": "${{ vars.amount }}", "live": False, "n": 1})),
        idempotency="Idempotency-Key",
    )
    finished = run(check(step(action=action), vars={"amount": "1.07"}), target)
    sent = seen[0]
    assert str(sent.url.query, "ascii") == "a=1&many=x&many=y"
    assert sent.headers["x-ref"] == "sp-id-1"
    assert sent.headers["idempotency-key"] == "id-2"
    assert sent.content == b'{"amount":"1.07","live":false,"n":1}'
    assert sent.headers["content-type"] == "application/json"
    assert "synthetic" in sent.headers["user-agent"]
    assert sent.headers["traceparent"].split("-")[1] == finished.result.trace_id
    assert sent.headers["tracestate"] == "synthprobe=true"


def test_a_form_and_raw_text_are_sent_as_written() -> None:
    seen: list[bytes] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.content)
        return httpx.Response(200)

    form = request("POST", body=Body(BodyKind.FORM, {"card[cvc]": "123", "items": ("a b", True)}))
    raw = request("POST", body=Body(BodyKind.RAW, probing.template("<ref>${{ run.id }}</ref>")))
    run(check(step("form", form), step("raw", raw)), target)
    assert seen == [b"card%5Bcvc%5D=123&items=a+b&items=true", b"<ref>id-1</ref>"]


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
    ],
)
def test_a_transport_failure_fails_the_run_by_its_kind(error: httpx.TransportError, kind: Kind) -> None:
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
    assert _span(finished, "GET /v1/payments").attributes["error.type"] == "timeout"


def test_the_whole_runs_timeout_ends_a_step_and_names_it() -> None:
    async def target(sent: httpx.Request) -> httpx.Response:
        await anyio.sleep(4)
        return httpx.Response(200)

    result = run(check(step("a"), step("b"), step("c"), timeout=timedelta(seconds=6)), target).result
    assert [each.outcome.value for each in result.steps] == ["passed", "failed", "skipped"]
    assert result.duration < 6.5
    assert result.failure is not None
    assert (result.failure.kind, result.failure.step) == (Kind.TIMEOUT, "b")


def test_a_pass_after_a_retry_is_told_and_every_attempt_is_the_same_request() -> None:
    seen: list[httpx.Request] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return httpx.Response(503 if len(seen) < 3 else 200)

    action = request("POST", idempotency="Idempotency-Key", body=Body(BodyKind.JSON, {"a": 1}))
    retry = Retry(frozenset({"503"}), max=2, backoff=timedelta(milliseconds=500))
    finished = run(check(step(action=action, retry=retry)), target)
    result = finished.result
    assert (result.outcome, result.passed_after_retry) == (Outcome.PASSED, True)
    assert len({(each.headers["idempotency-key"], str(each.url), each.content) for each in seen}) == 1
    assert len({each.headers["traceparent"] for each in seen}) == 3
    assert [each.resend_count for each in result.steps[0].exchanges] == [0, 1, 2]
    assert result.duration == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("method", "key", "error", "calls"),
    [
        pytest.param("GET", None, httpx.ReadError("reset"), 2, id="an idempotent method is repeated"),
        pytest.param("POST", None, httpx.ReadError("reset"), 1, id="a POST that may have arrived is not"),
        pytest.param("POST", "Key", httpx.ReadError("reset"), 2, id="unless it carries a key"),
        pytest.param("POST", None, httpx.ConnectError("refused"), 2, id="or no byte of it was sent"),
        pytest.param("GET", None, httpx.RemoteProtocolError("x"), 1, id="only listed failures are repeated"),
    ],
)
def test_a_retry_never_does_a_thing_twice(
    method: str, key: str | None, error: httpx.TransportError, calls: int
) -> None:
    made: list[int] = []

    def target(sent: httpx.Request) -> httpx.Response:
        made.append(1)
        raise error

    retry = Retry(frozenset({"connect", "reset"}), max=1)
    run(check(step(action=request(method, idempotency=key), retry=retry)), target)
    assert len(made) == calls


def test_a_retry_that_would_begin_after_the_steps_timeout_is_not_made() -> None:
    retry = Retry(frozenset({"503"}), max=5, backoff=timedelta(seconds=1))
    probe = check(step(retry=retry, timeout=timedelta(seconds=4)))
    result = run(probe, ok(status=503)).result
    assert len(result.steps[0].exchanges) == 3
    assert result.failure is not None
    assert result.failure.kind is Kind.ASSERTION


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


def test_nothing_secret_is_in_what_a_failed_run_tells() -> None:
    probe = check(
        step(
            "pay",
            request(
                "POST",
                query={"api_key": probing.template("${{ secrets.key }}")},
                headers={"Authorization": probing.template("Bearer ${{ secrets.key }}")},
                body=Body(BodyKind.JSON, {"card": {"number": CARD, "cvc": "973"}}),
            ),
            assertions=(
                expect(Subject.JSON, Operator.EQUALS, "x", path="$.card.number"),
                expect(Subject.JSON, Operator.EQUALS, "x", path="$.card.cvc"),
                expect(Subject.JSON, Operator.EQUALS, "x", path="$.nested.hush"),
                expect(Subject.JSON, Operator.EQUALS, "x", path="$.nested"),
                expect(Subject.BODY, Operator.EQUALS, "x"),
                expect(Subject.HEADER, Operator.EQUALS, "x", path="Set-Cookie"),
            ),
            captures=(Capture("session", Subject.JSON, probing.HERE, "$.session", secret=True),),
        ),
        secrets={"key": SecretSource(env="KEY")},
        redact=Redaction(json=("$.nested.hush",)),
    )
    answer = {
        "card": {"number": CARD, "cvc": "973"},
        "session": "sess-1234567",
        "nested": {"hush": "whisper-88"},
        "echo": "sk_live_opensesame",
    }
    finished = run(probe, ok(answer, headers={"Set-Cookie": "sid=cookie-77"}), {"KEY": "sk_live_opensesame"})
    told = everything(finished)
    for secret in ("sk_live_opensesame", CARD, "973", "sess-1234567", "whisper-88", "cookie-77"):
        assert secret not in told
    assert "424242******4242" in told


def test_bodies_are_kept_of_failed_steps_only() -> None:
    probe = check(step("good"), step("bad", assertions=(probing.status(201),)))
    steps = run(probe, ok({"id": "1"})).result.steps
    assert steps[0].exchanges[0].response_body is None
    assert steps[1].exchanges[0].response_body == '{"id":"1"}'


def test_the_spans_of_a_failed_run_say_where_and_why() -> None:
    finished = run(check(step("a"), step("b", assertions=(probing.status(201),)), owner="cards"), ok())
    root, *_ = finished.spans
    names = [each.name for each in finished.spans]
    assert sorted(names) == ["GET /v1/payments", "GET /v1/payments", "probe pay", "step a", "step b"]
    assert root.error
    assert root.status_message == "status equals 201: expected 201, actual 200"
    assert root.attributes["synthprobe.failed_step"] == "b"
    assert root.attributes["synthprobe.outcome"] == "failed"
    assert root.attributes["synthprobe.team"] == "cards"
    bad = _span(finished, "step b")
    assert bad.error
    assert [each.attributes["synthprobe.assertion.actual"] for each in bad.events] == ["200"]
    assert not _span(finished, "step a").error
    client = next(each for each in finished.spans if each.parent_id == bad.span_id)
    assert not client.error
    assert client.attributes["url.template"] == "{base_url}/v1/payments"
    assert client.attributes["http.response.status_code"] == 200
    assert finished.result.steps[1].exchanges[0].span_id == client.span_id


def test_progress_is_told_step_by_step() -> None:
    told: list[Progress] = []
    run(check(step("a", assertions=(probing.status(201),)), step("b")), ok(), progress=told.append)
    assert [type(each) for each in told] == [StepStarted, StepFinished, StepFinished]
    assert isinstance(told[2], StepFinished)
    assert told[2].result.outcome is StepOutcome.SKIPPED


def test_a_cancelled_run_ends_at_once_and_has_no_result() -> None:
    async def scenario(clock: Clock) -> tuple[list[Finished], float]:
        results: list[Finished] = []
        with anyio.move_on_after(1):
            results.append(await probing.runner(clock, _forever).run(check(), trigger=Trigger.MANUAL))
        return results, clock.monotonic()

    results, seconds = run_virtual(scenario)
    assert results == []
    assert seconds == pytest.approx(1)


def test_a_run_that_is_a_slot_says_so_and_knows_its_time() -> None:
    seen: list[str] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.headers["x-at"])
        return httpx.Response(200)

    probe = check(step("a", request(headers={"X-At": probing.template("${{ run.scheduled_at }}")})))
    result = run(probe, target, scheduled_at=START, run_id="r-1").result
    assert (result.run_id, result.scheduled_at, seen) == ("r-1", START, ["2026-03-02T12:00:00.000Z"])


async def _forever(sent: httpx.Request) -> httpx.Response:
    await anyio.sleep(86400)
    return httpx.Response(200)


def _raise(error: Exception) -> probing.Target:
    def target(sent: httpx.Request) -> httpx.Response:
        raise error

    return target


def _span(finished: Finished, name: str) -> Any:
    return next(each for each in finished.spans if each.name == name)
