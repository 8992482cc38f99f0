"""OAuth 2.0 tokens by client credentials, each asked for under a span of its own.

What goes wrong at the token endpoint is told as that, in phase `auth`: the API itself was not even called.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeAlias
from urllib.parse import quote, urlencode

import httpx
from msgspec import Struct, structs

from synthprobe.agent.authorising import basic
from synthprobe.agent.egress import tls_options, via_of
from synthprobe.agent.scene import Attempt, Scene, Unsendable
from synthprobe.agent.sending import Outgoing
from synthprobe.agent.tokens import Token
from synthprobe.core.auth import OAuth2
from synthprobe.core.comparisons import text_of
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.responses import Response
from synthprobe.core.templates import Value, fill
from synthprobe.core.url_templates import fill_url

WITHOUT_EXPIRY = 300.0
"""Seconds for which a token is kept whose endpoint does not say how long it is good."""

Send: TypeAlias = Callable[[Outgoing], Awaitable[Attempt]]


class Asked(Struct, frozen=True):
    """A token, and the exchange that brought it; None for one that was kept."""

    token: Token
    attempt: Attempt | None = None


class TokenRefused(Exception):
    """There is no token; the attempt says why."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt.failure.message if attempt.failure else "")
        self.attempt = attempt


async def token_of(method: OAuth2, scene: Scene, send: Send, deadline: float, *, stale: str = "") -> Asked:
    """A token that is good for now; never `stale`, which was refused. Raises `TokenRefused`, `Unsendable`."""
    request = _request(method, scene)
    key = sha256(b"\0".join((str(request.url).encode(), _named(request), request.content))).hexdigest()
    async with scene.tokens.lock(key):
        kept = scene.tokens.kept(key, scene.watch.now())
        if kept is not None and kept.text != stale:
            return Asked(kept)
        attempt = await send(_outgoing(method, request, scene, deadline))
        token = _read(attempt, method, scene.watch.now())
        scene.tokens.keep(key, token)
        return Asked(token, attempt)


def _read(asked: Attempt, method: OAuth2, now: datetime) -> Token:
    where = method.token_url_template
    failure = asked.failure
    if failure is not None:
        told = f"no token from {where}: {failure.message}"
        raise _refused(asked, structs.replace(failure, message=told, phase="auth"))
    assert asked.response is not None
    if asked.response.status != 200:
        raise _refused(asked, _refusal(asked.response, where))
    try:
        answer = json.loads(asked.response.body)
        text, seconds = answer["access_token"], float(answer.get("expires_in", WITHOUT_EXPIRY))
        good_for = timedelta(seconds=min(max(seconds, 0.0), LONGEST)) - method.margin
        if not isinstance(text, str) or not text or not (text.isascii() and text.isprintable()):
            raise ValueError
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        told = f"no token from {where}: its answer holds no `access_token`"
        raise _refused(asked, Failure(Kind.PROTOCOL_ERROR, told, phase="auth")) from None
    return Token(text, now + good_for)


LONGEST = 86400.0
"""Seconds after which a token is asked for anew, whatever its endpoint says."""


def _refused(asked: Attempt, failure: Failure) -> TokenRefused:
    return TokenRefused(structs.replace(asked, failure=failure))


def _refusal(response: Response, where: str) -> Failure:
    """Whose fault a refusal is: our credentials, our file, too many calls, or the endpoint itself."""
    code = _error_code(response)
    told = f"no token from {where}: it answered {response.status}{f' ({code})' if code else ''}"
    if response.status == 429:
        return Failure(Kind.RATE_LIMITED, told, phase="auth")
    if code in _OUR_FILE:
        return Failure(Kind.SCRIPT_ERROR, told, phase="auth")
    if response.status in (401, 403) or code in _OUR_CREDENTIALS:
        return Failure(Kind.CREDENTIALS, told, phase="auth")
    kind = Kind.TECHNICAL if response.status is not None and response.status >= 500 else Kind.PROTOCOL_ERROR
    return Failure(kind, told, phase="auth")


_OUR_CREDENTIALS = frozenset({"invalid_client", "unauthorized_client", "invalid_grant", "access_denied"})
_OUR_FILE = frozenset({"invalid_request", "invalid_scope", "unsupported_grant_type", "invalid_target"})


def _error_code(response: Response) -> str:
    """The `error` of RFC 6749 §5.2, if it is one of its words."""
    try:
        code = json.loads(response.body)["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return code if code in _OUR_CREDENTIALS | _OUR_FILE | {"server_error", "temporarily_unavailable"} else ""


def _request(method: OAuth2, scene: Scene) -> httpx.Request:
    form = [("grant_type", "client_credentials")]
    if scope := _text(method.scope, scene):
        form.append(("scope", scope))
    form += [(name, _text(value, scene)) for name, value in method.params.items()]
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    client, secret = _text(method.client_id, scene), _text(method.client_secret, scene)
    if method.in_body:
        form += [("client_id", client), ("client_secret", secret)]
    else:
        headers["Authorization"] = basic(quote(client, safe=""), quote(secret, safe=""))
    try:
        url = httpx.URL(fill_url(method.token_url, scene.names))
    except (httpx.InvalidURL, ValueError) as error:
        raise Unsendable(f"{method.token_url_template} makes no URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Unsendable(f"{method.token_url_template} makes no http:// or https:// URL with a host")
    return httpx.Request("POST", url, headers=headers, content=urlencode(form).encode())


def _named(request: httpx.Request) -> bytes:
    return bytes(request.headers.get("authorization", "").encode())


def _outgoing(method: OAuth2, request: httpx.Request, scene: Scene, deadline: float) -> Outgoing:
    extensions: dict[str, object] = {"named": True}
    if method.tls is not None:
        extensions["tls"] = tls_options(method.tls, scene)
    if method.via is not None:
        extensions |= {"via": via_of(method.via, scene), "no_proxy": method.via.no_proxy}
    return Outgoing(
        request=request,
        url_template=method.token_url_template,
        resend_count=0,
        deadline=deadline,
        max_body=64 * 1024,
        extensions=extensions,
        propagate=False,
    )


def _text(value: Value, scene: Scene) -> str:
    filled = fill(value, scene.names)
    return " ".join(map(text_of, filled)) if isinstance(filled, list) else text_of(filled)
