"""Signatures of webhooks as other people's libraries make them, and everything that is wrong with one."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from synthprobe.core.hooks import Delivery
from synthprobe.core.signatures import Algorithm, BadSignature, Encoding, Scheme, Signing, verify

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
SECRET, OTHER = (
    "whsec_" + base64.b64encode(b"k" * 24).decode(),
    "whsec_" + base64.b64encode(b"o" * 24).decode(),
)
BODY = b'{"type": "payment.captured"}'

STANDARD = Signing(Scheme.STANDARD)
STRIPE = Signing(Scheme.STRIPE, header="Stripe-Signature")
PLAIN = Signing(Scheme.HMAC, header="X-Hook-Signature")


def delivery(headers: Mapping[str, str], body: bytes = BODY) -> Delivery:
    return Delivery(1, "probe-x", NOW, tuple(headers.items()), body)


def sha256(secret: str, data: bytes) -> str:
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


def standard(secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    made = Webhook(secret).sign("evt_1", at, BODY.decode())
    return {"Webhook-Id": "evt_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": made}


def stripe(secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    stamp = int(at.timestamp())
    return {"Stripe-Signature": f"t={stamp},v1={sha256(secret, f'{stamp}.'.encode() + BODY)},v0=abc"}


LATE = NOW - timedelta(minutes=6)
GOOD = [
    pytest.param(STANDARD, standard(), id="Standard Webhooks, by its own library"),
    pytest.param(
        STANDARD,
        {**standard(), "Webhook-Signature": "v1a,xyz " + standard(OTHER)["Webhook-Signature"] + " "
         + standard()["Webhook-Signature"]},
        id="several signatures while their key rotates",
    ),
    pytest.param(STRIPE, stripe(), id="Stripe"),
    pytest.param(STRIPE, {"stripe-signature": stripe()["Stripe-Signature"]}, id="a header in lower case"),
    pytest.param(PLAIN, {"X-Hook-Signature": sha256(SECRET, BODY)}, id="plain"),
    pytest.param(
        PLAIN,
        {"X-Hook-Signature": sha256(SECRET, BODY), "Date": format_datetime(NOW, usegmt=True)},
        id="plain with a Date of now",
    ),
    pytest.param(
        Signing(Scheme.HMAC, header="X-Sig", prefix="sha512=", algorithm=Algorithm.SHA512,
                encoding=Encoding.BASE64),
        {"X-Sig": "sha512=" + base64.b64encode(hmac.new(SECRET.encode(), BODY, "sha512").digest()).decode()},
        id="another hash, in base64, with a prefix",
    ),
    pytest.param(
        Signing(Scheme.HMAC, header="X-Sig", timestamp="X-At"),
        {"X-Sig": sha256(SECRET, b"1782907200." + BODY), "X-At": "1782907200"},
        id="plain with a signed instant",
    ),
]  # fmt: skip

BAD = [
    pytest.param(STANDARD, standard(OTHER), "not made with our secret", id="another secret"),
    pytest.param(STANDARD, standard(at=LATE), "signed 360 s before it came, 300 s", id="too old"),
    pytest.param(STANDARD, standard(at=NOW + timedelta(minutes=6)), "360 s after it came", id="from tomorrow"),
    pytest.param(STANDARD, {}, "has no webhook-id", id="no header"),
    pytest.param(STANDARD, {**standard(), "Webhook-Signature": "v1,???"}, "is not base64", id="no base64"),
    pytest.param(STANDARD, {**standard(), "Webhook-Signature": "v2,AAAA"}, "not made with", id="another version"),
    pytest.param(STRIPE, stripe(OTHER), "not made with our secret", id="Stripe, another secret"),
    pytest.param(STRIPE, stripe(at=LATE), "signed 360 s before", id="Stripe, replayed"),
    pytest.param(STRIPE, {"Stripe-Signature": "v1=00"}, "no single `t=`", id="Stripe without an instant"),
    pytest.param(STRIPE, {"Stripe-Signature": "t=1,t=2,v1=00"}, "no single `t=`", id="Stripe, two instants"),
    pytest.param(STRIPE, {"Stripe-Signature": "t=x,v1=00"}, "no Unix time", id="Stripe, no number"),
    pytest.param(PLAIN, {"X-Hook-Signature": sha256(OTHER, BODY)}, "not made with", id="plain, another secret"),
    pytest.param(PLAIN, {"X-Hook-Signature": "zz"}, "is not hex", id="plain, no hex"),
    pytest.param(
        PLAIN,
        {"X-Hook-Signature": sha256(SECRET, BODY), "Date": format_datetime(LATE, usegmt=True)},
        "signed 360 s before",
        id="plain, sent long ago by its Date",
    ),
    pytest.param(
        Signing(Scheme.HMAC, header="X-Sig", prefix="sha256="),
        {"X-Sig": sha256(SECRET, BODY)},
        "does not begin with",
        id="without its prefix",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("signing", "headers"), GOOD)
def test_what_was_signed_with_the_secret_is_taken(signing: Signing, headers: Mapping[str, str]) -> None:
    verify(signing, [SECRET], delivery(headers))


@pytest.mark.parametrize(("signing", "headers"), GOOD)
def test_a_changed_body_is_not(signing: Signing, headers: Mapping[str, str]) -> None:
    with pytest.raises(BadSignature, match="not made with our secret, or the body was changed"):
        verify(signing, [SECRET], delivery(headers, BODY + b" "))


@pytest.mark.parametrize(("signing", "headers", "why"), BAD)
def test_what_is_wrong_is_said(signing: Signing, headers: Mapping[str, str], why: str) -> None:
    with pytest.raises(BadSignature, match=why):
        verify(signing, [SECRET], delivery(headers))


@pytest.mark.parametrize("headers", [standard(), standard(OTHER)])
def test_while_our_secret_rotates_either_fits(headers: Mapping[str, str]) -> None:
    verify(STANDARD, [OTHER, SECRET], delivery(headers))


@given(
    st.sampled_from([STANDARD, STRIPE, PLAIN]),
    st.dictionaries(
        st.sampled_from(
            [
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "stripe-signature",
                "x-hook-signature",
                "date",
            ]
        ),
        st.text() | st.from_regex(r"t=[0-9]{1,12},v1=[0-9a-f]*|v1,[A-Za-z0-9+/]*=?", fullmatch=True),
    ),
    st.binary(max_size=64),
)
def test_nothing_that_is_sent_passes_or_breaks_it(
    signing: Signing, headers: Mapping[str, str], body: bytes
) -> None:
    with pytest.raises(BadSignature):
        verify(signing, [SECRET], delivery(headers, body))
