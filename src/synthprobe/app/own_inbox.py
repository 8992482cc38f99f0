"""The inbox of `synthprobe run`: a listener of its own for as long as it runs, since no router takes webhooks for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from msgspec import Struct

from synthprobe.agent.hooks import Hooks
from synthprobe.app.hooks import key_in, new_key
from synthprobe.clock import Clock
from synthprobe.core.hooks import Terms
from synthprobe.router.hooks import Inbox
from synthprobe.settings.values import Listen
from synthprobe.stores.inline import InlineStore
from synthprobe.web import hooks as web
from synthprobe.web.server import Pages, bind
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

ANY_PORT = Listen("127.0.0.1", 0)


class HookOptions(Struct, frozen=True):
    """What the command line says about webhooks."""

    listen: Listen = ANY_PORT
    url: str = ""
    """How providers reach it; empty: at the address it listens on."""
    key: Path | None = None
    """Of the tokens; without one every process has its own, and so have a probe's URLs."""


class OwnInbox:
    """Listens from the start; takes deliveries while it is open."""

    def __init__(self, options: HookOptions, clock: Clock) -> None:
        """Raises `PortTaken` and, for a key that cannot be read, `OSError`."""
        key = key_in(options.key) if options.key else new_key()
        self._sock = bind(options.listen)
        port = self._sock.getsockname()[1]
        url = options.url.rstrip("/") or f"http://{Listen(options.listen.host, port)}"
        self._store = InlineStore()
        self._inbox = Inbox(self._store, clock, Terms(url, key))
        self.hooks = Hooks(self._inbox.answer, Wire(clock, Resolver(clock), guard=Guard(loopback=True)))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take deliveries until the block ends."""
        pages = Pages(web.build_alone(web.Hooks(self._inbox.take, self._inbox.prove)))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(pages.serve, [self._sock])
                yield
                pages.should_exit = True
                tasks.cancel_scope.cancel()
        finally:
            self._sock.close()
            self._store.close()
