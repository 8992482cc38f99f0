"""HMAC over chosen parts of a request, as payment APIs of every kind ask for it."""

import base64
import hashlib
from collections.abc import Callable, Mapping

from msgspec import Struct

from synthprobe.wire.signing.keys import keyed_hash
from synthprobe.wire.signing.message import Message


class HmacSignature(Struct, frozen=True):
    """Which parts are signed in which order, and how the signature is written."""

    parts: tuple[str, ...]
    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    separator: str = "\n"
    prefix: str = ""
    """Stands before the signature: `sha256=`."""


PARTS = ("method", "path", "query", "target", "url", "host", "body", "body_hash")
"""What may be signed beside `header.<name>` and `text.<anything>`."""

ENCODINGS: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64url": lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode(),
}


def sign(message: Message, how: HmacSignature, key: bytes) -> tuple[tuple[str, str], ...]:
    """The header with the signature. Raises `BrokenKey`, `Unsignable`."""
    data = signed_text(message, how)
    signature = ENCODINGS[how.encoding](keyed_hash(key, data, how.algorithm))
    return ((how.header, how.prefix + signature),)


def signed_text(message: Message, how: HmacSignature) -> bytes:
    """What is signed. Raises `Unsignable`."""
    return how.separator.encode().join(_part(name, message, how) for name in how.parts)


def _part(name: str, message: Message, how: HmacSignature) -> bytes:
    kind, _, rest = name.partition(".")
    if kind == "header":
        return message.header(rest).encode()
    if kind == "text":
        return rest.encode()
    return _PARTS[name](message, how)


def _target(message: Message) -> str:
    return f"{message.path}?{message.query}" if message.query else message.path


def _body_hash(message: Message, how: HmacSignature) -> bytes:
    return ENCODINGS[how.encoding](hashlib.new(how.algorithm, message.body).digest()).encode()


_PARTS: Mapping[str, Callable[[Message, HmacSignature], bytes]] = {
    "method": lambda message, _: message.method.encode(),
    "path": lambda message, _: message.path.encode(),
    "query": lambda message, _: message.query.encode(),
    "target": lambda message, _: _target(message).encode(),
    "url": lambda message, _: message.url.encode(),
    "host": lambda message, _: message.authority.encode(),
    "body": lambda message, _: message.body,
    "body_hash": _body_hash,
}
