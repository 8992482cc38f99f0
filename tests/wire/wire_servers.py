"""Real servers on 127.0.0.1 for the wire's tests: well-behaved, hostile, plain and under TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import httpx
import pytest

from synthprobe.clock import system
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Sighting, Wire, WireFailure

Script: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LOCAL = Guard(loopback=True)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=["asyncio", "uvloop"])
def both_loops(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """To be named `anyio_backend` in a test file: its tests run on either event loop."""
    return ("asyncio", {"use_uvloop": request.param == "uvloop"})


@asynccontextmanager
async def serving(
    script: Script, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """A server that plays `script` to each connection; its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(play, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(*pieces: bytes, then: str = "close") -> Script:
    """Reads the request's head and sends the pieces; then closes, waits for ever (`stall`), or resets."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if then == "stall":
            await asyncio.Event().wait()
        if then == "close":
            writer.write_eof() if writer.can_write_eof() else writer.close()
            await reader.read()

    return script


def endless(start: bytes, piece: bytes, pause: float = 0.0) -> Script:
    """Sends `start` and then `piece` again and again, `pause` seconds apart, until the client is gone."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await _tick(pause)

    return script


async def _tick(pause: float) -> None:
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(pause, passed.set)
    await passed.wait()


def wire(resolver: Resolver | None = None) -> Wire:
    """A wire on the machine's clock."""
    return Wire(system(), resolver or Resolver(system()), guard=LOCAL)


def request(url: str, method: str = "GET", deadline: float = 5.0, **kwargs: object) -> httpx.Request:
    """A request with a deadline that only a hanging test meets; further keyword arguments are httpx's."""
    extensions = {"deadline": deadline, **kwargs.pop("extensions", {})}  # type: ignore[dict-item]
    return httpx.Request(method, url, extensions=extensions, **kwargs)  # type: ignore[arg-type]


async def ask(script: Script, method: str = "GET", **kwargs: object) -> httpx.Response:
    """The answer of a server that plays `script`."""
    async with serving(script) as port:
        return await wire().handle_async_request(request(f"http://127.0.0.1:{port}/", method, **kwargs))  # type: ignore[arg-type]


async def fail(script: Script, method: str = "GET", **kwargs: object) -> WireFailure:
    """The failure that a server which plays `script` causes."""
    with pytest.raises(WireFailure) as caught:
        await ask(script, method, **kwargs)
    return caught.value


def sighting(response: httpx.Response) -> Sighting:
    """What was measured of a response."""
    seen = response.extensions["sighting"]
    assert isinstance(seen, Sighting)
    return seen
