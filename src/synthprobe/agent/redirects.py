"""Follows redirects by hand: each hop is an exchange of its own, and secrets stay with their origin (RFC 9110, 15.4)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
from msgspec import Struct, structs

from synthprobe.agent.egress import for_strangers
from synthprobe.agent.scene import Attempt, Scene
from synthprobe.agent.sending import Outgoing
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.requests import Request
from synthprobe.core.responses import REDIRECTS

Send = Callable[[Outgoing], Awaitable[Attempt]]


async def follow(outgoing: Outgoing, send: Send, action: Request, scene: Scene) -> tuple[Attempt, ...]:
    """Send, and follow as many redirects as the action allows; every exchange in order, the last says how it ended.

    Where it allows none, a redirect is an answer like any other. All hops share the request's deadline.
    """
    most, ends = action.follow_redirects, scene.watch.elapsed() + outgoing.deadline
    made = [await send(outgoing)]
    while most and (hop := _hop(made[-1])) is not None:
        onward = _onward(outgoing, hop, action, scene) if len(made) <= most else _too_many(most)
        if isinstance(onward, Failure):
            made[-1] = structs.replace(made[-1], failure=onward)
            break
        outgoing = structs.replace(onward, deadline=ends - scene.watch.elapsed())
        made.append(await send(outgoing))
    if len(made) > 1 and (response := made[-1].response) is not None:
        whole = sum(each.sighting.duration for each in made)
        made[-1] = structs.replace(made[-1], response=replace(response, duration=whole))
    return tuple(made)


class _Hop(Struct, frozen=True):
    status: int
    location: str


def _hop(attempt: Attempt) -> _Hop | None:
    response = attempt.response
    if response is None or response.status not in REDIRECTS:
        return None
    location = response.header("location")
    return None if location is None else _Hop(response.status, location)


def _too_many(most: int) -> Failure:
    return Failure(
        Kind.PROTOCOL_ERROR, f"more than {most} redirect{'s' if most > 1 else ''}", phase="receive"
    )


def _onward(outgoing: Outgoing, hop: _Hop, action: Request, scene: Scene) -> Outgoing | Failure:
    """The next request of a redirect, or why there is none."""
    request = outgoing.request
    url = _url(request.url, hop.location)
    if isinstance(url, Failure):
        return url
    method = _method(request.method, hop.status)
    content = request.content if method == request.method else b""
    anew = _MADE_ANEW | {"cookie"} if action.cookies else _MADE_ANEW
    headers = [(name, value) for name, value in request.headers.multi_items() if name not in anew]
    if not content:
        headers = [pair for pair in headers if pair[0] not in _OF_BODY]
    extensions = outgoing.extensions
    if not same_origin(url, request.url):
        if _holds_secret(content.decode("utf-8", "replace"), scene):
            text = f"the redirect to {url.host} was not followed: the request's body holds secrets"
            return Failure(Kind.BLOCKED, text, phase="connect")
        headers = _for_strangers(headers, action, scene)
        extensions = for_strangers(extensions)
    return structs.replace(
        outgoing,
        request=httpx.Request(method, url, headers=headers, content=content or None),
        url_template="redirect",
        resend_count=outgoing.resend_count + 1,
        extensions=extensions,
    )


_MADE_ANEW = frozenset(
    {"host", "content-length", "transfer-encoding", "traceparent", "tracestate", "baggage"}
)
_OF_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})


def _url(base: httpx.URL, location: str) -> httpx.URL | Failure:
    try:
        url = base.join(location).copy_with(username=None, password=None)
    except (httpx.InvalidURL, ValueError):
        return Failure(Kind.PROTOCOL_ERROR, "the redirect's Location is no URL", phase="receive")
    if url.scheme not in ("http", "https") or not url.host:
        return Failure(
            Kind.PROTOCOL_ERROR, "the redirect leads to no http:// or https:// URL", phase="receive"
        )
    return url


def _method(method: str, status: int) -> str:
    """303 asks for another thing by GET; 301 and 302 make GET of POST, as every browser does."""
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        return "GET"
    return method


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether two URLs have scheme, host and port in common (RFC 6454)."""
    return _origin(one) == _origin(other)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}[url.scheme]


def _for_strangers(headers: list[tuple[str, str]], action: Request, scene: Scene) -> list[tuple[str, str]]:
    """The headers that another origin may see."""
    dropped = _CREDENTIALS | {(action.idempotency or "").lower()}
    kept = [pair for pair in headers if pair[0] not in dropped]
    shown = scene.redactor.headers(kept)
    return [pair for pair, as_shown in zip(kept, shown, strict=True) if pair == as_shown]


def _holds_secret(text: str, scene: Scene) -> bool:
    return scene.redactor.text(text) != text
