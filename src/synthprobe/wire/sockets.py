"""A TCP connection as straight-line code: the loop only says when the socket is ready, no transport lies between.

Works alike on asyncio's and uvloop's loops, costs what a bare protocol does, and a cancelled wait leaves nothing behind:
the watch is removed before the socket is closed.
"""

import asyncio
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from synthprobe.wire.limits import RECEIVE_SIZE
from synthprobe.wire.resolver import Address

_STAMPED = sys.platform == "linux"
_SO_TIMESTAMPNS = 35
"""Linux tells with received bytes when they arrived (socket(7), `SO_TIMESTAMPNS`); Python has no name for it."""
_TIMESPEC = struct.Struct("@ll")
_ROOM = socket.CMSG_SPACE(_TIMESPEC.size) if _STAMPED else 0


class Channel(Protocol):
    """Something to speak HTTP over: a connection, bare or under TLS."""

    @property
    def arrived(self) -> float | None:
        """When the newest bytes that `receive` took reached this machine; see `Connection`."""
        ...

    def offer(self, data: bytes) -> bool:
        """Hand over bytes to be sent after those offered before; False when some wait for `flush`."""
        ...

    async def flush(self) -> None:
        """Wait until everything offered was taken by the kernel."""
        ...

    async def receive(self) -> bytes:
        """The next bytes, at least one; empty after the peer's orderly close."""
        ...

    def is_quiet(self) -> bool:
        """Whether the peer has neither closed nor said anything that was not asked for."""
        ...

    def close(self) -> None:
        """Give the socket back; more than once is harmless."""
        ...


async def connect(address: Address, port: int) -> "Connection":
    """A connection to one address. Raises `OSError`."""
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    connection = Connection(sock, asyncio.get_running_loop())
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _stamp(sock)
        await connection.open(address.socket_address(port))
    except BaseException:
        sock.close()
        raise
    return connection


def datagrams(address: Address, port: int) -> "Connection":
    """A UDP socket that hears one address only; each `receive` is one datagram. Raises `OSError`."""
    sock = socket.socket(address.family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _stamp(sock)
        sock.connect(address.socket_address(port))
    except BaseException:
        sock.close()
        raise
    return Connection(sock, asyncio.get_running_loop())


class Connection:
    """A non-blocking socket and the loop that watches it; offers are buffered, so that order is kept."""

    __slots__ = ("_loop", "_sock", "_unsent", "arrived")

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._sock = sock
        self._loop = loop
        self._unsent = b""
        self.arrived: float | None = None
        """When the newest bytes that were received reached this machine, by the kernel's wall clock, in seconds since
        the epoch; None where it does not say. They may have waited since until the loop came round to them."""

    async def open(self, address: tuple[str, int] | tuple[str, int, int, int]) -> None:
        """Connect. Raises `OSError`."""
        code = self._sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            await self._writable()
            code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def offer(self, data: bytes) -> bool:
        """Send at once what the kernel takes and keep the rest. Raises `OSError`."""
        data = self._unsent + data
        try:
            self._unsent = data[self._sock.send(data) :]
        except (BlockingIOError, InterruptedError):
            self._unsent = data
        return not self._unsent

    async def flush(self) -> None:
        """Send the rest. Raises `OSError`."""
        while self._unsent:
            await self._writable()
            self.offer(b"")

    async def receive(self) -> bytes:
        """The next bytes; empty after the peer's close. Raises `OSError`."""
        while True:
            try:
                return self._take()
            except (BlockingIOError, InterruptedError):
                await self._readable()

    def at_hand(self) -> bytes | None:
        """What has come already: None when nothing has, empty after the peer's close. Raises `OSError`."""
        try:
            return self._take()
        except (BlockingIOError, InterruptedError):
            return None

    def is_quiet(self) -> bool:
        """Whether nothing has come."""
        try:
            return self.at_hand() is None
        except OSError:
            return False

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _take(self) -> bytes:
        if not _STAMPED:
            return self._sock.recv(RECEIVE_SIZE)
        data, told, _, _ = self._sock.recvmsg(RECEIVE_SIZE, _ROOM)
        self.arrived = _stamp_in(told)
        return data

    async def _readable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._sock.fileno(), _wake, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(self._sock.fileno())

    async def _writable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._sock.fileno(), _wake, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._sock.fileno())


def _wake(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _stamp(sock: socket.socket) -> None:
    if _STAMPED:
        # Without it only our own clock says when something came.
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


def _stamp_in(told: Iterable[tuple[int, int, bytes]]) -> float | None:
    for level, kind, data in told:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            return float(seconds + nanoseconds / 1e9)
    return None
