"""TLS over a connection, driven by hand through memory buffers.

By hand, because the handshake is to be measured, the certificate is wanted just when its verification fails, and no
loop's own TLS shutdown may keep a socket open.
"""

import ssl
from contextlib import suppress

from synthprobe.core.exchanges import Tls
from synthprobe.wire import certificates
from synthprobe.wire.limits import RECEIVE_SIZE
from synthprobe.wire.sockets import Connection


class TlsConnection:
    """A `Channel` that encrypts. Reading never writes to the socket, so that both may be under way at once."""

    __slots__ = ("_connection", "_incoming", "_object", "_outgoing")

    def __init__(self, connection: Connection, context: ssl.SSLContext, host: str) -> None:
        self._connection = connection
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    @property
    def arrived(self) -> float | None:
        """When the newest bytes reached this machine, encrypted."""
        return self._connection.arrived

    async def shake_hands(self) -> None:
        """Agree on keys and verify the peer. Raises `OSError`, `ssl.SSLError` among them, and `EOFError`."""
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                await self._pass_on()
                data = await self._connection.receive()
                if not data:
                    raise EOFError from None
                self._incoming.write(data)
            except ssl.SSLError:
                self._send_alert()
                raise
            else:
                await self._pass_on()
                return

    def offer(self, data: bytes) -> bool:
        """Encrypt and send at once what the kernel takes. Raises `OSError`."""
        self._object.write(data)
        return self._connection.offer(self._outgoing.read())

    async def flush(self) -> None:
        """Send the rest. Raises `OSError`."""
        await self._connection.flush()

    async def receive(self) -> bytes:
        """The next decrypted bytes; empty after the peer's close_notify. Raises `OSError`."""
        while True:
            try:
                return self._object.read(RECEIVE_SIZE)
            except ssl.SSLWantReadError:
                data = await self._connection.receive()
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLZeroReturnError:
                return b""

    def is_quiet(self) -> bool:
        """Whether nothing but TLS's own messages (session tickets, say) has come."""
        try:
            while (data := self._connection.at_hand()) is not None:
                if not data:
                    return False
                self._incoming.write(data)
            self._object.read(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Say goodbye if the kernel takes it at once, and close."""
        self._send_alert()
        self._connection.close()

    def seen(self) -> Tls:
        """What the handshake showed, however it ended."""
        return certificates.seen(self._object)

    def chain(self) -> tuple[Tls, ...]:
        """Every certificate that the peer sent, its own first, however the handshake ended."""
        return certificates.chain(self._object)

    def protocol(self) -> str | None:
        """What both sides agreed to speak (ALPN)."""
        return self._object.selected_alpn_protocol()

    async def _pass_on(self) -> None:
        if self._outgoing.pending and not self._connection.offer(self._outgoing.read()):
            await self._connection.flush()

    def _send_alert(self) -> None:
        with suppress(OSError):
            self._object.unwrap()
        with suppress(OSError):
            if self._outgoing.pending:
                self._connection.offer(self._outgoing.read())
