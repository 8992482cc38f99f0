"""Steps beside a plain request: poll, use, resend, pause, and conditions on earlier steps."""

import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import msgspec
import probing
import pytest
from probing import check, expect, ok, request, run, span, step

from synthprobe.agent.passes import Passes
from synthprobe.cli.failure import explain
from synthprobe.clock import Clock
from synthprobe.core.annotations import annotate
from synthprobe.core.expectations import Capture, Operator, Subject
from synthprobe.core.failures import Kind
from synthprobe.core.requests import Body, BodyKind, Retry
from synthprobe.core.results import CheckInfo, Outcome, Result, StepOutcome, Trigger
from synthprobe.core.steps import Classify, Condition, Pause, Poll, Resend, Step, StepState, Use
from virtual import run_virtual

CAPTURED = expect(Subject.JSON, Operator.EQUALS, "CAPTURED", path="$.status")
FAILED = expect(Subject.JSON, Operator.EQUALS, "FAILED", path="$.status")


def poll(**options: object) -> Step:
    """A step that waits for CAPTURED."""
    seconds = {
        name: timedelta(seconds=float(str(value)))
        for name, value in {"every": 1, "max_every": 4, "timeout": 20, **options}.items()
    }
    return step("settled", Poll(request(), (CAPTURED,), (FAILED,), **seconds), assertions=())


def states(*said: str) -> Callable[[httpx.Request], httpx.Response]:
    """A target that says one state after the other, and the last for ever."""
    left = list(said)
    return lambda sent: httpx.Response(200, json={"status": left.pop(0) if len(left) > 1 else left[0]})


def outcomes(result: Result) -> dict[str, str]:
    """What became of each step."""
    return {each.id: each.outcome.value for each in result.steps}


def test_a_poll_asks_until_the_state_is_there_with_pauses_that_double_up_to_their_most() -> None:
    result = run(check(poll()), states("OPEN", "OPEN", "OPEN", "OPEN", "CAPTURED")).result
    assert result.outcome is Outcome.PASSED
    exchanges = result.steps[0].exchanges
    starts = [(each.started_at - result.started_at).total_seconds() for each in exchanges]
    assert starts == pytest.approx([0, 1, 3, 7, 11])
    assert [each.text for each in result.steps[0].assertions] == ["json $.status equals CAPTURED"]


def test_a_poll_ends_at_once_when_the_state_can_no_longer_come() -> None:
    result = run(check(poll(), step("after")), states("OPEN", "FAILED")).result
    assert result.failure is not None
    assert (result.failure.kind, result.failure.step) == (Kind.ASSERTION, "settled")
    assert "can no longer come" in result.failure.message
    assert result.duration == pytest.approx(1)
    assert outcomes(result) == {"settled": "failed", "after": "skipped"}


def test_a_poll_whose_time_is_over_says_what_the_state_was_and_how_often_it_asked() -> None:
    result = run(check(poll(timeout=5)), states("OPEN")).result
    assert result.failure is not None
    assert result.failure.actual == "OPEN"
    assert "within 5 s (asked 3 times)" in result.failure.message
    assert result.duration < 5.1


def test_a_poll_keeps_the_first_and_the_newest_of_many_exchanges() -> None:
    result = run(check(poll(max_every=1, timeout=50)), states("OPEN")).result
    assert len(result.steps[0].exchanges) == 20
    assert result.steps[0].exchanges[0].started_at == result.started_at


def test_a_poll_whose_exchange_fails_is_over_unless_retry_lists_that() -> None:
    calls: list[int] = []

    def target(sent: httpx.Request) -> httpx.Response:
        calls.append(1)
        if len(calls) == 2:
            raise httpx.ReadError("reset")
        return httpx.Response(200, json={"status": "OPEN" if len(calls) < 3 else "CAPTURED"})

    result = run(check(poll()), target).result
    assert result.failure is not None
    assert result.failure.kind is Kind.RESET
    calls.clear()
    retried = probing.step("settled", poll().action, assertions=(), retry=Retry(frozenset({"reset"}), max=1))
    again = run(check(retried), target).result
    assert (again.outcome, again.passed_after_retry) == (Outcome.PASSED, True)


