"""A server that knows its own delay: it waits as long as it is asked to and says how long that really was.

The time counts from the moment its loop finds the connection to the last byte handed over; asyncio and uvloop, alone
in its process, and with precedence where the system allows it: what it waits for a CPU before it finds the connection
would be no delay that it knows of. `python delaying.py PORT`.
"""

import asyncio
import os
import random
import sys
from typing import cast

import uvloop

from synthprobe import clock
from synthprobe.app.precedence import go_first

CLOCK = clock.system()
MOST = 0.2


class Delayed(asyncio.Protocol):
    """One connection, one answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._began = 0.0
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The clock starts."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport, self._began = cast("asyncio.Transport", transport), CLOCK.monotonic()

    def data_received(self, data: bytes) -> None:
        """Wait once the request is there."""
        self._got += data
        if self._got.endswith(b"\r\n\r\n"):
            asyncio.get_running_loop().call_later(random.uniform(0, MOST), self._answer)

    def _answer(self) -> None:
        assert self._transport is not None
        body = b'{"delay": "%.6f"}' % (CLOCK.monotonic() - self._began)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)
        self._transport.close()


async def serve(port: int) -> None:
    """Serve until the process ends."""
    server = await asyncio.get_running_loop().create_server(Delayed, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    os.setsid()
    go_first()
    uvloop.run(serve(int(sys.argv[1])))
