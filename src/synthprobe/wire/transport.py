"""`Wire`: one request, one answer, measured, on a fresh connection unless its run keeps them; the seam is httpx's."""

import asyncio
from pathlib import Path

import httpx
from msgspec import structs

from synthprobe.clock import Clock
from synthprobe.wire.connecting import Ways
from synthprobe.wire.contexts import Context, Contexts, TlsOptions
from synthprobe.wire.exchange import Exchange
from synthprobe.wire.failures import Fault, WireFailure
from synthprobe.wire.guard import Guard
from synthprobe.wire.limits import Limits
from synthprobe.wire.lines import Lines
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.sighting import Attempt, Phase, Sighting

__all__ = ["Attempt", "Phase", "Sighting", "Wire", "WireFailure"]


class Wire(httpx.AsyncBaseTransport):
    """An HTTP/1.1 transport over plain TCP and TLS: a fresh connection for every request, nothing retried.

    A request's extensions may hold `deadline` (seconds from look-up to last byte), `max_body` (bytes after decompression),
    `ip` (`any`, `v4`, `v6`), `named` (True: a person wrote the host down, so that it may be in a private range), `tls`
    (`TlsOptions`), `via` (a proxy, `Via`), `keeping` (the run's own connections, `Keeping`) and `repeatable` (True: may be
    made once more when a kept connection was closed under it). The response is whole: its body was read and decoded, and
    its extension `sighting` says what was measured. Redirects are answers like any other.
    """

    def __init__(
        self,
        clock: Clock,
        resolver: Resolver,
        *,
        guard: Guard,
        ca: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`ca`: a PEM file to trust instead of the system's authorities, for requests that name none."""
        self._clock = clock
        self._ways = Ways(resolver, guard)
        self._limits = limits or Limits()
        self._contexts = Contexts()
        self._options = TlsOptions(ca=ca)
        self.lines = Lines(clock, self._ways, self._contexts)
        """For what is not HTTP, under the same guard."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its answer whole. Raises `WireFailure` and nothing else."""
        limits = self._limits_for(request)
        try:
            # Made before the clock starts: the first one takes 20 ms, which are not the target's.
            context = self._context(request)
        except Fault as fault:
            raise Exchange(self._clock, request, limits, None).failure(fault) from fault
        exchange = Exchange(self._clock, request, limits, context)
        try:
            # Not an anyio scope: the same cancellation for a seventh of the cost, in the one place where it counts.
            async with asyncio.timeout(limits.deadline):
                return await exchange.run(self._ways)
        except Fault as fault:
            raise exchange.failure(fault) from fault
        except OSError as error:
            raise exchange.failure(exchange.fault(error)) from error

    def _context(self, request: httpx.Request) -> Context | None:
        if request.url.scheme != "https":
            return None
        options = request.extensions.get("tls")
        return self._contexts.context(options if isinstance(options, TlsOptions) else self._options)

    def _limits_for(self, request: httpx.Request) -> Limits:
        own = {_FIELDS[name]: value for name, value in request.extensions.items() if name in _FIELDS}
        return structs.replace(self._limits, **own) if own else self._limits


_FIELDS = {"deadline": "deadline", "max_body": "body"}