def test_a_resend_repeats_bytes_and_key_and_only_an_exact_one_the_trace_context_too() -> None:
    seen: list[httpx.Request] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return httpx.Response(200, json={"id": "p-1"})

    body = Body(BodyKind.JSON, probing.filled({"ref": "${{ run.id }}"}))
    first = step("pay", request("POST", body=body, idempotency="Key", headers={"X-A": "1"}))
    result = run(
        check(first, step("replay", Resend("pay")), step("exact", Resend("pay", exact=True))), target
    ).result
    assert result.outcome is Outcome.PASSED
    assert (
        len({(str(each.url), each.content, each.headers["key"], each.headers["x-a"]) for each in seen}) == 1
    )
    traced = [each.headers["traceparent"] for each in seen]
    assert traced[0] == traced[2] != traced[1]
    assert [each.kind for each in result.steps] == ["request", "resend", "resend"]


def test_what_was_never_sent_cannot_be_sent_again() -> None:
    never = Condition("look", "look is failed", StepState.FAILED)
    probe = check(step("look"), step("pay", condition=never), step("replay", Resend("pay")))
    result = run(probe, ok()).result
    assert (result.outcome, result.failure and result.failure.kind) == (Outcome.ERRORED, Kind.SCRIPT_ERROR)


def test_a_pause_waits_and_one_longer_than_the_run_may_take_is_cut_short() -> None:
    assert run(check(step("wait", Pause(timedelta(seconds=3)), assertions=())), ok()).result.duration == 3
    cut = run(check(step("wait", Pause(timedelta(seconds=90)), assertions=())), ok()).result
    assert cut.failure is not None
    assert (cut.failure.kind, cut.duration) == (Kind.TIMEOUT, 60)


REFUND = Use(
    file="refund.yaml",
    inputs={"payment": probing.template("${{ steps.pay.id }}"), "why": "test"},
    steps=(
        step(
            "refund/create",
            request("POST", path="/refunds/${{ inputs.payment }}/${{ inputs.why }}"),
            captures=(Capture("id", Subject.JSON, probing.HERE, "$.id"),),
        ),
        step("refund/check", request(path="/refunds/${{ steps.create.id }}")),
    ),
    outputs={"id": probing.template("${{ steps.create.id }}")},
)
PAY = step("pay", captures=(Capture("id", Subject.JSON, probing.HERE, "$.id"),))


def test_a_fragment_knows_its_inputs_and_own_steps_and_gives_its_outputs() -> None:
    seen: list[str] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.url.path)
        return httpx.Response(200, json={"id": f"x-{len(seen)}"})

    last = step("last", request(path="/last/${{ steps.refund.id }}/${{ steps.pay.id }}"))
    finished = run(check(PAY, step("refund", REFUND, assertions=()), last), target)
    result = finished.result
    assert seen[1:] == ["/refunds/x-1/test", "/refunds/x-2", "/last/x-2/x-1"]
    assert [each.id for each in result.steps] == ["pay", "refund", "refund/create", "refund/check", "last"]
    assert result.steps[1].captures == {"id": "x-2"}
    inner, outer = span(finished, "step refund/create"), span(finished, "step refund")
    assert inner.parent_id == outer.span_id


def test_a_failure_inside_a_fragment_names_the_step_inside_and_ends_the_run() -> None:
    def target(sent: httpx.Request) -> httpx.Response:
        status = 500 if sent.method == "POST" else 200
        return httpx.Response(status, json={"id": "x"})

    result = run(check(PAY, step("refund", REFUND, assertions=()), step("last")), target).result
    assert outcomes(result) == {
        "pay": "passed",
        "refund": "failed",
        "refund/create": "failed",
        "refund/check": "skipped",
        "last": "skipped",
    }
    assert result.failure is not None
    assert result.failure.step == "refund/create"


def test_the_timeout_of_a_use_holds_for_all_steps_of_its_fragment() -> None:
    slow = Use(
        "slow.yaml", (step("use/wait", Pause(timedelta(seconds=30)), assertions=()), step("use/after"))
    )
    probe = check(
        step("use", slow, assertions=(), timeout=timedelta(seconds=2), continue_on_failure=True), step("last")
    )
    result = run(probe, ok()).result
    assert outcomes(result) == {
        "use": "failed",
        "use/wait": "failed",
        "use/after": "skipped",
        "last": "passed",
    }
    assert result.duration == 2


