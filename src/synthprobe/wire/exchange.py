"""One request under way: its phases in a straight line, and what was seen of each."""

import asyncio
import ssl
from contextlib import suppress

import anyio
import httpx

from synthprobe.clock import Clock
from synthprobe.core.failures import Kind
from synthprobe.wire import certificates, failures, sockets
from synthprobe.wire.failures import Fault, WireFailure
from synthprobe.wire.framing import Framing
from synthprobe.wire.limits import Limits
from synthprobe.wire.message import request_bytes
from synthprobe.wire.resolver import Address, IpVersion, Resolver, literal
from synthprobe.wire.sighting import Phase, Stopwatch
from synthprobe.wire.sockets import Channel, Connection
from synthprobe.wire.tls import TlsConnection


class Exchange:
    """The state of one request under way, under the limits that are in force for it."""

    def __init__(
        self, clock: Clock, request: httpx.Request, limits: Limits, context: ssl.SSLContext | None
    ) -> None:
        """`context`: under which TLS is spoken, None for plain HTTP."""
        self._limits = limits
        self._context = context
        self._request = request
        self._watch = Stopwatch(clock)
        self._host = request.url.raw_host.decode("ascii")
        self._where = self._host

    async def run(self, resolver: Resolver) -> httpx.Response:
        """Everything from the look-up to the last byte. Raises `Fault` and `OSError`."""
        scheme = self._request.url.scheme
        if scheme not in _PORTS or not self._host:
            raise Fault(
                Kind.SCRIPT_ERROR, f"the request was not sent: {scheme}://{self._host} is no HTTP address"
            )
        data = await request_bytes(self._request)
        connection = await self._connect(resolver, self._request.url.port or _PORTS[scheme])
        channel: Channel = connection
        try:
            if self._context is not None:
                channel = await self._shake_hands(connection, self._context)
            return await self._converse(channel, data)
        finally:
            channel.close()

    def fault(self, error: OSError) -> Fault:
        """What an error of the operating system, of TLS or of the clock means in the phase under way."""
        phase = self._watch.phase or Phase.RESOLVE
        if isinstance(error, TimeoutError) and error.errno is None:
            return failures.too_slow(phase, self._limits.deadline, self._where)
        if isinstance(error, ssl.SSLEOFError):
            return failures.closed(phase, f"{self._where} without a TLS goodbye")
        if isinstance(error, ssl.SSLError):
            return certificates.fault(error, certificates.NOTHING_SEEN, self._host, self._watch.started_at)
        return failures.from_socket(error, phase, self._where)

    def failure(self, fault: Fault) -> WireFailure:
        """The fault with the phase it happened in and all that was seen until then."""
        phase = self._watch.phase or Phase.SEND
        return WireFailure(fault.kind, phase, fault.message, self._watch.stop())

    async def _connect(self, resolver: Resolver, port: int) -> Connection:
        if literal(self._host) is None:
            self._watch.enter(Phase.RESOLVE)
        addresses = await resolver.resolve(self._host, self._ip_version())
        self._watch.addresses = tuple(address.text for address in addresses)
        self._watch.enter(Phase.CONNECT)
        fault = Fault(Kind.DNS_ERROR, f"{self._host} has no address")
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            self._where = address.shown(port)
            try:
                connection = await self._try(address, port, left)
            except Fault as failed:
                fault = failed
                self._watch.tried(address.text, fault.kind)
            else:
                self._watch.tried(address.text, None)
                self._watch.peer = self._where
                return connection
        raise fault

    def _ip_version(self) -> IpVersion:
        wanted = self._request.extensions.get("ip", IpVersion.ANY)
        try:
            return IpVersion(wanted)
        except ValueError:
            raise Fault(Kind.SCRIPT_ERROR, f"ip is any, v4 or v6, not {wanted!r}") from None

    async def _try(self, address: Address, port: int, left: int) -> Connection:
        """Connect to one address; while others are left, a silent one may only use up its share of the time."""
        try:
            if left == 1:
                return await sockets.connect(address, port)
            share = (self._limits.deadline - self._watch.elapsed()) / left
            async with asyncio.timeout(share):
                return await sockets.connect(address, port)
        except OSError as error:
            raise failures.from_connect(error, self._where) from error

    async def _shake_hands(self, connection: Connection, context: ssl.SSLContext) -> TlsConnection:
        self._watch.enter(Phase.TLS)
        try:
            channel = TlsConnection(connection, context, self._host)
        except ValueError as error:
            raise Fault(Kind.TLS_HOSTNAME, f"no certificate can be for {self._host}: {error}") from error
        try:
            await channel.shake_hands()
        except ssl.SSLError as error:
            raise certificates.fault(error, channel.seen(), self._host, self._watch.started_at) from error
        except EOFError as error:
            raise failures.closed(Phase.TLS, self._where) from error
        finally:
            self._watch.tls = channel.seen()
        return channel

    async def _converse(self, channel: Channel, data: bytes) -> httpx.Response:
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
        return self._response(framing)

    async def _read(self, channel: Channel, framing: Framing) -> None:
        while not framing.done:
            data = await channel.receive()
            if not data:
                framing.end()
                return
            if self._watch.phase is not Phase.RECEIVE:
                self._watch.enter(Phase.RECEIVE)
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
            "sighting": self._watch.stop(),
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
