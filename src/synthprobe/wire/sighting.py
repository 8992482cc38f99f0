"""What the wire saw of one exchange, whether it ended well or not: times, peer, TLS, and what was tried."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.exchanges import Phases, Tls
from synthprobe.core.failures import Kind


class Phase(StrEnum):
    """The parts of an exchange in the order they happen; the words of `core.results.Phases`."""

    PROXY = "proxy"
    """All that passes until a proxy has opened the way; then there is no resolve and no connect of our own."""
    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    SEND = "send"
    WAIT = "wait"
    RECEIVE = "receive"


class Attempt(Struct, frozen=True):
    """One address that was tried; `kind` is why it failed, None when it answered."""

    address: str
    duration: float
    kind: Kind | None = None


class Sighting(Struct, frozen=True):
    """One exchange as measured; durations are seconds, and a phase that was cut short counts up to the cut."""

    started_at: datetime
    duration: float
    phases: Phases
    peer: str | None = None
    """`address:port` that was connected to."""
    http_version: str | None = None
    tls: Tls | None = None
    addresses: tuple[str, ...] = ()
    """What the name resolved to, in the order tried."""
    attempts: tuple[Attempt, ...] = ()
    bytes_sent: bool = False
    """Whether any byte of the request left: if so, the request may have arrived."""


LONGEST_LAG = 10.0
"""Seconds that an answer may have waited for us; what looks longer ago is a clock that was set."""


class Stopwatch:
    """A sighting in the making: one wall anchor, every duration on the monotonic clock.

    An answer is timed by its arrival at this machine where the kernel tells it: how late our loop came round to it is
    our own affair and not the target's latency.
    """

    __slots__ = (
        "_arrived",
        "_monotonic",
        "_now",
        "_since",
        "_spent",
        "_start",
        "_tried_at",
        "addresses",
        "attempts",
        "bytes_sent",
        "http_version",
        "peer",
        "phase",
        "started_at",
        "tls",
        "where",
    )

    def __init__(self, clock: Clock, where: str = "") -> None:
        """`where`: what a message calls the other end."""
        self.where = where
        self._now = clock.now
        self.started_at = clock.now()
        self._arrived: float | None = None
        self._monotonic = clock.monotonic
        self._start = self._since = clock.monotonic()
        self._tried_at: float | None = None
        self._spent: dict[str, float] = {}
        self.phase: Phase | None = None
        self.peer: str | None = None
        self.http_version: str | None = None
        self.tls: Tls | None = None
        self.addresses: tuple[str, ...] = ()
        self.attempts: tuple[Attempt, ...] = ()
        self.bytes_sent = False

    def enter(self, phase: Phase) -> None:
        """End the phase under way, if any, and begin `phase`."""
        self._since = self._close(self._monotonic())
        self.phase = phase

    def received(self, arrived: float | None) -> None:
        """Note bytes of the answer, which arrived when the kernel says so; the wait ends with the first of them."""
        self._arrived = self._instant(arrived)
        if self.phase is not Phase.RECEIVE:
            self._since = self._close(self._arrived)
            self.phase = Phase.RECEIVE

    def closed(self) -> None:
        """Note that the peer closed: of that the kernel does not tell the instant."""
        self._arrived = None

    def elapsed(self) -> float:
        """Seconds since the exchange began."""
        return self._monotonic() - self._start

    def tried(self, address: str, kind: Kind | None) -> None:
        """Record that an address was tried, since the last attempt or the begin of the phase."""
        now = self._monotonic()
        self.attempts = (*self.attempts, Attempt(address, now - (self._tried_at or self._since), kind))
        self._tried_at = now

    def stop(self, *, whole: bool = False) -> Sighting:
        """End the phase under way and the exchange: now, or, of a `whole` answer, when its last byte arrived."""
        arrived = self._arrived if whole and self.phase is Phase.RECEIVE else None
        now = self._since = self._close(self._monotonic() if arrived is None else arrived)
        return Sighting(
            started_at=self.started_at,
            duration=now - self._start,
            phases=Phases(**self._spent),
            peer=self.peer,
            http_version=self.http_version,
            tls=self.tls,
            addresses=self.addresses,
            attempts=self.attempts,
            bytes_sent=self.bytes_sent,
        )

    def _close(self, at: float) -> float:
        if self.phase is not None:
            self._spent[self.phase] = at - self._since
        return at

    def _instant(self, arrived: float | None) -> float:
        """An arrival on the monotonic clock, not before the phase under way began."""
        now = self._monotonic()
        if arrived is None:
            return now
        lag = self._now().timestamp() - arrived
        return max(now - lag, self._since) if 0.0 <= lag <= LONGEST_LAG else now
