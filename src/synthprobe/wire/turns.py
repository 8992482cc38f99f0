"""A conversation over a bare connection: what is sent, and what must come before it goes on."""

from collections.abc import Sequence
from typing import TypeAlias

import re2
from msgspec import Struct

from synthprobe.core.failures import Kind
from synthprobe.wire import failures
from synthprobe.wire.failures import Fault
from synthprobe.wire.line import Line
from synthprobe.wire.sighting import Phase
from synthprobe.wire.sockets import Channel

MOST = 64 * 1024
"""Bytes read in one conversation unless it says otherwise."""


class Literal(Struct, frozen=True):
    """These very bytes must come, whatever stands around them."""

    wanted: bytes


class Pattern(Struct, frozen=True):
    """What an RE2 pattern finds must come."""

    wanted: str


class Count(Struct, frozen=True):
    """So many bytes must come."""

    wanted: int


Expectation: TypeAlias = Literal | Pattern | Count


class Turn(Struct, frozen=True):
    """Something sent, something expected, or both in this order."""

    send: bytes = b""
    expect: Expectation | None = None


class Heard(Struct, frozen=True):
    """All that came; `unmet` is the number of the turn (from zero) whose expectation was not met before the close."""

    received: bytes
    unmet: int | None = None


async def converse(line: Line, channel: Channel, turns: Sequence[Turn], most: int = MOST) -> Heard:
    """Take the turns in order. Raises `Fault` and `OSError`."""
    hearing = _Hearing(line, channel, most)
    for number, turn in enumerate(turns):
        if turn.send:
            await line.send(channel, turn.send)
        if turn.expect is not None and not await hearing.until(turn.expect):
            return Heard(hearing.all, unmet=number)
    return Heard(hearing.all)


def compiled(pattern: str) -> "re2._Regexp":
    """A pattern that is searched for in bytes. Raises `Fault` (script_error)."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise Fault(Kind.SCRIPT_ERROR, f"{pattern!r} is not an RE2 pattern: {error}") from error


class _Hearing:
    """What came, and how much of it earlier turns have used up."""

    def __init__(self, line: Line, channel: Channel, most: int) -> None:
        self._line = line
        self._channel = channel
        self._most = most
        self._received = bytearray()
        self._used = 0

    @property
    def all(self) -> bytes:
        """Everything that came."""
        return bytes(self._received)

    async def until(self, wanted: Expectation) -> bool:
        """Read until the expectation is met; False when the peer closes before."""
        search = _Search(wanted)
        while (end := search.end(self._received, self._used)) is None:
            data = await self._line.receive(self._channel)
            if not data:
                if not self._received:
                    raise failures.closed(self._line.watch.phase or Phase.WAIT, self._line.watch.where)
                return False
            self._received += data
            if len(self._received) > self._most:
                text = f"{self._line.watch.where} sent more than {self._most:,} bytes"
                raise Fault(Kind.TOO_LARGE, text)
        self._used = end
        return True


class _Search:
    """Looks for one expectation in what grows; a literal is not looked for twice in the same place."""

    def __init__(self, wanted: Expectation) -> None:
        self._wanted = wanted
        self._pattern = compiled(wanted.wanted) if isinstance(wanted, Pattern) else None
        self._seen = 0

    def end(self, received: bytearray, start: int) -> int | None:
        """Where what was wanted ends; None while it is not there."""
        if isinstance(self._wanted, Count):
            end = start + self._wanted.wanted
            return end if len(received) >= end else None
        if isinstance(self._wanted, Literal):
            return self._literal(self._wanted.wanted, received, start)
        assert self._pattern is not None
        found = self._pattern.search(bytes(received[start:]))
        return None if found is None else start + int(found.end())

    def _literal(self, wanted: bytes, received: bytearray, start: int) -> int | None:
        at = received.find(wanted, max(start, self._seen - len(wanted) + 1))
        self._seen = len(received)
        return None if at < 0 else at + len(wanted)
