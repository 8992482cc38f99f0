"""HTTP listeners on 127.0.0.1 that live as long as a block."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

LOOPBACK = "127.0.0.1"

Answerer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listen(answerers: Mapping[int, Answerer]) -> AsyncIterator[None]:
    """Serve each port with its own answerer. Raises `OSError` where a port is taken."""
    async with AsyncExitStack() as stack:
        for port, answerer in answerers.items():
            runner = web.ServerRunner(web.Server(answerer), shutdown_timeout=0.5)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, LOOPBACK, port).start()
        yield
