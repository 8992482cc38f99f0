"""Connections that one run keeps between its requests, where its file says `connection: run`.

A kept connection is used again only while it is quiet: one that the peer has closed meanwhile, or on which it has said
something unasked, is given back. Nobody but the run that opened it ever uses it.
"""

from collections.abc import Hashable

from msgspec import Struct

from synthprobe.core.exchanges import Tls
from synthprobe.wire.sighting import Stopwatch
from synthprobe.wire.sockets import Channel

MOST = 8
"""Connections that a run keeps at once; the oldest goes first."""


class _Kept(Struct, frozen=True):
    channel: Channel
    where: str
    peer: str | None
    addresses: tuple[str, ...]
    tls: Tls | None


class Keeping:
    """The connections of one run by where they lead; `close` at its end."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}

    def take(self, place: Hashable, watch: Stopwatch) -> Channel | None:
        """A quiet connection to this place, if there is one; the watch learns what is known of it."""
        kept = self._kept.pop(place, None)
        if kept is None:
            return None
        if not kept.channel.is_quiet():
            kept.channel.close()
            return None
        watch.where, watch.peer, watch.addresses, watch.tls = kept.where, kept.peer, kept.addresses, kept.tls
        return kept.channel

    def keep(self, place: Hashable, channel: Channel, watch: Stopwatch) -> None:
        """Keep a connection on which an answer has ended in order."""
        if (before := self._kept.pop(place, None)) is not None:
            before.channel.close()
        while len(self._kept) >= MOST:
            self._kept.pop(next(iter(self._kept))).channel.close()
        self._kept[place] = _Kept(channel, watch.where, watch.peer, watch.addresses, watch.tls)

    def close(self) -> None:
        """Give every connection back."""
        for kept in self._kept.values():
            kept.channel.close()
        self._kept.clear()
