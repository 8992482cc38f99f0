"""Every kind of signature, held against verifiers of other people and published vectors."""

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Mapping
from datetime import timedelta

import http_message_signatures as other
import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as other_jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import RSAKey
from joserfc.registry import HeaderParameter
from oauthlib.oauth1.rfc5849 import signature as other_oauth1
from oauthlib.oauth1.rfc5849.utils import escape
from signing_keys import EC, ED, RSA, pem, public_pem

from synthprobe.wire.signing import hmacs, http_signature, jws, oauth1
from synthprobe.wire.signing.hmacs import HmacSignature
from synthprobe.wire.signing.http_signature import HttpSignature
from synthprobe.wire.signing.jws import JwsSignature
from synthprobe.wire.signing.keys import Algorithm, BrokenKey, PrivateKey
from synthprobe.wire.signing.message import Message, Unsignable

BODY = b'{"hello": "world"}'
RFC_9421 = Message(
    "POST",
    "https://example.com/foo?param=Value&Pet=dog",
    (
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        ("Content-Length", "18"),
    ),
    BODY,
)
"""The test request of RFC 9421, appendix B.2."""


def test_hmac_is_what_github_publishes() -> None:
    how = HmacSignature(("body",), "X-Hub-Signature-256", prefix="sha256=")
    message = Message("POST", "https://a.test/", body=b"Hello, World!")
    assert hmacs.sign(message, how, b"It's a Secret to Everybody") == (
        (
            "X-Hub-Signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
    )


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        pytest.param(
            ("method", "path", "header.date", "body"),
            b'POST\n/foo\nTue, 20 Apr 2021 02:07:55 GMT\n{"hello": "world"}',
            id="the sample's",
        ),
        pytest.param(("target", "host"), b"/foo?param=Value&Pet=dog\nexample.com", id="target and host"),
        pytest.param(
            ("query", "url"),
            b"param=Value&Pet=dog\nhttps://example.com/foo?param=Value&Pet=dog",
            id="query and URL",
        ),
        pytest.param(
            ("text.v1", "body_hash"),
            b"v1\n" + hashlib.sha256(BODY).hexdigest().encode(),
            id="text and a hash",
        ),
    ],
)
def test_an_hmac_signs_the_parts_in_their_order(parts: tuple[str, ...], text: bytes) -> None:
    how = HmacSignature(parts, "X-Signature", encoding="base64")
    assert hmacs.signed_text(RFC_9421, HmacSignature(parts, "X-Signature")) == text
    ((_, signature),) = hmacs.sign(RFC_9421, HmacSignature(parts[:1], "X", encoding="base64"), b"key")
    first = hmacs.signed_text(RFC_9421, HmacSignature(parts[:1], "X", encoding="base64"))
    assert base64.b64decode(signature) == hmac.new(b"key", first, "sha256").digest()
    assert how.encoding == "base64"


def test_a_header_that_is_not_there_cannot_be_signed() -> None:
    with pytest.raises(Unsignable, match="`X-Nonce` is to be signed"):
        hmacs.sign(RFC_9421, HmacSignature(("header.X-Nonce",), "X-Signature"), b"key")


@pytest.mark.parametrize("body", [BODY, "Grüße $%\n".encode()], ids=["JSON", "any bytes"])
@pytest.mark.parametrize("b64", [False, True], ids=["as sent", "encoded"])
def test_a_detached_jws_is_accepted_by_another_library(body: bytes, b64: bool) -> None:
    how = JwsSignature("kid-1", b64=b64, claims={IAT: 1_700_000_000})
    ((name, value),) = jws.sign(Message("POST", "https://a.test/", body=body), how, pem(RSA))
    assert name == "x-jws-signature"
    header = json.loads(base64.urlsafe_b64decode(value.partition(".")[0] + "=="))
    assert header == {
        "alg": "PS256",
        "kid": "kid-1",
        IAT: 1_700_000_000,
        **({} if b64 else {"b64": False}),
        "crit": [IAT] if b64 else [IAT, "b64"],
    }
    assert _read_jws(value, body) == body
    with pytest.raises(BadSignatureError):
        _read_jws(value, body + b" ")


IAT = "http://openbanking.org.uk/iat"


def _read_jws(value: str, body: bytes) -> bytes:
    registry = other_jws.JWSRegistry(
        header_registry={IAT: HeaderParameter("when it was signed", "int")}, algorithms=["PS256"]
    )
    key = RSAKey.import_key(public_pem(RSA))
    return other_jws.deserialize_compact(value, key, payload=body, registry=registry).payload


