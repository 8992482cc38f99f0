"""`Lines`: connections for what is not HTTP, opened, measured, limited and judged as those of `Wire` are."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.egress import IpVersion
from synthprobe.wire.connecting import Target, Ways
from synthprobe.wire.contexts import Contexts, TlsOptions
from synthprobe.wire.failures import Fault
from synthprobe.wire.limits import Limits
from synthprobe.wire.line import Line
from synthprobe.wire.proxy import Via
from synthprobe.wire.sighting import Sighting
from synthprobe.wire.sockets import Channel

T = TypeVar("T")


class Call(Struct, frozen=True):
    """Whom to connect to, how, and in how many seconds all must be over."""

    host: str
    port: int
    deadline: float
    named: bool = False
    """Whether a person wrote the host down, so that it may be in a private range."""
    ip: IpVersion = IpVersion.ANY
    tls: TlsOptions | None = None
    """None: plain TCP."""
    server_name: str = ""
    """Whom the certificate must be for; the host unless given."""
    via: Via | None = None


class Lines:
    """Opens a fresh connection for every conversation; keeps and repeats nothing."""

    def __init__(self, clock: Clock, ways: Ways, contexts: Contexts) -> None:
        self.clock = clock
        self.ways = ways
        self._contexts = contexts

    async def converse(self, call: Call, talk: Callable[[Line, Channel], Awaitable[T]]) -> tuple[T, Sighting]:
        """What `talk` brings home over a new connection. Raises `WireFailure` and nothing else."""
        line = self.line(call)

        async def connected() -> T:
            channel = await line.open(self.ways, target(call), call.via)
            try:
                return await talk(line, channel)
            finally:
                channel.close()

        return await finished(line, connected)

    def line(self, call: Call) -> Line:
        """A line about to be opened. Raises `WireFailure` when its certificates cannot be used."""
        limits = Limits(deadline=max(call.deadline, 0.001))
        try:
            # Made before the clock starts: the first one takes 20 ms, which are not the target's.
            context = None if call.tls is None else self._contexts.context(call.tls)
        except Fault as fault:
            raise Line(self.clock, call.host, limits, None).failure(fault) from fault
        return Line(self.clock, call.host, limits, context, call.server_name)


def target(call: Call) -> Target:
    """What to connect to."""
    return Target(call.host, call.port, named=call.named, ip=call.ip)


async def finished(line: Line, act: Callable[[], Awaitable[T]]) -> tuple[T, Sighting]:
    """What `act` brings home within the line's deadline. Raises `WireFailure` and nothing else."""
    try:
        async with asyncio.timeout(line.limits.deadline):
            return await act(), line.watch.stop(whole=True)
    except Fault as fault:
        raise line.failure(fault) from fault
    except OSError as error:
        raise line.failure(line.fault(error)) from error
