"""What every call goes through: it is noted, it meets its fault, its key is looked at, then it is done."""

import socket
import struct
from collections.abc import Awaitable, Callable

import anyio
from aiohttp import web
from aiohttp.typedefs import Handler

from payments.faults import Fault, Kind
from payments.keys import HEADER, Keys, broken_down, refusal
from payments.ledger import Refused
from payments.provider import FAULT, PROVIDER, Call

CONTROL = "/control/"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends RST."""


@web.middleware
async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note the call and let its fault act on it."""
    operation = request.match_info.route.name
    if operation is None:
        return await handler(request)
    provider = request.app[PROVIDER]
    provider.calls.append(await _call(request, operation))
    fault = provider.faults.take(operation)
    if fault is None:
        return await handler(request)
    request[FAULT] = fault
    return await _faulty(request, handler, fault)


@web.middleware
async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse who has no key, where one is demanded."""
    wanted = request.app[PROVIDER].settings.api_key
    if (
        wanted
        and request.path.startswith("/v1/")
        and request.headers.get("Authorization") != f"Bearer {wanted}"
    ):
        return refusal(401, "unauthorised", "the API key is missing or wrong")
    return await handler(request)


@web.middleware
async def once(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the same answer to the same idempotency key."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or request.path.startswith(CONTROL):
        return await handler(request)
    keys = request.app[PROVIDER].keys
    known = keys.begin(key, request.method, request.path, await request.read())
    return known if known is not None else await _kept(keys, key, lambda: handler(request))


@web.middleware
async def refused(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a refusal into its answer, and break down where that is to be kept under the key."""
    fault = request.get(FAULT)
    if fault is not None and fault.kind is Kind.KEEP:
        return broken_down()
    try:
        answer = await handler(request)
    except Refused as no:
        return refusal(no.status, no.code, str(no))
    return broken_down() if fault is not None and fault.kind is Kind.KEEP_DONE else answer


async def _kept(keys: Keys, key: str, do: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    answer = None
    try:
        answer = await do()
        return answer
    finally:
        keys.finish(key, answer if isinstance(answer, web.Response) else None)


async def _call(request: web.Request, operation: str) -> Call:
    headers = request.headers
    return Call(
        operation,
        request.method,
        request.path_qs,
        headers.get(HEADER, ""),
        headers.get("traceparent", ""),
        (await request.read()).decode(errors="replace"),
    )


async def _faulty(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case Kind.KEEP | Kind.KEEP_DONE:
            return await handler(request)
        case Kind.RESET:
            return _reset(request)
        case Kind.HANG:
            await anyio.sleep(fault.seconds)
            return _reset(request)
        case Kind.STATUS:
            answer = refusal(fault.status, "fault", f"answered {fault.status} because a test said so")
            if fault.retry_after:
                answer.headers["Retry-After"] = fault.retry_after
            return answer
        case Kind.LATE:
            await anyio.sleep(fault.seconds)
            return await handler(request)
    return await _done_but(request, await handler(request), fault)


async def _done_but(request: web.Request, answer: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case Kind.LOSE:
            return _reset(request)
        case Kind.DELAY:
            await anyio.sleep(fault.seconds)
        case Kind.GARBLE:
            return web.Response(status=answer.status, body=b'{"id": "pay_', content_type="application/json")
        case Kind.CUT:
            return await _cut(request, answer)
    return answer


async def _cut(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Send the head and half of the body, then reset."""
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    half.content_length = max(len(body), 2)
    await half.prepare(request)
    await half.write(body[: len(body) // 2] or b"{")
    return _reset(request)


def _reset(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        transport.abort()
    return web.Response()