def condition(text: str) -> Condition:
    """`pay passed`, or `pay REDIRECT` for what its status says."""
    name, wanted = text.split()
    if wanted in [each.value for each in StepState]:
        return Condition(name, text, StepState(wanted))
    said = expect(Subject.JSON, Operator.EQUALS, wanted, path="$.status")
    return Condition(name, text, assertions=(said,))


@pytest.mark.parametrize(
    ("asked", "status", "runs"),
    [
        pytest.param("pay passed", 200, True, id="passed"),
        pytest.param("pay passed", 500, False, id="not passed"),
        pytest.param("pay failed", 500, True, id="failed"),
        pytest.param("pay failed", 200, False, id="not failed"),
        pytest.param("never skipped", 200, True, id="skipped"),
        pytest.param("pay skipped", 200, False, id="not skipped"),
        pytest.param("pay sent", 500, True, id="sent, though it failed"),
        pytest.param("never sent", 200, False, id="not sent"),
        pytest.param("pay REDIRECT", 200, True, id="what its response says"),
        pytest.param("pay OTHER", 200, False, id="what its response does not say"),
        pytest.param("never REDIRECT", 200, False, id="what no response says"),
    ],
)
def test_a_step_runs_if_its_condition_holds(asked: str, status: int, runs: bool) -> None:
    probe = check(
        step("pay", continue_on_failure=True),
        step("never", condition=Condition("pay", "pay is skipped", StepState.SKIPPED)),
        step("then", condition=condition(asked), assertions=()),
    )
    result = run(probe, ok({"status": "REDIRECT"}, status)).result
    then = result.steps[2]
    assert then.outcome is (StepOutcome.PASSED if runs else StepOutcome.SKIPPED)
    assert bool(then.why) is not runs


def test_a_step_that_a_condition_skips_does_not_fail_the_run_and_says_why() -> None:
    probe = check(step("pay"), step("then", condition=condition("pay failed")), step("last"))
    result = run(probe, ok()).result
    assert result.outcome is Outcome.PASSED
    assert outcomes(result) == {"pay": "passed", "then": "skipped", "last": "passed"}
    assert result.steps[1].why == "if pay failed: it passed"


def test_cookies_of_the_run_are_sent_to_their_host_by_the_requests_that_share_them() -> None:
    seen: list[str | None] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.headers.get("cookie"))
        return httpx.Response(200, headers={"set-cookie": f"session=s{len(seen)}; Path=/"})

    steps = [step(f"s{n}", request(cookies=n != 2)) for n in range(4)]
    finished = run(check(*steps), target)
    assert seen == [None, "session=s1", None, "session=s2"]
    assert "session=s1" not in json.dumps(probing.everything(finished.result))


def test_a_request_that_does_not_propagate_carries_no_trace_context() -> None:
    seen: list[httpx.Request] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return httpx.Response(200)

    run(check(step("quiet", request(propagate=False))), target)
    assert "traceparent" not in seen[0].headers
    assert "tracestate" not in seen[0].headers


def test_a_body_from_a_file_has_its_references_looked_up_or_its_bytes_as_they_are() -> None:
    seen: list[httpx.Request] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return httpx.Response(200)

    text = Body(BodyKind.FILE, probing.template("<id>${{ run.id }}</id>"), content_type="application/xml")
    run(
        check(
            step("xml", request("POST", body=text)),
            step("raw", request("POST", body=Body(BodyKind.FILE, data=b"\xff\x00"))),
        ),
        target,
    )
    assert [each.content for each in seen] == [b"<id>id-1</id>", b"\xff\x00"]
    assert seen[0].headers["content-type"] == "application/xml"


BY_CODE = Classify(Subject.JSON, "$.code", declined=frozenset({"05"}), technical=frozenset({"91"}))


def test_a_decline_degrades_the_run_and_ends_it_for_nothing_is_there_to_go_on_with() -> None:
    pay = step("pay", classify=BY_CODE, captures=(Capture("id", Subject.JSON, probing.HERE, "$.id"),))
    result = run(
        check(pay, step("look", request(path="/${{ steps.pay.id }}"))), ok({"code": "05"}, 402)
    ).result
    assert result.outcome is Outcome.DEGRADED
    assert result.failure is not None
    assert (result.failure.kind, result.failure.step) == (Kind.DECLINED, "pay")
    assert outcomes(result) == {"pay": "degraded", "look": "skipped"}
    assert result.signature == "declined · pay"


