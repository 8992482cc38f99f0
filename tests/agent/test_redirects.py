"""Redirects: followed by hand, one exchange each; what is secret stays with its origin, and strangers are not called."""

from typing import Any

import httpx
import pytest
from probing import HERE, check, everything, filled, ok, request, run, span, step, template

from synthprobe.core.egress import Safety
from synthprobe.core.expectations import Capture, Subject
from synthprobe.core.failures import Kind
from synthprobe.core.probes import SecretSource
from synthprobe.core.reports import Finished
from synthprobe.core.requests import Body, BodyKind, Request, Retry
from synthprobe.core.results import Outcome

HOME = "http://pay.example:8421"


class Chain:
    """A target that redirects from path to path, and remembers what it was asked."""

    def __init__(self, hops: dict[str, tuple[int, str]]) -> None:
        self.hops = hops
        self.asked: list[httpx.Request] = []

    def __call__(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append(asked)
        hop = self.hops.get(asked.url.path)
        if hop is None:
            return httpx.Response(200, json={"id": "p-1"})
        return httpx.Response(hop[0], headers={"Location": hop[1]})


def follow(
    chain: Chain,
    method: str = "GET",
    most: int = 5,
    hosts: tuple[str, ...] = (),
    **options: Any,
) -> Finished:
    action = request(method, "/start", follow_redirects=most, **options)
    probe = check(step(action=action), safety=Safety(hosts), secrets={"key": SecretSource(env="KEY")})
    return run(probe, chain, {"KEY": "sk_live_opensesame"})


def test_each_hop_is_an_exchange_and_a_span_of_its_own() -> None:
    chain = Chain({"/start": (302, "/next?a=1"), "/next": (307, HOME + "/end")})
    finished = follow(chain)
    (result,) = finished.result.steps
    assert finished.result.outcome is Outcome.PASSED
    assert not finished.result.passed_after_retry
    assert [(each.status, each.resend_count) for each in result.exchanges] == [(302, 0), (307, 1), (200, 2)]
    assert [each.url for each in result.exchanges] == [HOME + p for p in ("/start", "/next?a=1", "/end")]
    assert len({each.span_id for each in result.exchanges}) == 3
    assert span(finished, "GET redirect").attributes["http.request.resend_count"] == 1


def test_without_leave_a_redirect_is_an_answer_like_any_other() -> None:
    chain = Chain({"/start": (302, "/next")})
    finished = follow(chain, most=0)
    assert len(chain.asked) == 1
    assert finished.result.failure is not None
    assert finished.result.failure.kind is Kind.ASSERTION


def test_a_circle_ends_at_the_limit() -> None:
    chain = Chain({"/start": (302, "/start")})
    finished = follow(chain, most=3)
    failure = finished.result.failure
    assert failure is not None
    assert (failure.kind, failure.message) == (Kind.PROTOCOL_ERROR, "more than 3 redirects")
    assert len(chain.asked) == 4


@pytest.mark.parametrize(
    ("method", "status", "onward"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("PUT", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("PUT", 301, "PUT"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
    ],
)
def test_method_and_body_follow_rfc_9110(method: str, status: int, onward: str) -> None:
    chain = Chain({"/start": (status, "/end")})
    follow(chain, method, body=Body(BodyKind.JSON, {"amount": "1.07"}))
    last = chain.asked[-1]
    assert last.method == onward
    assert last.content == (b'{"amount":"1.07"}' if onward == method and method != "HEAD" else last.content)
    if onward == "GET":
        assert not last.content
        assert "content-type" not in last.headers
        assert "content-length" not in last.headers


SECRET_HEADERS = {
    "Authorization": "Bearer ${{ secrets.key }}",
    "Cookie": "sid=1",
    "X-Hidden": "a ${{ secrets.key }}",
    "X-Open": "yes",
}


def test_secrets_stay_with_their_origin() -> None:
    chain = Chain({"/start": (307, "/same"), "/same": (307, "http://other.example/end")})
    finished = follow(
        chain, "POST", hosts=("other.example",), headers=filled(SECRET_HEADERS), idempotency="Idempotency-Key"
    )
    assert finished.result.outcome is Outcome.PASSED
    same, other = chain.asked[1].headers, chain.asked[2].headers
    assert same["idempotency-key"] == chain.asked[0].headers["idempotency-key"]
    assert same["authorization"] == "Bearer sk_live_opensesame"
    assert other["x-open"] == "yes"
    assert other["host"] == "other.example"
    assert not {"authorization", "cookie", "x-hidden", "idempotency-key"} & set(other)
    assert other["traceparent"] != same["traceparent"]


@pytest.mark.parametrize("location", ["https://pay.example:8421/end", "http://pay.example:9999/end"])
def test_another_scheme_or_port_is_another_origin(location: str) -> None:
    chain = Chain({"/start": (302, location)})
    follow(chain, headers=filled(SECRET_HEADERS))
    assert "authorization" not in chain.asked[-1].headers


def test_a_body_that_holds_a_secret_is_not_carried_to_another_origin() -> None:
    chain = Chain({"/start": (308, "http://other.example/end")})
    body = Body(BodyKind.JSON, filled({"key": "${{ secrets.key }}"}))
    finished = follow(chain, "POST", hosts=("other.example",), body=body)
    assert len(chain.asked) == 1
    assert finished.result.failure is not None
    assert finished.result.failure.kind is Kind.BLOCKED
    assert "sk_live" not in everything(finished)


@pytest.mark.parametrize(
    ("location", "hosts", "kind"),
    [
        pytest.param("http://evil.example/", (), Kind.BLOCKED, id="a host nobody named"),
        pytest.param("//evil.example/", (), Kind.BLOCKED, id="a host nobody named, without a scheme"),
        pytest.param("http://pay.example@evil.example/", (), Kind.BLOCKED, id="a host behind a user"),
        pytest.param("http://a.cdn.example/", ("*.cdn.example",), None, id="a host that a pattern names"),
        pytest.param("http://cdn.example/", ("*.cdn.example",), Kind.BLOCKED, id="not the host above it"),
        pytest.param("http://A.CDN.example./", ("*.cdn.example",), None, id="in capitals, with a dot"),
        pytest.param("ftp://pay.example/", (), Kind.PROTOCOL_ERROR, id="another scheme"),
        pytest.param("http://[::1/", (), Kind.PROTOCOL_ERROR, id="no URL at all"),
    ],
)
def test_only_hosts_that_are_named_are_followed_to(
    location: str, hosts: tuple[str, ...], kind: Kind | None
) -> None:
    finished = follow(Chain({"/start": (302, location)}), hosts=hosts)
    assert (finished.result.failure.kind if finished.result.failure else None) is kind
    if kind is Kind.BLOCKED:
        assert finished.result.outcome is Outcome.ERRORED


@pytest.mark.parametrize("hosts", [(), ("*.example",)], ids=["without leave", "with leave"])
def test_a_host_out_of_a_response_needs_leave_too(hosts: tuple[str, ...]) -> None:
    first = step("first", captures=(Capture("next", Subject.JSON, HERE, "$.next"),))
    second = step("second", Request("GET", template("${{ steps.first.next }}/x"), "{next}/x"))
    probe = check(first, second, safety=Safety(hosts))
    finished = run(probe, ok({"next": "http://evil.example"}))
    kind = finished.result.failure.kind if finished.result.failure else None
    assert kind is (None if hosts else Kind.BLOCKED)


def test_what_was_redirected_after_it_was_sent_is_not_repeated_without_a_key() -> None:
    """A POST that answers 303 has happened, whatever becomes of the GET after it."""
    asked: list[str] = []

    def target(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        if request.url.path == "/start":
            return httpx.Response(303, headers={"Location": "/result"})
        raise httpx.ConnectError("refused")

    action = request("POST", "/start", follow_redirects=2)
    run(check(step(action=action, retry=Retry(frozenset({"connect"}), 3))), target)
    assert asked == ["POST /start", "GET /result"]
