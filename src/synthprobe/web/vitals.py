"""What machines ask: metrics, whether every part makes progress, whether the store answers, what is new."""

from collections.abc import AsyncIterator

import anyio
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.response import ServerSentEvent, ServerSentEventMessage

from synthprobe.ports import Sql, Tx
from synthprobe.stores.errors import StoreError
from synthprobe.web.health import HealthReport
from synthprobe.web.pages import SiteValue
from synthprobe.web.site import Site

LOOK_EVERY = 1.0
"""Seconds between looks at what is new, per open page."""

_NO_STORE = {"Cache-Control": "no-store"}


@get("/metrics", include_in_schema=False)
async def metrics(site: SiteValue, request: Request[None, None, State]) -> Response[bytes]:
    """Prometheus text or OpenMetrics, as asked for."""
    exposition, content_type = site.metrics(request.headers.get("accept", ""))
    if content_type.startswith("text/"):
        content_type = content_type.removesuffix("; charset=utf-8")  # Litestar adds it to every text type
    return Response(exposition, media_type=content_type, headers=_NO_STORE)


@get("/healthz", operation_id="health", tags=["vitals"])
async def healthz(site: SiteValue) -> Response[HealthReport]:
    """200 while every part makes progress, else 503; says which part and why."""
    health = site.health()
    report = HealthReport(health.ok, health.parts)
    return Response(report, status_code=200 if health.ok else 503, headers=_NO_STORE)


@get("/readyz", operation_id="ready", tags=["vitals"], media_type=MediaType.TEXT)
async def readyz(site: SiteValue) -> Response[str]:
    """200 when the store answers and pages can be served, else 503."""
    try:
        await site.store.read(_nothing)
    except StoreError as error:
        return Response(f"the store does not answer: {error}\n", status_code=503, headers=_NO_STORE)
    return Response("ready\n", headers=_NO_STORE)


@get("/events", include_in_schema=False)
async def events(site: SiteValue) -> ServerSentEvent:
    """Tells open pages that something changed; they fetch what they show."""
    return ServerSentEvent(_changes(site), retry_duration=3000)


async def _changes(site: Site) -> AsyncIterator[ServerSentEventMessage]:
    """Ends when the server stops or the store fails; browsers then come back by themselves."""
    seen = ""
    while not site.stopping():
        try:
            newest = await site.version()
        except StoreError:
            return
        if newest != seen:
            yield ServerSentEventMessage(data=newest, event="changed")
        else:
            yield ServerSentEventMessage(data=None, comment="alive")
        seen = newest
        await anyio.sleep(LOOK_EVERY)


def _nothing() -> Tx[None]:
    yield Sql("select 1")