def test_a_message_signature_is_the_published_one_with_a_shared_key() -> None:
    """RFC 9421, B.2.5."""
    secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
    how = HttpSignature(
        ("date", "@authority", "content-type"),
        "test-shared-secret",
        "hmac-sha256",
        1618884473,
        label="sig-b25",
        alg=False,
    )
    assert http_signature.sign(RFC_9421, how, base64.b64decode(secret)) == (
        (
            "Signature-Input",
            'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
        ),
        ("Signature", "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
    )


def test_a_message_signature_is_the_published_one_with_ed25519() -> None:
    """RFC 9421, B.2.6."""
    key = (
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"
        "-----END PRIVATE KEY-----\n"
    )
    how = HttpSignature(
        ("date", "@method", "@path", "@authority", "content-type", "content-length"),
        "test-key-ed25519",
        "ed25519",
        1618884473,
        label="sig-b26",
        alg=False,
    )
    headers = dict(http_signature.sign(RFC_9421, how, key))
    assert headers["Signature"] == (
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
    )


def test_a_content_digest_is_the_published_one() -> None:
    """RFC 9530, appendix D, with the body of RFC 9421."""
    assert http_signature.content_digest(BODY, "sha-256") == (
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    )
    assert http_signature.content_digest(BODY, "sha-512") == (
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    )


@pytest.mark.parametrize(
    ("algorithm", "key", "verifier"),
    [
        pytest.param("rsa-pss-sha512", RSA, other.algorithms.RSA_PSS_SHA512, id="RSA PSS"),
        pytest.param("rsa-v1_5-sha256", RSA, other.algorithms.RSA_V1_5_SHA256, id="RSA"),
        pytest.param("ecdsa-p256-sha256", EC, other.algorithms.ECDSA_P256_SHA256, id="ECDSA"),
        pytest.param("ed25519", ED, other.algorithms.ED25519, id="Ed25519"),
    ],
)
def test_a_message_signature_is_accepted_by_another_library(
    algorithm: str, key: PrivateKey, verifier: type[other.HTTPSignatureAlgorithm]
) -> None:
    components = (
        "@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query",
        '@query-param;name="Pet"', "content-digest", "content-type",
    )  # fmt: skip
    how = HttpSignature(
        components, "k-1", algorithm, NOW, expires=NOW + 300, nonce='n"\\1', tag="app", label="mine"
    )
    added = http_signature.sign(RFC_9421, how, pem(key))
    assert [name for name, _ in added] == ["Content-Digest", "Signature-Input", "Signature"]
    _verify(added, verifier, public_pem(key))
    changed = tuple((name, value.replace("k-1", "k-2")) for name, value in added)
    with pytest.raises(other.InvalidSignature):
        _verify(changed, verifier, public_pem(key))


NOW = 4_000_000_000


def _verify(
    added: tuple[tuple[str, str], ...], verifier: type[other.HTTPSignatureAlgorithm], key: str
) -> None:
    class Keys(other.HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> bytes:
            return key.encode()

        def resolve_private_key(self, key_id: str) -> bytes:
            raise NotImplementedError

    request = httpx.Request(
        RFC_9421.method, RFC_9421.url, headers=[*RFC_9421.headers, *added], content=RFC_9421.body
    )
    signatures = other.HTTPMessageVerifier(signature_algorithm=verifier, key_resolver=Keys())
    signatures.max_clock_skew = timedelta(days=40_000)  # the instant of these signatures is nobody's now
    signatures.verify(request, max_age=None)


@pytest.mark.parametrize(
    "url",
    [
        "https://sandbox.api.mastercard.com/service",
        "https://sandbox.api.mastercard.com:443/service?b=2&a=1&a=0",
        "https://sandbox.api.mastercard.com/service?name=J%C3%B6rg%20%26%20Co&x=",
    ],
)
@pytest.mark.parametrize("body", [b"", BODY], ids=["no body", "a body"])
def test_oauth1_is_accepted_by_another_library(url: str, body: bytes) -> None:
    ((name, value),) = oauth1.sign(Message("POST", url, body=body), "consumer-key", pem(RSA))
    assert name == "Authorization"
    scheme, _, listed = value.partition(" ")
    given_params = [pair.partition("=")[::2] for pair in listed.split(",")]
    params = {
        key: httpx.QueryParams(f"v={quoted.strip(chr(34)).replace('+', '%2B')}")["v"]
        for key, quoted in given_params
    }
    assert (scheme, params["oauth_consumer_key"]) == ("OAuth", "consumer-key")
    assert base64.b64decode(params["oauth_body_hash"]) == hashlib.sha256(body).digest()
    assert _verified_oauth1(url, params)
    assert not _verified_oauth1(url + "x", params)


def _verified_oauth1(url: str, params: Mapping[str, str]) -> bool:
    query = list(httpx.URL(url).params.multi_items())
    signed = [(key, value) for key, value in params.items() if key != "oauth_signature"]
    # Mastercard's gateway deviates from RFC 5849 §3.4.1.3.2: it does not encode the values of its own parameters.
    pairs = [(escape(key), escape(value)) for key, value in query] + signed
    normalized = "&".join(sorted(f"{key}={value}" for key, value in pairs))
    base = other_oauth1.signature_base_string("POST", other_oauth1.base_string_uri(url), normalized)
    try:
        RSA.public_key().verify(
            base64.b64decode(params["oauth_signature"]), base.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


def test_oauth1_has_a_nonce_of_its_own_each_time() -> None:
    message = Message("GET", "https://a.test/")
    first, second = (oauth1.sign(message, "ck", pem(RSA)) for _ in range(2))
    assert first != second


def test_oauth1_without_its_extra_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oauth1", None)
    with pytest.raises(Unsignable, match=r"synthprobe\[mastercard\]"):
        oauth1.sign(Message("GET", "https://a.test/"), "ck", pem(RSA))


def test_oauth1_with_a_key_of_another_kind_is_told() -> None:
    with pytest.raises(BrokenKey, match="RSA"):
        oauth1.sign(Message("GET", "https://a.test/"), "ck", pem(EC))


@given(st.binary(max_size=64), st.text(max_size=20))
def test_any_body_and_header_can_be_signed(body: bytes, text: str) -> None:
    message = Message("POST", "https://a.test/x?y", (("X-Any", text),), body)
    assert hmacs.sign(message, HmacSignature(("body", "header.x-any"), "S"), b"key")
    assert jws.sign(message, JwsSignature("k", algorithm=Algorithm.ES256), pem(EC))
    assert http_signature.sign(
        message, HttpSignature(("content-digest", "x-any"), "k", "ed25519", 1), pem(ED)
    )
