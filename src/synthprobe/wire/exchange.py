"""One request under way: its phases in a straight line, and what was seen of each."""

from collections.abc import Hashable
from contextlib import suppress

import anyio
import httpx

from synthprobe.clock import Clock
from synthprobe.core.egress import IpVersion
from synthprobe.core.failures import Kind
from synthprobe.wire.connecting import Target, Ways
from synthprobe.wire.contexts import Context
from synthprobe.wire.failures import Fault
from synthprobe.wire.framing import Framing
from synthprobe.wire.keeping import Keeping
from synthprobe.wire.limits import Limits
from synthprobe.wire.line import Line
from synthprobe.wire.message import request_bytes
from synthprobe.wire.proxy import Via
from synthprobe.wire.sighting import Phase
from synthprobe.wire.sockets import Channel


class Exchange:
    """The state of one request under way, under the limits that are in force for it."""

    def __init__(self, clock: Clock, request: httpx.Request, limits: Limits, context: Context | None) -> None:
        """`context`: under which TLS is spoken, None for plain HTTP."""
        self._limits = limits
        self._request = request
        self._host = request.url.raw_host.decode("ascii")
        self._line = Line(clock, self._host, limits, context)
        self._watch = self._line.watch
        self.fault = self._line.fault
        self.failure = self._line.failure

    async def run(self, ways: Ways) -> httpx.Response:
        """Everything from the look-up to the last byte. Raises `Fault` and `OSError`."""
        scheme = self._request.url.scheme
        if scheme not in _PORTS or not self._host:
            raise Fault(
                Kind.SCRIPT_ERROR, f"the request was not sent: {scheme}://{self._host} is no HTTP address"
            )
        keeping = self._request.extensions.get("keeping")
        if isinstance(keeping, Keeping):
            return await self._kept(ways, keeping, await request_bytes(self._request, keep=True))
        return await self._fresh(ways, await request_bytes(self._request), None)

    async def _kept(self, ways: Ways, keeping: Keeping, data: bytes) -> httpx.Response:
        """On a connection of the run, if it has one; a new one stays with it.

        A peer may close a connection just when we use it again. If not a byte of an answer came, the request is made
        once more on a fresh one, as far as it may be repeated (RFC 9112, 9.3.1).
        """
        channel = keeping.take(self._place(), self._watch)
        if channel is None:
            return await self._fresh(ways, data, keeping)
        try:
            return await self._on(channel, data, keeping)
        except (ConnectionError, Fault) as error:
            closed = isinstance(error, ConnectionError) or error.kind is Kind.RESET
            unanswered = self._watch.phase is not Phase.RECEIVE
            if not (closed and unanswered and self._request.extensions.get("repeatable") is True):
                raise
        return await self._fresh(ways, data, keeping)

    async def _fresh(self, ways: Ways, data: bytes, keeping: Keeping | None) -> httpx.Response:
        via = self._request.extensions.get("via")
        target = self._target(self._request.url.port or _PORTS[self._request.url.scheme])
        channel = await self._line.open(ways, target, via if isinstance(via, Via) else None)
        return await self._on(channel, data, keeping)

    async def _on(self, channel: Channel, data: bytes, keeping: Keeping | None) -> httpx.Response:
        kept = False
        try:
            framing = await self._converse(channel, data)
            if keeping is not None and framing.keeps_open():
                keeping.keep(self._place(), channel, self._watch)
                kept = True
            return self._response(framing)
        finally:
            if not kept:
                channel.close()

    def _place(self) -> Hashable:
        """Where a connection leads, and as whom."""
        extensions, url = self._request.extensions, self._request.url
        how = (extensions.get("ip"), extensions.get("tls"), extensions.get("via"))
        return (url.scheme, self._host, url.port or _PORTS[url.scheme], *how)

    def _target(self, port: int) -> Target:
        extensions = self._request.extensions
        try:
            ip = IpVersion(extensions.get("ip", IpVersion.ANY))
        except ValueError as error:
            raise Fault(Kind.SCRIPT_ERROR, f"ip is any, v4 or v6: {error}") from error
        return Target(self._host, port, named=extensions.get("named") is True, ip=ip)

    async def _converse(self, channel: Channel, data: bytes) -> Framing:
        framing = Framing(self._request.method, self._limits)
        self._watch.enter(Phase.SEND)
        try:
            whole = channel.offer(data)
            self._watch.bytes_sent = True
        except ConnectionError:
            # A peer may answer and close before it has read us: what it said is looked for before the break counts.
            whole = True
        try:
            if whole:
                self._watch.enter(Phase.WAIT)
                await self._read(channel, framing)
            else:
                await self._read_while_sending(channel, framing)
        finally:
            self._watch.http_version = framing.version or None
        return framing

    async def _read(self, channel: Channel, framing: Framing) -> None:
        while not framing.done:
            data = await channel.receive()
            if not data:
                self._watch.closed()
                framing.end()
                return
            self._watch.received(channel.arrived)
            framing.feed(data)

    async def _read_while_sending(self, channel: Channel, framing: Framing) -> None:
        """The kernel did not take the request at once: an early answer (413, say) must not wait for the rest."""
        broken: Fault | OSError | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._flush, channel)
            try:
                await self._read(channel, framing)
            except (Fault, OSError) as error:
                broken = error
            group.cancel_scope.cancel()
        if broken is not None:
            raise broken

    async def _flush(self, channel: Channel) -> None:
        with suppress(ConnectionError):
            await channel.flush()
            if self._watch.phase is Phase.SEND:
                self._watch.enter(Phase.WAIT)

    def _response(self, framing: Framing) -> httpx.Response:
        body = framing.body()
        extensions = {
            "http_version": b"HTTP/" + framing.version.encode(),
            "reason_phrase": framing.reason,
            "sighting": self._watch.stop(whole=True),
        }
        response = httpx.Response(
            framing.status,
            headers=framing.headers,
            stream=httpx.ByteStream(body),
            request=self._request,
            extensions=extensions,
        )
        # httpx has no public way to say "this is read and decoded"; read by itself it would decode a second time.
        response._content = body
        response.is_closed = response.is_stream_consumed = True
        return response


_PORTS = {"http": 80, "https": 443}
