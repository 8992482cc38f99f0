"""So many bytes at a time from a stream that comes in pieces of its own."""

from synthprobe.core.failures import Kind
from synthprobe.wire import failures
from synthprobe.wire.failures import Fault
from synthprobe.wire.line import Line
from synthprobe.wire.sighting import Phase
from synthprobe.wire.sockets import Channel


class Taking:
    """What came over a channel and was not taken yet."""

    def __init__(self, line: Line, channel: Channel) -> None:
        self.where = line.watch.where
        self._line = line
        self._channel = channel
        self._waiting = bytearray()
        self._begun = False

    async def take(self, size: int, what: str) -> bytes:
        """The next `size` bytes, which are `what`. Raises `Fault` (reset) and `OSError`."""
        while len(self._waiting) < size:
            data = await self._line.receive(self._channel)
            if not data:
                raise self._cut_short(size, what)
            self._begun = True
            self._waiting += data
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken

    def _cut_short(self, size: int, what: str) -> Fault:
        if not self._begun:
            return failures.closed(self._line.watch.phase or Phase.WAIT, self.where)
        text = f"connection closed by {self.where} after {len(self._waiting)} of {size} bytes of {what}"
        return Fault(Kind.RESET, text)
