"""HTTP on 127.0.0.1: listeners and clients that live as long as a block, and end in order even when it is cancelled."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import anyio
from aiohttp import web

from synthprobe.demo import LOOPBACK

Answerer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listen(answerers: Mapping[int, Answerer]) -> AsyncIterator[None]:
    """Serve each port with its own answerer. Raises `OSError` where a port is taken."""
    async with AsyncExitStack() as stack:
        for port, answerer in answerers.items():
            runner = web.ServerRunner(web.Server(answerer), shutdown_timeout=0.5)
            await runner.setup()
            stack.push_async_callback(_shielded, runner.cleanup)
            await web.TCPSite(runner, LOOPBACK, port).start()
        yield


@asynccontextmanager
async def client(seconds: float) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with a fresh connection per request, since what it calls may be restarted between two of them; `seconds` each."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        timeout=aiohttp.ClientTimeout(total=seconds),
        auto_decompress=False,
    )
    try:
        yield session
    finally:
        await _shielded(session.close)


async def _shielded(end: Callable[[], Awaitable[None]]) -> None:
    with anyio.CancelScope(shield=True):
        await end()
