"""HTTP Message Signatures (RFC 9421), with a Content-Digest (RFC 9530) where that is signed."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote

from msgspec import Struct

from synthprobe.wire.signing.keys import Algorithm, keyed_hash
from synthprobe.wire.signing.keys import sign as sign_by
from synthprobe.wire.signing.message import Message, Unsignable

ALGORITHMS: Mapping[str, Algorithm] = {
    "rsa-pss-sha512": Algorithm.PS512,
    "rsa-v1_5-sha256": Algorithm.RS256,
    "ecdsa-p256-sha256": Algorithm.ES256,
    "ed25519": Algorithm.ED25519,
}
"""By the names of RFC 9421 §6.2; `hmac-sha256` is the one without a private key."""

_PARAM = '@query-param;name="'
_DIGEST = "content-digest"


class HttpSignature(Struct, frozen=True):
    """What is covered, by which key, and for how long it holds; `created` in seconds since the epoch."""

    components: tuple[str, ...]
    keyid: str
    algorithm: str
    created: int
    label: str = "sig1"
    expires: int | None = None
    nonce: str | None = None
    tag: str | None = None
    digest: str = "sha-256"
    alg: bool = True
    """Whether the algorithm is named among the parameters."""


def sign(message: Message, how: HttpSignature, key: str | bytes) -> tuple[tuple[str, str], ...]:
    """The headers to add; `key` is PEM text, or the bytes of a shared key. Raises `BrokenKey`, `Unsignable`."""
    added: tuple[tuple[str, str], ...] = ()
    names = {name.lower() for name, _ in message.headers}
    if _DIGEST in how.components and _DIGEST not in names:
        added = (("Content-Digest", content_digest(message.body, how.digest)),)
        message = Message(message.method, message.url, (*message.headers, *added), message.body)
    base = signature_base(message, how).encode()
    if isinstance(key, bytes):
        signature = keyed_hash(key, base, "sha256")
    else:
        signature = sign_by(key, ALGORITHMS[how.algorithm], base)
    shown = base64.b64encode(signature).decode()
    return (
        *added,
        ("Signature-Input", f"{how.label}={parameters(how)}"),
        ("Signature", f"{how.label}=:{shown}:"),
    )


def content_digest(body: bytes, algorithm: str) -> str:
    """The field value of RFC 9530 §2."""
    digest = hashlib.new(algorithm.replace("-", ""), body).digest()
    return f"{algorithm}=:{base64.b64encode(digest).decode()}:"


def signature_base(message: Message, how: HttpSignature) -> str:
    """What is signed (RFC 9421 §2.5). Raises `Unsignable`."""
    lines = [f"{_identifier(name)}: {_value(name, message)}" for name in how.components]
    return "\n".join([*lines, f'"@signature-params": {parameters(how)}'])


def parameters(how: HttpSignature) -> str:
    """The covered components with the signature's parameters (RFC 9421 §2.3)."""
    listed = " ".join(_identifier(name) for name in how.components)
    params: list[tuple[str, str | int | None]] = [
        ("created", how.created),
        ("expires", how.expires),
        ("nonce", how.nonce),
        ("keyid", how.keyid),
        ("alg", how.algorithm if how.alg else None),
        ("tag", how.tag),
    ]
    shown = (f";{name}={_item(value)}" for name, value in params if value is not None)
    return f"({listed}){''.join(shown)}"


def _identifier(name: str) -> str:
    """A component's name as a structured field string, its parameter outside the quotes."""
    bare, semicolon, parameter = name.partition(";")
    return f'"{bare.lower()}"{semicolon}{parameter}'


def _item(value: str | int) -> str:
    """A structured field item (RFC 9651). Raises `Unsignable` for text beyond ASCII."""
    if isinstance(value, int):
        return str(value)
    if not all(" " <= char <= "~" for char in value):
        raise Unsignable("a signature's parameters are ASCII without control characters")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _value(name: str, message: Message) -> str:
    if name.startswith(_PARAM):
        return _query_parameter(name.removeprefix(_PARAM).removesuffix('"'), message)
    if name.startswith("@"):
        return _DERIVED[name](message)
    return message.header(name)


def _query_parameter(name: str, message: Message) -> str:
    """RFC 9421 §2.2.8: parsed as a form, and encoded again."""
    pairs = parse_qsl(message.query, keep_blank_values=True)
    found = [value for key, value in pairs if quote(key, safe="*-._") == name]
    if len(found) != 1:
        raise Unsignable(f"the query has `{name}` {len(found)} times; it can be signed only once")
    return quote(found[0], safe="*-._")


def _target(message: Message) -> str:
    return f"{message.path}?{message.query}" if message.query else message.path


_DERIVED: Mapping[str, Callable[[Message], str]] = {
    "@method": lambda message: message.method,
    "@target-uri": lambda message: message.url,
    "@authority": lambda message: message.authority,
    "@scheme": lambda message: message.scheme,
    "@request-target": _target,
    "@path": lambda message: message.path,
    "@query": lambda message: f"?{message.query}",
}
"""Components that are no headers, beside `@query-param;name="…"`."""
