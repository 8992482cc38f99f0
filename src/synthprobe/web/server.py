"""The web server: uvicorn on a socket that is bound before anything starts, so that a taken port is said plainly."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from litestar import Litestar
from litestar.enums import HttpMethod, ScopeType
from litestar.types import Receive, Scope, Send

from synthprobe.settings.values import Listen

ENDING = 3
"""Seconds that open requests get at a stop."""


class PortTaken(Exception):
    """The address cannot be listened on; the message says what to do."""


def bind(listen: Listen) -> socket.socket:
    """A listening socket. Raises `PortTaken`."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listen.host, listen.port))
    except OSError as error:
        sock.close()
        raise PortTaken(
            f"cannot listen on {listen}: {error.strerror}; choose another with --listen"
        ) from error
    sock.set_inheritable(False)
    return sock


class Pages(uvicorn.Server):
    """Serves the web app until told to stop; signals are the process's business, not the server's."""

    def __init__(self, app: Litestar) -> None:
        config = uvicorn.Config(
            _HeadAsGet(app),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=ENDING,
            ws="none",
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


class _HeadAsGet:
    """Answers HEAD as GET, of which the server leaves out the body; a stream that never ends has no HEAD."""

    def __init__(self, app: Litestar) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD" and scope["path"] != "/events":
            # A copy: the server looks into its own to know that the body stays away.
            scope = scope.copy()
            scope["method"] = HttpMethod.GET
        await self._app(scope, receive, send)
