"""Lines to servers that are not HTTP, for the tests of the wire's other protocols."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from wire_servers import LOCAL, Script, serving

from synthprobe.clock import system
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.line import Line
from synthprobe.wire.lines import Call, Lines
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.sighting import Sighting
from synthprobe.wire.sockets import Channel
from synthprobe.wire.transport import Wire

T = TypeVar("T")
Talk = Callable[[Line, Channel], Awaitable[T]]


def lines() -> Lines:
    """Lines on the machine's clock that may reach this machine."""
    return Wire(system(), Resolver(system()), guard=LOCAL).lines


async def talk_to(script: Script, talk: Talk[T], deadline: float = 5.0) -> tuple[T, Sighting]:
    """What `talk` brings home from a server that plays `script`."""
    async with serving(script) as port:
        return await lines().converse(Call("127.0.0.1", port, deadline), talk)


async def fail_with(script: Script, talk: Talk[T], deadline: float = 5.0) -> WireFailure:
    """The failure that a server which plays `script` causes."""
    with pytest.raises(WireFailure) as caught:
        await talk_to(script, talk, deadline)
    return caught.value


def hears(*pieces: bytes, first: int = 1, pause: float = 0.0, then: str = "close") -> Script:
    """Reads `first` bytes, sends the pieces `pause` seconds apart, then closes, resets, or waits for ever (`stall`)."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(first)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            passed = asyncio.Event()
            asyncio.get_running_loop().call_later(pause, passed.set)
            await passed.wait()
        if then == "stall":
            await asyncio.Event().wait()
        if then == "close":
            writer.write_eof()
            await reader.read()

    return script


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hears a byte and resets the connection."""
    await reader.read(1)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
