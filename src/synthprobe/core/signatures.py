"""Whether a webhook was signed by who has the secret, and lately: plain HMAC, Stripe's form, and Standard Webhooks.

Sources: docs.stripe.com/webhooks (t= and v1= of `Stripe-Signature`, several v1 while a secret rotates), and
github.com/standard-webhooks/standard-webhooks (webhook-id, webhook-timestamp, webhook-signature; `whsec_` and base64).
Every comparison takes the same time wherever the difference is.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.hooks import Delivery

TOLERANCE = timedelta(minutes=5)
MOST_SIGNATURES = 20
"""Signatures of one delivery that are looked at."""


class Scheme(StrEnum):
    """How a provider signs."""

    HMAC = "hmac"
    STRIPE = "stripe"
    STANDARD = "standard-webhooks"


class Encoding(StrEnum):
    """How a plain HMAC is written."""

    HEX = "hex"
    BASE64 = "base64"


class Algorithm(StrEnum):
    """The hash of a plain HMAC."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class Signing(Struct, frozen=True):
    """How deliveries of one provider are signed, without the secrets."""

    scheme: Scheme
    header: str = ""
    """Of hmac and stripe."""
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    """Before a plain HMAC: `sha256=`."""
    timestamp: str = ""
    """The header of an instant that is signed before the body of a plain HMAC, with a dot between."""
    tolerance: timedelta = TOLERANCE


class BadSignature(Exception):
    """A delivery that is not what it says it is; the message says why, and holds nothing of a secret."""


def verify(signing: Signing, secrets: Sequence[str], delivery: Delivery) -> None:
    """Check a delivery against each of the secrets, of which one must fit. Raises `BadSignature`."""
    headers = {name.lower(): value for name, value in delivery.headers}
    _SCHEMES[signing.scheme](signing, secrets, headers, delivery)


def _hmac(signing: Signing, secrets: Sequence[str], headers: Mapping[str, str], delivery: Delivery) -> None:
    written = _header(headers, signing.header)
    if not written.startswith(signing.prefix):
        raise BadSignature(f"{signing.header} does not begin with `{signing.prefix}`")
    signed = delivery.body
    if signing.timestamp:
        at = _header(headers, signing.timestamp)
        _recent(_instant(at, signing.timestamp), signing.tolerance, delivery.received_at)
        signed = at.encode() + b"." + signed
    elif "date" in headers:
        # Not signed, so no proof; but a provider that says when it sent it is held to it.
        _recent(_http_date(headers["date"]), signing.tolerance, delivery.received_at)
    made = (_digest(secret.encode(), signed, signing.algorithm) for secret in secrets)
    given = _read(written.removeprefix(signing.prefix), signing.encoding, signing.header)
    _one_fits([given], made, signing.header)


def _stripe(signing: Signing, secrets: Sequence[str], headers: Mapping[str, str], delivery: Delivery) -> None:
    parts = [part.strip().partition("=") for part in _header(headers, signing.header).split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    if len(stamps) != 1:
        raise BadSignature(f"{signing.header} has no single `t=`")
    _recent(_instant(stamps[0], "t"), signing.tolerance, delivery.received_at)
    given = [value for name, _, value in parts if name == "v1"][:MOST_SIGNATURES]
    signed = stamps[0].encode() + b"." + delivery.body
    made = (_digest(secret.encode(), signed, Algorithm.SHA256) for secret in secrets)
    _one_fits([_read(each, Encoding.HEX, "v1") for each in given], made, signing.header)


def _standard(
    signing: Signing, secrets: Sequence[str], headers: Mapping[str, str], delivery: Delivery
) -> None:
    ident, at = _header(headers, "webhook-id"), _header(headers, "webhook-timestamp")
    _recent(_instant(at, "webhook-timestamp"), signing.tolerance, delivery.received_at)
    written = _header(headers, "webhook-signature").split(" ")
    given = [each.removeprefix("v1,") for each in written if each.startswith("v1,")][:MOST_SIGNATURES]
    signed = f"{ident}.{at}.".encode() + delivery.body
    made = (_digest(_whsec(secret), signed, Algorithm.SHA256) for secret in secrets)
    read = [_read(each, Encoding.BASE64, "webhook-signature") for each in given]
    _one_fits(read, made, "webhook-signature")


_SCHEMES: Mapping[Scheme, Callable[[Signing, Sequence[str], Mapping[str, str], Delivery], None]] = {
    Scheme.HMAC: _hmac,
    Scheme.STRIPE: _stripe,
    Scheme.STANDARD: _standard,
}


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower(), "")
    if not value:
        raise BadSignature(f"it has no {name} header")
    return value


def _recent(at: datetime, tolerance: timedelta, received_at: datetime) -> None:
    age = received_at - at
    if abs(age) > tolerance:
        seconds = abs(age).total_seconds()
        when = "before it came" if age > timedelta() else "after it came"
        raise BadSignature(
            f"it was signed {seconds:.0f} s {when}, {tolerance.total_seconds():g} s are allowed"
        )


def _instant(text: str, name: str) -> datetime:
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        raise BadSignature(f"{name} is no Unix time")
    return datetime.fromtimestamp(int(text), UTC)


def _http_date(text: str) -> datetime:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        raise BadSignature("its Date is no date") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _one_fits(given: Sequence[bytes], made: Iterator[bytes], where: str) -> None:
    """Compare all with all, so that the time taken says nothing of which secret fitted."""
    fits = [hmac.compare_digest(one, other) for one in made for other in given]
    if not any(fits):
        raise BadSignature(f"{where} was not made with our secret, or the body was changed")


def _read(text: str, encoding: Encoding, where: str) -> bytes:
    try:
        if encoding is Encoding.HEX:
            return binascii.unhexlify(text.strip())
        return base64.b64decode(text.strip(), validate=True)
    except ValueError:
        raise BadSignature(f"{where} is not {encoding}") from None


def _whsec(secret: str) -> bytes:
    text = secret.removeprefix("whsec_")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise BadSignature("our own secret is not `whsec_` and base64") from None


def _digest(key: bytes, data: bytes, algorithm: Algorithm) -> bytes:
    return hmac.new(key, data, getattr(hashlib, algorithm.value)).digest()