def test_a_decline_that_the_step_expects_passes() -> None:
    pay = step("pay", classify=BY_CODE, assertions=(probing.status(402),))
    result = run(check(pay, step("look", assertions=())), ok({"code": "05"}, 402)).result
    assert result.outcome is Outcome.PASSED


def test_refused_credentials_degrade_a_check_whose_definition_has_passed() -> None:
    answers = [200, 401, 401]
    passes = Passes()

    async def scenario(clock: Clock) -> list[Result]:
        runner = probing.runner(clock, lambda sent: httpx.Response(answers.pop(0)), passes=passes)
        probe = check(step("pay"))
        first = (await runner.run(probe, trigger=Trigger.SCHEDULE)).result
        passes.note(first.check, first.definition)
        second = (await runner.run(probe, trigger=Trigger.SCHEDULE)).result
        changed = check(step("pay"), definition="e" * 64)
        return [first, second, (await runner.run(changed, trigger=Trigger.SCHEDULE)).result]

    first, second, third = run_virtual(scenario)
    assert first.outcome is Outcome.PASSED
    assert (second.outcome, second.failure and second.failure.kind) == (Outcome.DEGRADED, Kind.CREDENTIALS)
    assert (third.outcome, third.failure and third.failure.kind) == (Outcome.FAILED, Kind.ASSERTION)


def test_conditions_and_resends_inside_a_fragment_mean_its_own_steps() -> None:
    inner = (
        step("use/pay", request("POST", path="/inner")),
        step("use/again", Resend("pay"), condition=Condition("pay", "pay is passed", StepState.PASSED)),
        step("use/never", condition=Condition("outer", "outer is passed", StepState.PASSED)),
    )
    seen: list[str] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.url.path)
        return httpx.Response(200)

    probe = check(step("outer"), step("pay"), step("use", Use("f.yaml", inner), assertions=()))
    result = run(probe, target).result
    assert seen[2:] == ["/inner", "/inner"]
    assert outcomes(result)["use/never"] == "skipped"


def test_a_condition_sees_a_use_as_sent_when_a_step_of_its_fragment_was() -> None:
    used = Use("f.yaml", (step("use/pay", continue_on_failure=True),))
    sent = Condition("use", "use is sent", StepState.SENT)
    probe = check(step("use", used, assertions=(), continue_on_failure=True), step("then", condition=sent))
    assert outcomes(run(probe, ok(status=500)).result)["then"] == "failed"


@pytest.mark.parametrize(
    ("status", "body", "kind", "outcome"),
    [
        (429, {"status": "OPEN"}, Kind.RATE_LIMITED, Outcome.DEGRADED),
        (200, {"status": "FAILED", "code": "05"}, Kind.DECLINED, Outcome.DEGRADED),
        (200, {"status": "FAILED", "code": "91"}, Kind.TECHNICAL, Outcome.FAILED),
        (200, {"status": "FAILED", "code": "00"}, Kind.ASSERTION, Outcome.FAILED),
    ],
)
def test_a_poll_that_fails_tells_a_decline_from_an_outage(
    status: int, body: dict[str, str], kind: Kind, outcome: Outcome
) -> None:
    wait = msgspec.structs.replace(poll(timeout=3), classify=BY_CODE)
    result = run(check(wait), ok(body, status)).result
    assert (result.failure and result.failure.kind, result.outcome) == (kind, outcome)


def test_a_decline_is_told_with_its_code_beside_the_assertion_that_failed_with_it() -> None:
    pay = step("pay", classify=BY_CODE, assertions=(probing.status(201),))
    result = run(check(pay), ok({"code": "05"}, 402)).result
    shown = "\n".join(each.plain for each in explain(result))
    assert "declined: json $.code is 05, a decline\n        expected none of 05\n        actual   05" in shown
    assert "✗ status equals 201" in shown
    told = annotate(result, CheckInfo("pay/emea", "pay", "emea", 60, "d"), {"probe": "pay"})
    assert (told["expected"], told["actual"]) == ("none of 05", "05")
    assert told["summary"] == "pay is degraded in emea: step pay: json $.code is 05, a decline"
