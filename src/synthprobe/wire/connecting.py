"""From a host's name to a connection: look-up, judgement of every address, and the addresses tried in order."""

import asyncio

from msgspec import Struct

from synthprobe.core.egress import IpVersion
from synthprobe.core.failures import Kind
from synthprobe.wire import failures, sockets
from synthprobe.wire.failures import Fault
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Address, Resolver, literal
from synthprobe.wire.sighting import Phase, Stopwatch
from synthprobe.wire.sockets import Connection


class Target(Struct, frozen=True):
    """What to connect to; `named`: a person wrote its host down, so that private ranges are meant."""

    host: str
    port: int
    named: bool
    ip: IpVersion = IpVersion.ANY


class Ways(Struct, frozen=True):
    """What all exchanges of a `Wire` connect by."""

    resolver: Resolver
    guard: Guard

    async def connect(self, target: Target, watch: Stopwatch, deadline: float) -> Connection:
        """A connection to the first address that takes it. Raises `Fault`."""
        if literal(target.host) is None:
            watch.enter(Phase.RESOLVE)
        addresses = await self.resolver.resolve(target.host, target.ip)
        watch.enter(Phase.CONNECT)
        return await self.connect_to(addresses, target, watch, deadline)

    async def connect_to(
        self, addresses: tuple[Address, ...], target: Target, watch: Stopwatch, deadline: float
    ) -> Connection:
        """A connection to the first of the target's addresses that takes it. Raises `Fault`."""
        watch.addresses = tuple(address.text for address in addresses)
        for address in addresses:
            self.judge(address.text, target)
        fault = Fault(Kind.DNS_ERROR, f"{target.host} has no address")
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            watch.where = address.shown(target.port)
            try:
                connection = await _try(address, target.port, watch, deadline, left)
            except Fault as failed:
                fault = failed
                watch.tried(address.text, fault.kind)
            else:
                watch.tried(address.text, None)
                watch.peer = watch.where
                return connection
        raise fault

    def judge(self, address: str, target: Target) -> None:
        """Raises `Fault` (blocked) for an address that must not be connected to."""
        refusal = self.guard.refusal(address, target.port, named=target.named)
        if refusal is not None:
            text = f"{target.host} was not connected to: {address} {refusal}"
            raise Fault(Kind.BLOCKED, text)


async def _try(address: Address, port: int, watch: Stopwatch, deadline: float, left: int) -> Connection:
    """Connect to one address; while others are left, a silent one may only use up its share of the time."""
    try:
        if left == 1:
            return await sockets.connect(address, port)
        async with asyncio.timeout((deadline - watch.elapsed()) / left):
            return await sockets.connect(address, port)
    except OSError as error:
        raise failures.from_connect(error, watch.where) from error
