"""One attempt of a request: signed, or with a token, on each hop that is ours; a token that is refused is asked for anew."""

from collections.abc import Awaitable, Callable

import httpx
from msgspec import structs

from synthprobe.agent.asking import TokenRefused, token_of
from synthprobe.agent.authorising import signed, with_headers
from synthprobe.agent.redirects import follow, same_origin
from synthprobe.agent.scene import Attempt, Scene
from synthprobe.agent.sending import Outgoing, send
from synthprobe.core.auth import OAuth2
from synthprobe.core.requests import Request
from synthprobe.telemetry.tracing import OpenSpan

Shipped = Callable[[httpx.Request], None]


async def attempt(
    outgoing: Outgoing, action: Request, scene: Scene, span: OpenSpan, shipped: Shipped, *, exactly: bool
) -> tuple[Attempt, ...]:
    """Every exchange of the attempt, those for tokens first. Raises `LookupFailed`, `Unsendable`."""
    if action.auth is None or exactly:
        return await follow(outgoing, _telling(shipped, lambda each: send(each, scene, span)), action, scene)
    if isinstance(action.auth.method, OAuth2):
        return await _with_token(outgoing, action, action.auth.method, scene, span, shipped)
    auth = action.auth

    async def sign_and_send(each: Outgoing) -> Attempt:
        request = each.request
        if same_origin(request.url, outgoing.request.url):
            request = signed(request, auth, scene)
        return await _telling(shipped, lambda one: send(one, scene, span))(
            structs.replace(each, request=request)
        )

    return await follow(outgoing, sign_and_send, action, scene)


async def _with_token(
    outgoing: Outgoing, action: Request, method: OAuth2, scene: Scene, span: OpenSpan, shipped: Shipped
) -> tuple[Attempt, ...]:
    ends = scene.watch.elapsed() + outgoing.deadline
    made: list[Attempt] = []
    stale = ""
    while True:
        left = ends - scene.watch.elapsed()
        try:
            asked = await token_of(method, scene, lambda each: send(each, scene, span), left, stale=stale)
        except TokenRefused as refused:
            return (*made, structs.replace(refused.attempt, preliminary=True))
        token = asked.token.text
        scene.redactor = scene.redactor.with_secrets([token])
        if asked.attempt is not None:
            made.append(structs.replace(asked.attempt, preliminary=True))
        again = structs.replace(outgoing, deadline=max(ends - scene.watch.elapsed(), 0.001))
        made += await _bearing(token, again, action, scene, span, shipped)
        response = made[-1].response
        if response is None or response.status != 401 or asked.attempt is not None or stale:
            return tuple(made)
        stale = token


async def _bearing(
    token: str, outgoing: Outgoing, action: Request, scene: Scene, span: OpenSpan, shipped: Shipped
) -> tuple[Attempt, ...]:
    async def bear(each: Outgoing) -> Attempt:
        request = each.request
        if same_origin(request.url, outgoing.request.url):
            request = with_headers(request, (("Authorization", f"Bearer {token}"),))
        return await _telling(shipped, lambda one: send(one, scene, span))(
            structs.replace(each, request=request)
        )

    return await follow(outgoing, bear, action, scene)


def _telling(
    shipped: Shipped, then: Callable[[Outgoing], Awaitable[Attempt]]
) -> Callable[[Outgoing], Awaitable[Attempt]]:
    """Tells which request is about to leave, as it is then."""

    async def tell(outgoing: Outgoing) -> Attempt:
        shipped(outgoing.request)
        return await then(outgoing)

    return tell
