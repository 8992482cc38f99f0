"""Names to addresses in threads of our own: the loop's default executor is small, and look-ups would queue in it.

Look-ups of one name under way are shared, answers are kept for a few seconds, failures never. A look-up cannot be
interrupted, so the threads are daemons: one that hangs delays neither the deadline of its caller nor our exit.
"""

import asyncio
import functools
import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.egress import IpVersion
from synthprobe.core.failures import Kind
from synthprobe.wire.failures import Fault

Lookup: TypeAlias = Callable[[str], Sequence[str]]
"""Blocking: the addresses of a name as texts, in the order to try. Raises `OSError`."""


class Address(Struct, frozen=True):
    """One address to connect to, without its port."""

    text: str
    family: socket.AddressFamily

    def socket_address(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """As `socket.connect` wants it."""
        if self.family is socket.AF_INET:
            return (self.text, port)
        text, _, scope = self.text.partition("%")
        return (text, port, 0, _scope_id(scope))

    def shown(self, port: int) -> str:
        """`address:port`, an IPv6 address in brackets."""
        return f"{self.text}:{port}" if self.family is socket.AF_INET else f"[{self.text}]:{port}"


def system_lookup(name: str) -> Sequence[str]:
    """What the machine's resolver says, `/etc/hosts` included. Raises `OSError`."""
    # As bytes the name is not run through Python's idna codec; httpx has encoded it already.
    found = socket.getaddrinfo(name.encode("ascii"), None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Looks names up; one per event loop. `ttl` in seconds, 0 keeps nothing."""

    def __init__(
        self, clock: Clock, *, lookup: Lookup = system_lookup, threads: int = 16, ttl: float = 5.0
    ) -> None:
        self._clock = clock
        self._lookup = lookup
        self._ttl = ttl
        self._threads = threads
        self._started = 0
        self._asked: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._pending: dict[str, asyncio.Future[_Answer]] = {}
        self._kept: dict[str, tuple[float, tuple[Address, ...]]] = {}

    async def resolve(self, host: str, version: IpVersion) -> tuple[Address, ...]:
        """The addresses of `host`, itself if it is one. Raises `Fault` (dns_error)."""
        own = literal(host)
        addresses = await self._addresses(host) if own is None else (own,)
        if version is IpVersion.ANY:
            return addresses
        family = socket.AF_INET if version is IpVersion.V4 else socket.AF_INET6
        wanted = tuple(address for address in addresses if address.family is family)
        if not wanted:
            raise Fault(Kind.DNS_ERROR, f"{host} has no {_FAMILIES[version]} address")
        return wanted

    async def _addresses(self, host: str) -> tuple[Address, ...]:
        kept = self._kept.get(host)
        if kept is not None and self._clock.monotonic() < kept[0]:
            return kept[1]
        pending = self._pending.get(host)
        if pending is None:
            pending = self._ask(host)
        answer = await asyncio.shield(pending)
        if isinstance(answer, str):
            raise Fault(Kind.DNS_ERROR, answer)
        return answer

    def _ask(self, host: str) -> "asyncio.Future[_Answer]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Answer] = loop.create_future()
        self._pending[host] = future
        self._asked.put(_Question(host, loop, future))
        if self._started < min(self._threads, len(self._pending)):
            self._started += 1
            threading.Thread(target=self._serve, name="resolver", daemon=True).start()
        return future

    def _serve(self) -> None:
        while True:
            question = self._asked.get()
            answer = _answer(self._lookup, question.host)
            with suppress(RuntimeError):  # the loop that asked is closed
                question.loop.call_soon_threadsafe(self._settle, question, answer)

    def _settle(self, question: "_Question", answer: "_Answer") -> None:
        self._pending.pop(question.host, None)
        if not isinstance(answer, str) and self._ttl:
            self._forget_old()
            self._kept[question.host] = (self._clock.monotonic() + self._ttl, answer)
        if not question.future.done():
            question.future.set_result(answer)

    def _forget_old(self) -> None:
        now = self._clock.monotonic()
        for host in [host for host, (until, _) in self._kept.items() if until <= now]:
            del self._kept[host]


@functools.lru_cache(maxsize=1024)
def literal(host: str) -> Address | None:
    """The address that `host` itself is, if it is one."""
    if not (host[-1:].isdigit() or ":" in host):
        return None
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return Address(host, socket.AF_INET if found.version == _V4 else socket.AF_INET6)


_V4 = 4
_FAMILIES = {IpVersion.V4: "IPv4", IpVersion.V6: "IPv6"}

_Answer: TypeAlias = tuple[Address, ...] | str
"""Addresses, or why there are none."""


class _Question(Struct, frozen=True):
    host: str
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[_Answer]"


def _answer(lookup: Lookup, host: str) -> _Answer:
    try:
        found = tuple(address for text in lookup(host) if (address := literal(text)) is not None)
    except socket.gaierror as error:
        return f"{host} was not resolved: {_GAI.get(error.errno or 0, error.strerror or str(error))}"
    except (OSError, ValueError) as error:
        return f"{host} was not resolved: {error}"
    return found or f"{host} was not resolved: it has no address"


_GAI = {
    socket.EAI_NONAME: "no such name, or it has no address",
    socket.EAI_AGAIN: "the name servers did not answer",
}


def _scope_id(scope: str) -> int:
    if not scope:
        return 0
    return int(scope) if scope.isdigit() else socket.if_nametoindex(scope)
