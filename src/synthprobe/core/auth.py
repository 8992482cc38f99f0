"""How a request says who we are: named once in a probe file, made anew for each attempt."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.egress import Proxy, TlsProfile
from synthprobe.core.expectations import Position
from synthprobe.core.templates import Template, Value


class Basic(Struct, frozen=True):
    """A name and a password (RFC 7617)."""

    username: Value
    password: Value


class Bearer(Struct, frozen=True):
    """A token that we have (RFC 6750)."""

    token: Value


class OAuth2(Struct, frozen=True):
    """A token that we ask for by client credentials (RFC 6749 §4.4); kept until shortly before it expires."""

    token_url: Template
    token_url_template: str
    client_id: Value
    client_secret: Value
    scope: Value = ""
    params: Mapping[str, Value] = {}
    in_body: bool = False
    """Whether the client names itself in the form, instead of by HTTP Basic."""
    margin: timedelta = timedelta(seconds=30)
    """How long before it expires a token is no longer used."""
    tls: TlsProfile | None = None
    via: Proxy | None = None


class Hmac(Struct, frozen=True):
    """A keyed hash over chosen parts of the request."""

    key: Value
    key_encoding: str
    parts: tuple[str, ...]
    header: str
    algorithm: str
    encoding: str
    separator: str
    prefix: str


class OAuth1(Struct, frozen=True):
    """OAuth 1.0a with RSA-SHA256 and a body hash."""

    consumer_key: Value
    key: Value


class Jws(Struct, frozen=True):
    """A detached JSON Web Signature over the body."""

    key: Value
    kid: Value
    header: str
    algorithm: str
    b64: bool
    claims: Mapping[str, Value]


class HttpSignature(Struct, frozen=True):
    """An HTTP Message Signature (RFC 9421)."""

    key: Value
    key_encoding: str
    keyid: Value
    algorithm: str
    components: tuple[str, ...]
    label: str
    expires: timedelta | None
    nonce: bool
    tag: Value
    digest: str
    alg: bool


Method: TypeAlias = Basic | Bearer | OAuth2 | Hmac | OAuth1 | Jws | HttpSignature


class Auth(Struct, frozen=True):
    """One entry of `auth`."""

    name: str
    method: Method
    position: Position
    """Of its key, where it has one."""
    headers: Mapping[str, Value] = {}
    """Headers that are made anew with each signature: instants, nonces."""
