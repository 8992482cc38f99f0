"""Says who we are on each attempt of a request, as its `auth` wants it: credentials, tokens and signatures made anew."""

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import httpx
from msgspec import Struct

from synthprobe.agent.names import now_names
from synthprobe.agent.scene import Scene, Unsendable
from synthprobe.core import auth as core
from synthprobe.core.comparisons import Incomparable, text_of
from synthprobe.core.templates import Names, Reference, Template, Value, fill
from synthprobe.wire.signing import hmacs, http_signature, jws, oauth1
from synthprobe.wire.signing.keys import Algorithm, BrokenKey
from synthprobe.wire.signing.message import Message, Unsignable

Headers = tuple[tuple[str, str], ...]


class Means(Struct, frozen=True):
    """What one signature is made with."""

    names: Names
    folder: Path
    """Of the probe file: key files are named relative to it."""
    now: int
    """Seconds since the epoch."""


def signed(request: httpx.Request, auth: core.Auth, scene: Scene) -> httpx.Request:
    """The request with what its `auth` adds; not for tokens that must be asked for. Raises `LookupFailed`, `Unsendable`."""
    now = scene.watch.now()
    means = Means(
        names={**scene.names, "now": now_names(now)},
        folder=Path(scene.check.probe.position.file).parent,
        now=int(now.timestamp()),
    )
    dated = with_headers(request, _dated(request, auth, means))
    message = Message(
        dated.method,
        str(dated.url),
        tuple(dated.headers.multi_items()),
        dated.content,
    )
    try:
        return with_headers(dated, _METHODS[type(auth.method)](message, auth.method, means))
    except BrokenKey as error:
        raise Unsendable(f"the key of auth `{auth.name}` cannot be used: {error}", auth.position) from None
    except (Unsignable, Incomparable) as error:
        raise Unsendable(f"auth `{auth.name}`: {error}", auth.position) from error


def with_headers(request: httpx.Request, more: Headers) -> httpx.Request:
    """The request with these headers in the place of those it had."""
    names = {name.lower().encode() for name, _ in more}
    kept = [line for line in request.headers.raw if line[0].lower() not in names]
    added = [(name.encode("ascii"), value.encode()) for name, value in more]
    return httpx.Request(
        request.method, request.url, headers=[*kept, *added], content=request.content or None
    )


def _dated(request: httpx.Request, auth: core.Auth, means: Means) -> Headers:
    """The headers an `auth` makes anew, and a Date where that is signed and there is none."""
    made = {name: _text(value, means) for name, value in auth.headers.items()}
    present = {name.lower() for name in (*made, *request.headers)}
    if "date" in _signed_headers(auth.method) and "date" not in present:
        made["Date"] = _text(_DATE, means)
    return tuple(made.items())


_DATE = Template((Reference("now", ("http_date",)),))


def _signed_headers(method: core.Method) -> frozenset[str]:
    if isinstance(method, core.Hmac):
        return frozenset(
            part.partition(".")[2].lower() for part in method.parts if part.startswith("header.")
        )
    return frozenset(method.components) if isinstance(method, core.HttpSignature) else frozenset()


def _basic(message: Message, method: core.Basic, means: Means) -> Headers:
    return (("Authorization", basic(_text(method.username, means), _text(method.password, means))),)


def basic(username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    if ":" in username:
        raise Unsignable("a user name holds no colon")
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _bearer(message: Message, method: core.Bearer, means: Means) -> Headers:
    return (("Authorization", f"Bearer {_text(method.token, means)}"),)


def _hmac(message: Message, method: core.Hmac, means: Means) -> Headers:
    how = hmacs.HmacSignature(
        method.parts, method.header, method.algorithm, method.encoding, method.separator, method.prefix
    )
    return hmacs.sign(message, how, _shared_key(method.key, method.key_encoding, means))


def _oauth1(message: Message, method: core.OAuth1, means: Means) -> Headers:
    return oauth1.sign(message, _text(method.consumer_key, means), _pem(method.key, means))


def _jws(message: Message, method: core.Jws, means: Means) -> Headers:
    claims = fill(method.claims, means.names)
    how = jws.JwsSignature(
        _text(method.kid, means),
        method.header,
        Algorithm(method.algorithm),
        method.b64,
        claims if isinstance(claims, dict) else {},
    )
    return jws.sign(message, how, _pem(method.key, means))


def _http_signature(message: Message, method: core.HttpSignature, means: Means) -> Headers:
    how = http_signature.HttpSignature(
        components=method.components,
        keyid=_text(method.keyid, means),
        algorithm=method.algorithm,
        created=means.now,
        label=method.label,
        expires=None if method.expires is None else means.now + int(method.expires.total_seconds()),
        nonce=token_urlsafe(16) if method.nonce else None,
        tag=_text(method.tag, means) or None,
        digest=method.digest,
        alg=method.alg,
    )
    if method.algorithm == "hmac-sha256":
        return http_signature.sign(message, how, _shared_key(method.key, method.key_encoding, means))
    return http_signature.sign(message, how, _pem(method.key, means))


def _text(value: Value, means: Means) -> str:
    return text_of(fill(value, means.names))


def _pem(written: Value, means: Means) -> str:
    """PEM text: of a secret, or of a file beside the probe file. Raises `BrokenKey`."""
    if isinstance(written, Template):
        return str(fill(written, means.names))
    path = means.folder / str(written)
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise BrokenKey(f"the file {written} cannot be read: {why}") from None


def _shared_key(written: Value, encoding: str, means: Means) -> bytes:
    """The bytes of a shared key. Raises `BrokenKey`."""
    text = str(fill(written, means.names)).strip()
    try:
        return _DECODERS[encoding](text)
    except (ValueError, binascii.Error):
        raise BrokenKey(f"it is not {encoding}, as `key_encoding` says") from None


_DECODERS: Mapping[str, Callable[[str], bytes]] = {
    "text": str.encode,
    "hex": bytes.fromhex,
    "base64": lambda text: base64.b64decode(text, validate=True),
}

_METHODS: Mapping[type, Callable[[Message, Any, Means], Headers]] = {
    core.Basic: _basic,
    core.Bearer: _bearer,
    core.Hmac: _hmac,
    core.OAuth1: _oauth1,
    core.Jws: _jws,
    core.HttpSignature: _http_signature,
}
