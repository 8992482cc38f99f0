"""Sends one request through the transport under its own span, and turns whatever happens into an attempt."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

import httpx
from msgspec import Struct

from synthprobe.agent import spans
from synthprobe.agent.egress import for_host, refusal
from synthprobe.agent.facts import facts_of
from synthprobe.agent.scene import Attempt, Scene, Sent
from synthprobe.core.egress import host_matches
from synthprobe.core.exchanges import Phases
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.responses import Response
from synthprobe.telemetry.tracing import OpenSpan
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.sighting import Sighting

MARGIN = 0.25
"""Seconds beyond the deadline that a transport has to report it itself, with its phases, before it is cut off."""


class Outgoing(Struct, frozen=True):
    """One attempt about to be sent; `deadline` in seconds, from DNS to the last byte."""

    request: httpx.Request
    url_template: str
    resend_count: int
    deadline: float
    max_body: int
    extensions: Mapping[str, object] = {}
    """What `egress` made for it."""
    propagate: bool = True
    """Whether it carries the trace context."""
    cookies: bool = False
    """Whether it shares the run's cookies."""


async def send(outgoing: Outgoing, scene: Scene, span: OpenSpan) -> Attempt:
    """Send, and return what came: a response, or a failure that says why there is none."""
    request = outgoing.request
    call = span.request(
        spans.request_name(request.method, outgoing.url_template),
        spans.request_attributes(outgoing.url_template, outgoing.resend_count, request, scene.redactor),
        scene.watch.now_ns(),
    )
    if outgoing.propagate:
        request.headers = _with(request.headers, {**call.headers(), **_baggage(request.url.host, scene)})
    if outgoing.cookies:
        scene.cookies.set_cookie_header(request)
    request.extensions = {
        "deadline": max(outgoing.deadline, 0.001),
        "max_body": outgoing.max_body,
        **for_host(outgoing.extensions, request.url.host),
    }
    response, failure, sighting = await _exchange(outgoing, scene)
    call.end(
        scene.watch.now_ns(),
        error_type=failure.kind.value if failure else None,
        message=scene.redactor.text(failure.message) if failure else "",
        attributes=spans.response_attributes(response, sighting),
    )
    return Attempt(
        _sent(request),
        outgoing.url_template,
        outgoing.resend_count,
        sighting,
        call.span_id,
        response,
        failure,
    )


def _baggage(host: str, scene: Scene) -> dict[str, str]:
    """W3C Baggage that says which run calls, for the hosts that the file names for it."""
    check = scene.check
    if not host_matches(host, check.probe.baggage):
        return {}
    told = {"probe": check.probe.name, "region": check.region, "run.id": scene.run_id}
    return {"baggage": ",".join(f"synthprobe.{name}={quote(value)}" for name, value in told.items())}


def _with(headers: httpx.Headers, more: Mapping[str, str]) -> httpx.Headers:
    """Headers with others in their place, or behind them."""
    added = [(name.encode(), value.encode()) for name, value in more.items()]
    names = {name for name, _ in added}
    return httpx.Headers([*(line for line in headers.raw if line[0].lower() not in names), *added])


async def _exchange(outgoing: Outgoing, scene: Scene) -> tuple[Response | None, Failure | None, Sighting]:
    started = scene.watch.elapsed()
    began_at = scene.watch.now()

    def seen(*, bytes_sent: bool) -> Sighting:
        return Sighting(began_at, scene.watch.elapsed() - started, Phases(), bytes_sent=bytes_sent)

    if (refused := refusal(outgoing.request.url, scene)) is not None:
        return None, Failure(Kind.BLOCKED, refused, phase="connect"), seen(bytes_sent=False)
    # Not an anyio scope, as in the wire: this is crossed for every request.
    whole = asyncio.timeout(outgoing.deadline + MARGIN)
    try:
        async with whole:
            got = await scene.transport.handle_async_request(outgoing.request)
            body = await got.aread()
            if outgoing.cookies:
                got.request = outgoing.request
                scene.cookies.extract_cookies(got)
            sighting = got.extensions.get("sighting") or seen(bytes_sent=True)
            return _response(outgoing, got, body, sighting), None, sighting
    except WireFailure as error:
        return None, Failure(error.kind, error.message, phase=str(error.phase)), error.sighting
    except httpx.RequestError as error:
        kind = next(kind for library, kind in _KINDS if isinstance(error, library))
        unsent = kind in (Kind.CONNECT_REFUSED, Kind.CONNECT_TIMEOUT)
        return None, Failure(kind, str(error) or kind.value), seen(bytes_sent=not unsent)
    except TimeoutError:
        if not whole.expired():
            raise
    late = f"no whole answer within the deadline of {outgoing.deadline:g} s"
    return None, Failure(Kind.TIMEOUT, late), seen(bytes_sent=True)


_KINDS: tuple[tuple[type[httpx.RequestError], Kind], ...] = (
    (httpx.ConnectTimeout, Kind.CONNECT_TIMEOUT),
    (httpx.ConnectError, Kind.CONNECT_REFUSED),
    (httpx.TimeoutException, Kind.TIMEOUT),
    (httpx.NetworkError, Kind.RESET),
    (httpx.RequestError, Kind.PROTOCOL_ERROR),
)
"""What another transport than our wire may raise, the narrower class first."""


def _response(outgoing: Outgoing, got: httpx.Response, body: bytes, sighting: Sighting) -> Response:
    return Response(
        status=got.status_code,
        headers=tuple(got.headers.multi_items()),
        body=body,
        duration=sighting.duration,
        url=str(outgoing.request.url),
        facts=facts_of(sighting),
    )


def _sent(request: httpx.Request) -> Sent:
    return Sent(
        request.method,
        str(request.url),
        tuple(request.headers.multi_items()),
        request.content,
        request.headers.get("content-type", ""),
    )
