"""Detached JSON Web Signatures over a body (RFC 7515 appendix F, RFC 7797), as open banking asks for them."""

import base64
import json
from collections.abc import Mapping

from msgspec import Struct

from synthprobe.core.templates import Json
from synthprobe.wire.signing.keys import Algorithm
from synthprobe.wire.signing.keys import sign as sign_by
from synthprobe.wire.signing.message import Message

_KNOWN = frozenset({"alg", "kid", "typ", "cty", "x5c", "x5t", "x5t#S256", "x5u", "jku", "jwk"})
"""Header parameters of RFC 7515; all others are critical, so that nobody accepts a signature and ignores them."""


class JwsSignature(Struct, frozen=True):
    """What the protected header says, and where the signature goes."""

    kid: str
    header: str = "x-jws-signature"
    algorithm: Algorithm = Algorithm.PS256
    b64: bool = False
    """Whether the body is encoded before it is signed; false signs it as it is sent."""
    claims: Mapping[str, Json] = {}


def sign(message: Message, how: JwsSignature, key: str) -> tuple[tuple[str, str], ...]:
    """The header with the signature. Raises `BrokenKey`."""
    protected = _encoded(json.dumps(protected_header(how), separators=(",", ":")).encode())
    payload = _encoded(message.body) if how.b64 else message.body
    signature = sign_by(key, how.algorithm, protected + b"." + payload)
    return ((how.header, f"{protected.decode()}..{_encoded(signature).decode()}"),)


def protected_header(how: JwsSignature) -> dict[str, Json]:
    """What is signed beside the body; `crit` lists what a verifier must understand (RFC 7515 §4.1.11)."""
    named: dict[str, Json] = {"alg": how.algorithm.value, "kid": how.kid, **how.claims}
    if not how.b64:
        named["b64"] = False
    critical: list[Json] = [name for name in named if name not in _KNOWN]
    return named | ({"crit": critical} if critical else {})


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
