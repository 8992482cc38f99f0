"""What `auth` of a probe file makes of requests: credentials, tokens and signatures, on every attempt anew."""

import base64
import hmac
import json
from collections.abc import Callable
from pathlib import Path

import http_message_signatures as other
import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws as other_jws
from joserfc.jwk import RSAKey

from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.clock import Clock
from synthprobe.core.failures import Kind
from synthprobe.core.probes import checks
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, Trigger
from synthprobe.files.probes import load_probe
from synthprobe.telemetry.tracing import Tracing
from virtual import run_virtual

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = (
    KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
ENVIRONMENT = {"KEY": "top-secret-key", "PEM": PEM, "BROKEN": PEM[:200] + PEM[400:]}
HEAD = """name: signed
schedule: {every: 5m}
regions: [here]
secrets: {key: {env: KEY}, pem: {env: PEM}, broken: {env: BROKEN}}
"""
ONE = """
steps:
  - id: pay
    request: {method: POST, url: "https://api.acme.example/v1/pay?b=2", idempotency: Idempotency-Key, json: {a: 1}, auth: acme}
    retry: {on: ["503"], max: 1, backoff: 2s}
"""

Target = Callable[[httpx.Request], httpx.Response]


def run(text: str, target: Target, folder: Path | None = None) -> Finished:
    """One run of the only check, on virtual time."""
    probe = load_probe(HEAD + text, str((folder or Path("probes")) / "signed.yaml"))

    async def scenario(clock: Clock) -> Finished:
        ids = iter(range(999))
        runner = Runner(
            httpx.MockTransport(target), Tracing(), clock, lambda: f"id-{next(ids)}", Secrets(ENVIRONMENT)
        )
        first = await runner.run(next(checks(probe)), trigger=Trigger.MANUAL)
        again = await runner.run(next(checks(probe)), trigger=Trigger.MANUAL)
        return first if first.result.failure else again

    return run_virtual(scenario)


def seen_of(text: str, folder: Path | None = None) -> list[httpx.Request]:
    """The requests of one run whose every first attempt is answered 503."""
    seen: list[httpx.Request] = []

    def target(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(503 if len(seen) % 2 else 200)

    finished = run(text, target, folder)
    assert finished.result.failure is None
    shown = msgspec.json.encode((finished.result, finished.spans)).decode()
    assert "top-secret-key" not in shown
    return seen


def test_basic_and_bearer_are_sent_where_they_are_named() -> None:
    (request, *_) = seen_of("auth: {acme: {type: basic, username: me, password: '${{ secrets.key }}'}}" + ONE)
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"me:top-secret-key").decode()
    (request, *_) = seen_of("auth: {acme: {type: bearer, token: '${{ secrets.key }}'}}" + ONE)
    assert request.headers["authorization"] == "Bearer top-secret-key"
    (request, *_) = seen_of(
        "auth: {acme: {type: bearer, token: '${{ secrets.key }}'}}\ndefaults: {request: {auth: acme}}"
        + ONE.replace("auth: acme", "auth: none")
    )
    assert "authorization" not in request.headers


HMAC = """auth:
  acme: {type: hmac, key: "${{ secrets.key }}", sign: [method, path, header.date, header.x-nonce, body], header: X-Signature, headers: {X-Nonce: "${{ now.unix }}"}}
"""


def test_an_hmac_and_its_date_are_made_anew_on_a_retry_and_all_else_is_the_same() -> None:
    first, second, *_ = seen_of(HMAC + ONE)
    for request in (first, second):
        parts = ("POST", "/v1/pay", request.headers["date"], request.headers["x-nonce"], '{"a":1}')
        wanted = hmac.new(b"top-secret-key", "\n".join(parts).encode(), "sha256").hexdigest()
        assert request.headers["x-signature"] == wanted
    assert first.headers["date"] != second.headers["date"]
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (first.url, first.content) == (second.url, second.content)


def test_an_exact_resend_repeats_the_very_signature_and_another_makes_one_anew() -> None:
    seen: list[httpx.Request] = []

    def target(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    steps = (
        ONE
        + "  - {id: wait, pause: 3s}\n  - {id: anew, resend: pay}\n  - {id: exact, resend: {step: pay, exact: true}}\n"
    )
    run(HMAC + steps, target)
    first, anew, exact = (request.headers["x-signature"] for request in seen[:3])
    assert first == exact
    assert first != anew
    assert seen[0].headers.raw == seen[2].headers.raw


def test_a_date_that_a_request_writes_itself_is_made_anew_too() -> None:
    first, second, *_ = seen_of(
        "auth: {acme: {type: bearer, token: '${{ secrets.key }}'}}"
        + ONE.replace("json:", "headers: {X-At: '${{ now.iso }}', X-Run: '${{ run.id }}'}, json:")
    )
    assert first.headers["x-at"] != second.headers["x-at"]
    assert first.headers["x-run"] == second.headers["x-run"]


def test_a_detached_jws_is_accepted_by_another_library() -> None:
    (request, *_) = seen_of(
        "auth: {acme: {type: jws-detached, key: '${{ secrets.pem }}', kid: k1, claims: {iat: '${{ now.unix }}'}}}"
        + ONE
    )
    value = request.headers["x-jws-signature"]
    header = json.loads(base64.urlsafe_b64decode(value.partition(".")[0] + "=="))
    assert (header["crit"], isinstance(header["iat"], int)) == (["iat", "b64"], True)
    known = other_jws.JWSRegistry(algorithms=["PS256"])
    signed = value.partition("..")[0].encode() + b"." + request.content
    algorithm = known.get_alg("PS256")
    raw = base64.urlsafe_b64decode(value.rpartition(".")[2] + "==")
    assert algorithm.verify(signed, raw, RSAKey.import_key(PUBLIC))


def test_a_message_signature_from_a_key_file_is_accepted_by_another_library(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "signing.pem").write_text(PEM)
    text = """auth:
  acme: {type: http-signature, key: keys/signing.pem, keyid: k1, algorithm: rsa-pss-sha512, components: ["@method", "@target-uri", content-digest, content-length, idempotency-key]}
"""
    (request, *_) = seen_of(text + ONE, tmp_path)
    assert request.headers["content-digest"].startswith("sha-256=:")

    class Keys(other.HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> bytes:
            return PUBLIC.encode()

        def resolve_private_key(self, key_id: str) -> bytes:
            raise NotImplementedError

    verifier = other.HTTPMessageVerifier(
        signature_algorithm=other.algorithms.RSA_PSS_SHA512, key_resolver=Keys()
    )
    verifier.verify(request, max_age=None)


def test_oauth1_is_signed_by_mastercards_own_library() -> None:
    text = "auth: {acme: {type: oauth1-rsa, consumer_key: ck!1, key: '${{ secrets.pem }}'}}"
    first, second, *_ = seen_of(text + ONE)
    assert first.headers["authorization"].startswith('OAuth oauth_consumer_key="ck!1"')
    assert first.headers["authorization"] != second.headers["authorization"]


def test_a_broken_key_is_a_fault_of_the_file_with_its_place_and_is_never_shown() -> None:
    text = "auth:\n  acme:\n    type: jws-detached\n    kid: k1\n    key: ${{ secrets.broken }}" + ONE

    def target(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing may be sent")

    finished = run(text, target)
    failure = finished.result.failure
    assert failure is not None
    assert (failure.kind, finished.result.outcome) == (Kind.SCRIPT_ERROR, Outcome.ERRORED)
    assert "auth `acme`" in failure.message
    assert failure.position == "probes/signed.yaml:9:10"
    shown = msgspec.json.encode((finished.result, finished.spans)).decode()
    assert not any(line in shown for line in PEM.splitlines()[1:-1])


TOKENS = """auth:
  acme: {type: oauth2, token_url: "https://id.acme.example/token", client_id: me, client_secret: "${{ secrets.key }}", scope: pay}
"""


class Provider:
    """Issues tokens and takes those that are good."""

    def __init__(self, expires_in: int = 3600, refused: int = 0) -> None:
        self.issued = 0
        self.calls: list[str] = []
        self.answer = httpx.Response(200)
        self._expires_in = expires_in
        self._refused = refused

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "id.acme.example":
            self.calls.append("token")
            if self.answer.status_code != 200:
                return httpx.Response(self.answer.status_code, content=self.answer.content)
            assert (
                request.headers["authorization"] == "Basic " + base64.b64encode(b"me:top-secret-key").decode()
            )
            assert request.content == b"grant_type=client_credentials&scope=pay"
            self.issued += 1
            return httpx.Response(
                200, json={"access_token": f"token-no-{self.issued}", "expires_in": self._expires_in}
            )
        self.calls.append(request.headers.get("authorization", "none"))
        if self._refused:
            self._refused -= 1
            return httpx.Response(401)
        return httpx.Response(200)


def test_a_token_is_asked_for_once_and_its_exchange_is_seen() -> None:
    provider = Provider()
    finished = run(TOKENS + ONE, provider)
    assert provider.calls == ["token", "Bearer token-no-1", "Bearer token-no-1"]
    assert finished.result.failure is None
    provider = Provider(expires_in=10)
    finished = run(TOKENS + ONE, provider)
    assert provider.issued == 2
    assert (
        next(each.url_template for each in finished.result.steps[0].exchanges)
        == "https://id.acme.example/token"
    )
    assert any(span.name == "POST /token" for span in finished.spans)
    shown = msgspec.json.encode((finished.result, finished.spans)).decode()
    assert "token-no-" not in shown


def test_a_refused_token_is_asked_for_anew_once() -> None:
    provider = Provider()
    run(TOKENS + ONE, provider)
    provider = Provider(refused=99)
    finished = run(TOKENS + ONE.replace("retry:", "assert: [{status: {lt: 599}}]\n    retry:"), provider)
    assert provider.calls == [
        *("token", "Bearer token-no-1"),
        *("Bearer token-no-1", "token", "Bearer token-no-2"),
    ]
    assert finished.result.steps[0].exchanges[-1].status == 401


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        pytest.param(httpx.Response(401), Kind.CREDENTIALS, "401", id="who we are is not accepted"),
        pytest.param(
            httpx.Response(400, json={"error": "invalid_client"}),
            Kind.CREDENTIALS,
            "invalid_client",
            id="in words",
        ),
        pytest.param(
            httpx.Response(400, json={"error": "invalid_scope"}),
            Kind.SCRIPT_ERROR,
            "invalid_scope",
            id="our file",
        ),
        pytest.param(httpx.Response(429), Kind.RATE_LIMITED, "429", id="too many calls"),
        pytest.param(httpx.Response(503), Kind.TECHNICAL, "503", id="an outage"),
        pytest.param(httpx.Response(404), Kind.PROTOCOL_ERROR, "404", id="another address"),
    ],
)
def test_a_token_that_is_not_given_is_told_as_that_and_the_api_is_not_called(
    answer: httpx.Response, kind: Kind, words: str
) -> None:
    provider = Provider()
    provider.answer = answer
    failure = run(TOKENS + ONE, provider).result.failure
    assert failure is not None
    assert (failure.kind, failure.phase) == (kind, "auth")
    assert "no token from https://id.acme.example/token" in failure.message
    assert words in failure.message
    assert set(provider.calls) == {"token"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"access_token": 1}', b'{"access_token": "a\\nb"}', b"{" * 9999]
)
def test_an_answer_that_holds_no_token_is_a_protocol_error(body: bytes) -> None:
    def target(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    failure = run(TOKENS + ONE, target).result.failure
    assert failure is not None
    assert (failure.kind, failure.phase) == (Kind.PROTOCOL_ERROR, "auth")


def test_a_signature_does_not_follow_a_redirect_to_another_origin() -> None:
    seen: list[httpx.Request] = []

    def target(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        there = "https://other.acme.example/x" if request.url.path == "/v1/pay" else ""
        return httpx.Response(307, headers={"location": there}) if there else httpx.Response(200)

    text = (
        "safety: {hosts: ['*.acme.example']}\n"
        + HMAC
        + ONE.replace("auth: acme", "auth: acme, follow_redirects: 2")
    )
    run(text, target)
    assert "x-signature" in seen[0].headers
    assert "x-signature" not in seen[1].headers
