"""What travels over the local bus: a four-byte length and a MessagePack message, hello first.

    agent                      router
      Hello(version) ─────────▶
                     ◀───────── Answer(error="") or Answer(error=why not), then the end
      Batch(frames)  ─────────▶ receive(frames) commits
                     ◀───────── Answer(error="") or Answer(error=what receive raised)
      Ask(question)  ─────────▶ answer(question), which may take its time: an agent asks on a connection of its own
                     ◀───────── Told(answer) or Told(error=what answer raised)

Unknown fields are tolerated, so that agents and routers of neighbouring versions understand each other; an unknown
kind of report is refused by its name, because dropping it silently would lose it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

import msgspec
from msgspec import Struct

from synthprobe.buses import BusError
from synthprobe.core.questions import Answered, Question
from synthprobe.core.reports import Pulse, Report

VERSION = 1
MAX_FRAME = 64 * 1024 * 1024
"""Bytes of one message; a claim of more is garbage, not a message."""

_ENVELOPE = 64
"""Bytes of a batch besides its reports, at most."""

Frame: TypeAlias = Report | Pulse


class Hello(Struct, frozen=True, tag="synthprobe.hello"):
    """The first message of a connection."""

    version: int = VERSION


class Answer(Struct, frozen=True, tag="synthprobe.answer", omit_defaults=True):
    """The router's reply: committed iff `error` is empty."""

    error: str = ""


class Batch(Struct, frozen=True, tag="synthprobe.batch"):
    """Reports in the order they happened."""

    frames: tuple[Frame, ...]


class Ask(Struct, frozen=True, tag="synthprobe.ask"):
    """A question of an agent."""

    question: Question


class Told(Struct, frozen=True, tag="synthprobe.told", omit_defaults=True):
    """The router's answer to a question; none where `error` says why."""

    answer: Answered | None = None
    error: str = ""


class Connection:
    """Messages over a stream: asyncio's own, since anyio's Unix streams trip over a cancelled read on stock asyncio."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: bytes) -> None:
        """Send one encoded message; raises `OSError` when the other side is gone."""
        self._writer.write(len(message).to_bytes(4, "big"))
        self._writer.write(message)
        await self._writer.drain()

    async def receive(self) -> bytes | None:
        """The next message, or None when the other side has closed; raises `BusError` when it claims too much."""
        try:
            length = int.from_bytes(await self._reader.readexactly(4), "big")
            if length > MAX_FRAME:
                raise BusError(f"a message of {length} bytes was announced; at most {MAX_FRAME} are allowed")
            return await self._reader.readexactly(length)
        except asyncio.IncompleteReadError:
            return None

    async def close(self) -> None:
        """Close the stream; what was not yet sent is not waited for."""
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


def batches(frames: Sequence[Frame]) -> Iterator[bytes]:
    """The frames as encoded batches, each within `MAX_FRAME`; raises `BusError` for a frame that never fits."""
    encoded: list[msgspec.Raw] = []
    size = _ENVELOPE
    for frame in frames:
        raw = msgspec.msgpack.encode(frame)
        if len(raw) > MAX_FRAME - _ENVELOPE:
            raise BusError(
                f"a report of {len(raw)} bytes does not fit into a message of {MAX_FRAME}; drop it"
            )
        if size + len(raw) > MAX_FRAME:
            yield _batch(encoded)
            encoded, size = [], _ENVELOPE
        encoded.append(msgspec.Raw(raw))
        size += len(raw)
    if encoded:
        yield _batch(encoded)


def _batch(encoded: list[msgspec.Raw]) -> bytes:
    return msgspec.msgpack.encode({"type": Batch.__struct_config__.tag, "frames": encoded})
