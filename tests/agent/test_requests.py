"""What a step sends: templates filled once, keys and trace context, and repeats that cannot do a thing twice."""

from datetime import timedelta

import httpx
import probing
import pytest
from probing import check, ok, request, run, step

from synthprobe.core.failures import Kind
from synthprobe.core.probes import SecretSource
from synthprobe.core.requests import Body, BodyKind, Retry
from synthprobe.core.results import Outcome
from virtual import START


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


def test_what_a_reference_in_a_url_names_changes_no_other_part_of_the_request() -> None:
    seen: list[bytes] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.url.raw_path)
        return httpx.Response(200)

    path = "/v1/${{ secrets.key }}/x?k=${{ secrets.key }}"
    probe = check(
        step("plain", request(path=path)),
        step("with a query", request(path=path, query={"a": "1"})),
        secrets={"key": SecretSource(env="KEY")},
    )
    finished = run(probe, target, {"KEY": "p@ss:w0rd?x#y%41z"})
    wanted = b"/v1/p@ss:w0rd%3Fx%23y%2541z/x?k=p%40ss%3Aw0rd%3Fx%23y%2541z"
    assert seen == [wanted, wanted + b"&a=1"]
    assert "w0rd" not in probing.everything((finished.result, finished.spans))


def test_a_form_and_raw_text_are_sent_as_written() -> None:
    seen: list[bytes] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.content)
        return httpx.Response(200)

    form = request("POST", body=Body(BodyKind.FORM, {"card[cvc]": "123", "items": ("a b", True)}))
    raw = request("POST", body=Body(BodyKind.RAW, probing.template("<ref>${{ run.id }}</ref>")))
    run(check(step("form", form), step("raw", raw)), target)
    assert seen == [b"card%5Bcvc%5D=123&items=a+b&items=true", b"<ref>id-1</ref>"]


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


def test_a_run_that_is_a_slot_says_so_and_knows_its_time() -> None:
    seen: list[str] = []

    def target(sent: httpx.Request) -> httpx.Response:
        seen.append(sent.headers["x-at"])
        return httpx.Response(200)

    probe = check(step("a", request(headers={"X-At": probing.template("${{ run.scheduled_at }}")})))
    result = run(probe, target, scheduled_at=START, run_id="r-1").result
    assert (result.run_id, result.scheduled_at, seen) == ("r-1", START, ["2026-03-02T12:00:00.000Z"])
