"""A proxy that breaks things on purpose: one port per region on 127.0.0.1, everything forwarded to one API.

A request passes through the fault of its route and moment, then the idempotency layer, then goes to the API; its
answer comes back the same way. A fault that answers in place of the API (status, reset) is met before a key is noted,
as a load balancer would; one that spoils the answer (drip, body, lose_answer) comes after the API did its work.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import aiohttp
import anyio
from aiohttp import web
from msgspec import Struct

from synthprobe.demo import idempotency
from synthprobe.demo.faults import Drip, Fault, find
from synthprobe.demo.idempotency import Answer
from synthprobe.demo.loopback import client, listen

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "host"}
)


UPSTREAM_TIMEOUT = 30.0
"""Seconds."""


class Arrival(Struct, frozen=True):
    """A request as it arrived, for whoever keeps a ledger: `reached` says that the API saw it."""

    region: str
    method: str
    path: str
    key: str
    reached: bool
    status: int


class Proxy:
    """Faults and idempotency in front of one API.

    `since_start` gives the seconds that the faults' windows are measured in, or None while they are held back.
    """

    def __init__(
        self,
        upstream: str,
        session: aiohttp.ClientSession,
        *,
        faults: Sequence[Fault],
        since_start: Callable[[], float | None],
        note: Callable[[Arrival], None] = lambda _: None,
    ) -> None:
        self._upstream = upstream
        self._session = session
        self._faults = tuple(faults)
        self._since_start = since_start
        self._note = note
        self._keys = idempotency.Keys()

    async def answer(self, region: str, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request that came in on a region's port."""
        fault = self._fault(region, request)
        if fault is None:
            return _whole(await self._ask(region, request))
        if fault.delay:
            await anyio.sleep(fault.delay.total_seconds())
        if fault.reset:
            self._arrived(region, request, reached=False, status=0)
            return _reset(request)
        if fault.status:
            self._arrived(region, request, reached=False, status=fault.status)
            return _whole(_instead(fault))
        return await _spoil(fault, await self._ask(region, request), request)

    def _fault(self, region: str, request: web.BaseRequest) -> Fault | None:
        elapsed = self._since_start()
        if elapsed is None:
            return None
        return find(self._faults, request.method, request.path, region, elapsed)

    async def _ask(self, region: str, request: web.BaseRequest) -> Answer:
        """Ask the API, or the keys already seen."""
        body = await request.read()
        key = request.headers.get(idempotency.HEADER, "") if request.method == "POST" else ""
        if not key:
            return await self._forward(region, request, body)
        account = request.headers.get("Authorization", "")
        known = self._keys.begin(account, key, idempotency.fingerprint(request.method, request.path_qs, body))
        if known is not None:
            self._arrived(region, request, reached=False, status=known.status)
            return known
        answer: Answer | None = None
        try:
            answer = await self._forward(region, request, body)
        finally:
            self._keys.finish(account, key, answer)
        return answer

    async def _forward(self, region: str, request: web.BaseRequest, body: bytes) -> Answer:
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP]
        url = self._upstream + request.path_qs
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body or None
            ) as response:
                kept = tuple((k, v) for k, v in response.headers.items() if k.lower() not in HOP_BY_HOP)
                answer = Answer(response.status, kept, await response.read())
        except (aiohttp.ClientError, TimeoutError) as trouble:
            answer = idempotency.refusal(
                502, {"type": "api_error", "message": f"no answer from the API: {trouble}"}
            )
        self._arrived(region, request, reached=True, status=answer.status)
        return answer

    def _arrived(self, region: str, request: web.BaseRequest, *, reached: bool, status: int) -> None:
        key = request.headers.get(idempotency.HEADER, "")
        self._note(Arrival(region, request.method, request.path, key, reached, status))


@asynccontextmanager
async def running(
    upstream: str,
    regions: Mapping[int, str],
    *,
    faults: Sequence[Fault],
    since_start: Callable[[], float | None],
    note: Callable[[Arrival], None] = lambda _: None,
) -> AsyncIterator[Proxy]:
    """Listen on the port of each region, on 127.0.0.1, until the block ends. Raises `OSError` where a port is taken."""
    async with client(UPSTREAM_TIMEOUT) as session:
        proxy = Proxy(upstream, session, faults=faults, since_start=since_start, note=note)
        async with listen({port: partial(proxy.answer, region) for port, region in regions.items()}):
            yield proxy


def _whole(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


def _instead(fault: Fault) -> Answer:
    if fault.body is not None:
        return Answer(fault.status, (("Content-Type", "text/plain; charset=utf-8"),), fault.body.encode())
    return idempotency.refusal(
        fault.status, {"type": "api_error", "message": "The demo's fault answers in place of the API."}
    )


async def _spoil(fault: Fault, answer: Answer, request: web.BaseRequest) -> web.StreamResponse:
    if fault.lose_answer:
        return _reset(request)
    if fault.body is not None:
        return _whole(Answer(answer.status, answer.headers, fault.body.encode()))
    if fault.drip:
        return await _drip(fault.drip, answer, request)
    return _whole(answer)


async def _drip(drip: Drip, answer: Answer, request: web.BaseRequest) -> web.StreamResponse:
    """Send the answer a few bytes at a time."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    for start in range(0, len(answer.body), drip.bytes):
        await response.write(answer.body[start : start + drip.bytes])
        await anyio.sleep(drip.every.total_seconds())
    return response


def _reset(request: web.BaseRequest) -> web.Response:
    """Cut the connection, so that the caller sees a reset and no answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
