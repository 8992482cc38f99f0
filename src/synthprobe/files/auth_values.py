"""Entries of `auth` as a file writes them → core values; the file has been checked before."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from msgspec import UnsetType

from synthprobe.core import auth as core
from synthprobe.core.egress import Proxy, TlsProfile
from synthprobe.core.templates import Value
from synthprobe.files.auth_shape import Auth
from synthprobe.files.documents import Document
from synthprobe.files.durations import duration
from synthprobe.files.shapes import given
from synthprobe.files.url_names import url_template
from synthprobe.files.values import template_of, value_of

Egress = tuple[Mapping[str, TlsProfile], Mapping[str, Proxy]]


def auths(
    written: Mapping[str, Auth] | UnsetType, document: Document, egress: Egress
) -> Mapping[str, core.Auth]:
    """The entries of a file by their names."""
    return {name: _auth(name, auth, document, egress) for name, auth in given(written, {}).items()}


def _auth(name: str, auth: Auth, document: Document, egress: Egress) -> core.Auth:
    where = "key" if not isinstance(auth.key, UnsetType) else "type"
    return core.Auth(
        name=name,
        method=_METHODS[auth.type](auth, egress),
        position=document.position(("auth", name, where)),
        headers={key: value_of(value) for key, value in given(auth.headers, {}).items()},
    )


def _basic(auth: Auth, egress: Egress) -> core.Method:
    return core.Basic(_value(auth.username), _value(auth.password))


def _bearer(auth: Auth, egress: Egress) -> core.Method:
    return core.Bearer(_value(auth.token))


def _oauth2(auth: Auth, egress: Egress) -> core.Method:
    profiles, proxies = egress
    url = template_of(given(auth.token_url, ""))
    return core.OAuth2(
        token_url=url,
        token_url_template=url_template(url),
        client_id=_value(auth.client_id),
        client_secret=_value(auth.client_secret),
        scope=_value(auth.scope),
        params={name: value_of(value) for name, value in given(auth.params, {}).items()},
        in_body=given(auth.client_auth, "basic") == "body",
        margin=duration(given(auth.margin, "30s")),
        tls=profiles.get(given(auth.tls, "")),
        via=proxies.get(given(auth.via, "")),
    )


def _hmac(auth: Auth, egress: Egress) -> core.Method:
    return core.Hmac(
        key=_value(auth.key),
        key_encoding=given(auth.key_encoding, "text"),
        parts=tuple(given(auth.sign, [])),
        header=given(auth.header, ""),
        algorithm=given(auth.algorithm, "sha256"),
        encoding=given(auth.encoding, "hex"),
        separator=given(auth.separator, "\n"),
        prefix=given(auth.prefix, ""),
    )


def _oauth1(auth: Auth, egress: Egress) -> core.Method:
    return core.OAuth1(_value(auth.consumer_key), _value(auth.key))


def _jws(auth: Auth, egress: Egress) -> core.Method:
    return core.Jws(
        key=_value(auth.key),
        kid=_value(auth.kid),
        header=given(auth.header, "x-jws-signature"),
        algorithm=given(auth.algorithm, "PS256"),
        b64=given(auth.b64, False),
        claims={name: value_of(value) for name, value in given(auth.claims, {}).items()},
    )


def _http_signature(auth: Auth, egress: Egress) -> core.Method:
    return core.HttpSignature(
        key=_value(auth.key),
        key_encoding=given(auth.key_encoding, "base64"),
        keyid=_value(auth.keyid),
        algorithm=given(auth.algorithm, ""),
        components=tuple(
            name if name.startswith("@") else name.lower() for name in given(auth.components, [])
        ),
        label=given(auth.label, "sig1"),
        expires=_length(auth.expires),
        nonce=given(auth.nonce, False),
        tag=_value(auth.tag),
        digest=given(auth.digest, "sha-256"),
        alg=given(auth.alg, True),
    )


_METHODS: Mapping[str, Callable[[Auth, Egress], core.Method]] = {
    "basic": _basic,
    "bearer": _bearer,
    "oauth2": _oauth2,
    "hmac": _hmac,
    "oauth1-rsa": _oauth1,
    "jws-detached": _jws,
    "http-signature": _http_signature,
}


def _value(written: str | UnsetType) -> Value:
    return "" if isinstance(written, UnsetType) else value_of(written)


def _length(written: str | UnsetType) -> timedelta | None:
    return None if isinstance(written, UnsetType) else duration(written)
