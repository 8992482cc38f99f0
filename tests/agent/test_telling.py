"""What a run tells of itself: nothing secret, spans that say where and why, progress step by step."""

import probing
from probing import check, everything, expect, ok, request, run, span, step

from synthprobe.agent.progress import Progress, StepFinished, StepStarted
from synthprobe.core.expectations import Capture, Operator, Subject
from synthprobe.core.probes import Redaction, SecretSource
from synthprobe.core.requests import Body, BodyKind
from synthprobe.core.results import StepOutcome

CARD = "4242424242424242"


def test_nothing_secret_is_in_what_a_failed_run_tells() -> None:
    probe = check(
        step(
            "pay",
            request(
                "POST",
                query={"api_key": probing.template("${{ secrets.key }}")},
                headers={"Authorization": probing.template("Bearer ${{ secrets.key }}")},
                body=Body(BodyKind.JSON, {"card": {"number": CARD, "cvc": "9-7-3x"}}),
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
        "card": {"number": CARD, "cvc": "9-7-3x"},
        "session": "sess-1234567",
        "nested": {"hush": "whisper-88"},
        "echo": "sk_live_opensesame",
    }
    finished = run(probe, ok(answer, headers={"Set-Cookie": "sid=cookie-77"}), {"KEY": "sk_live_opensesame"})
    told = everything(finished)
    for secret in ("sk_live_opensesame", CARD, "9-7-3x", "sess-1234567", "whisper-88", "cookie-77"):
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
    bad = span(finished, "step b")
    assert bad.error
    assert [each.attributes["synthprobe.assertion.actual"] for each in bad.events] == ["200"]
    assert not span(finished, "step a").error
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
