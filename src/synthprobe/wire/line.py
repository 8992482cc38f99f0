"""One connection under way: look-up, connect and TLS in a straight line, what was seen of each, what its errors mean."""

import ssl

from synthprobe.clock import Clock
from synthprobe.core.exchanges import Tls
from synthprobe.core.failures import Kind
from synthprobe.wire import certificates, failures, proxy
from synthprobe.wire.connecting import Target, Ways
from synthprobe.wire.contexts import Context
from synthprobe.wire.failures import Fault, WireFailure
from synthprobe.wire.limits import Limits
from synthprobe.wire.proxy import Via
from synthprobe.wire.sighting import Phase, Stopwatch
from synthprobe.wire.sockets import Channel, Connection
from synthprobe.wire.tls import TlsConnection


class Line:
    """The state of one connection, under the limits that are in force for it."""

    def __init__(
        self, clock: Clock, host: str, limits: Limits, context: Context | None, server_name: str = ""
    ) -> None:
        """`context`: under which TLS is spoken, None for plain TCP; `server_name`: whom the certificate is for."""
        self.watch = Stopwatch(clock, host)
        self.limits = limits
        self.tls: TlsConnection | None = None
        """What TLS was or is spoken over, however its handshake ended."""
        self._context = context
        self._name = server_name or host

    async def open(self, ways: Ways, target: Target, via: Via | None = None) -> Channel:
        """A channel to the target, its handshake done. Raises `Fault` and `OSError`."""
        if via is not None:
            connection = await proxy.connect(via, target, ways, self.watch, self.limits)
        else:
            connection = await ways.connect(target, self.watch, self.limits.deadline)
        if self._context is None:
            return connection
        try:
            return await self._shake_hands(connection, self._context)
        except BaseException:
            connection.close()
            raise

    async def send(self, channel: Channel, data: bytes) -> None:
        """Hand all bytes to the kernel. Raises `OSError`."""
        self.watch.enter(Phase.SEND)
        whole = channel.offer(data)
        self.watch.bytes_sent = True
        if not whole:
            await channel.flush()
        self.watch.enter(Phase.WAIT)

    async def receive(self, channel: Channel) -> bytes:
        """The next bytes; empty after the peer's orderly close. Raises `OSError`."""
        if self.watch.phase not in (Phase.WAIT, Phase.RECEIVE):
            self.watch.enter(Phase.WAIT)
        data = await channel.receive()
        if data:
            self.watch.received(channel.arrived)
        else:
            self.watch.closed()
        return data

    def fault(self, error: OSError) -> Fault:
        """What an error of the operating system, of TLS or of the clock means in the phase under way."""
        phase = self.watch.phase or Phase.RESOLVE
        if isinstance(error, TimeoutError) and error.errno is None:
            return failures.too_slow(phase, self.limits.deadline, self.watch.where)
        if isinstance(error, ssl.SSLEOFError):
            return failures.closed(phase, f"{self.watch.where} without a TLS goodbye")
        if isinstance(error, ssl.SSLError):
            return self._tls_fault(error, self.watch.tls or Tls())
        return failures.from_socket(error, phase, self.watch.where)

    def failure(self, fault: Fault) -> WireFailure:
        """The fault with the phase it happened in and all that was seen until then."""
        phase = self.watch.phase or Phase.SEND
        return WireFailure(fault.kind, phase, fault.message, self.watch.stop())

    async def _shake_hands(self, connection: Connection, context: Context) -> TlsConnection:
        self.watch.enter(Phase.TLS)
        try:
            channel = TlsConnection(connection, context.ssl, self._name)
            self.tls = channel
        except ValueError as error:
            raise Fault(Kind.TLS_HOSTNAME, f"no certificate can be for {self._name}: {error}") from error
        try:
            await channel.shake_hands()
        except ssl.SSLError as error:
            raise self._tls_fault(error, channel.seen()) from error
        except EOFError as error:
            raise failures.closed(Phase.TLS, self.watch.where) from error
        finally:
            self.watch.tls = channel.seen()
        return channel

    def _tls_fault(self, error: ssl.SSLError, seen: Tls) -> Fault:
        shown_ours = self._context is not None and self._context.has_client_cert
        return certificates.fault(error, seen, self._name, self.watch.started_at, shown_ours=shown_ours)
