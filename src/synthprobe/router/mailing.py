"""Sends one mail by SMTP, to the server and in the way its receiver names, under one deadline.

The server's addresses are judged like those of every other receiver before one is connected to. Whether a mail that was
handed over was taken is only known from the answer to its last line, so anything that breaks after that may have arrived.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

import aiosmtplib
import anyio

from synthprobe.senders.outgoing import Answer, Letter
from synthprobe.wire.connecting import Target, Ways
from synthprobe.wire.failures import Fault

DEADLINE = 15.0
"""Seconds for a whole attempt."""


class Mailing:
    """SMTP through what may be connected to; `context` is under which TLS is spoken."""

    def __init__(self, ways: Ways, context: ssl.SSLContext | None = None, deadline: float = DEADLINE) -> None:
        self._ways = ways
        self._context = context
        self._deadline = deadline

    async def __call__(self, letter: Letter) -> Answer:
        """Send once; a failure is an answer too."""
        began = False

        def begin() -> None:
            nonlocal began
            began = True

        try:
            with anyio.fail_after(self._deadline):
                return await self._send(letter, begin)
        except TimeoutError:
            return Answer(
                failure=f"the mail server did not take it within {self._deadline:g} s", arrived=began
            )
        except Fault as fault:
            return Answer(failure=fault.message, arrived=False)
        except aiosmtplib.SMTPResponseException as error:
            said = " ".join(str(error.message).split())[:200]
            return Answer(error.code, failure=f"the mail server answered {error.code}: {said}", arrived=False)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            told = f"{len(error.recipients)} recipients were refused: {first.code} {first.message}"
            return Answer(first.code, failure=told[:300], arrived=False)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Answer(failure=str(error) or type(error).__name__, arrived=began)

    async def _send(self, letter: Letter, begin: Callable[[], None]) -> Answer:
        connection = await self._connected(letter)
        client = aiosmtplib.SMTP(
            hostname=letter.host,
            port=None,
            sock=connection,
            timeout=self._deadline,
            use_tls=letter.tls == "tls",
            start_tls=letter.tls == "starttls",
            tls_context=self._context,
            local_hostname="synthprobe",
        )
        try:
            await client.connect()
            if letter.username:
                await client.login(letter.username, letter.password)
            begin()
            refused, said = await client.sendmail(letter.sender, list(letter.recipients), letter.content)
        finally:
            transport = client.transport
            with anyio.CancelScope(shield=True):
                await _end(client.quit, client.close)
            if transport is None:
                connection.close()
            else:
                # It owns the socket, and would wait for the server's last word of TLS.
                cast("asyncio.WriteTransport", transport).abort()
        if refused:
            names = ", ".join(refused)
            return Answer(250, failure=f"taken for others, but refused for {names}")
        return Answer(250, body=said.encode())

    async def _connected(self, letter: Letter) -> socket.socket:
        """A connection to the first of its addresses that may be connected to and takes it. Raises `Fault`, `OSError`."""
        target = Target(letter.host, letter.port, named=True)
        addresses = await self._ways.resolver.resolve(letter.host, target.ip)
        failed: OSError = OSError(f"{letter.host} has no address")
        for address in addresses:
            self._ways.judge(address.text, target)
            family = socket.AF_INET6 if ":" in address.text else socket.AF_INET
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(connection, (address.text, letter.port))
            except OSError as error:
                connection.close()
                failed = OSError(f"{address.text}:{letter.port} cannot be reached: {error.strerror or error}")
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise failed


async def _end(quit_: Callable[[], Awaitable[object]], close: Callable[[], None]) -> None:
    """Say goodbye, for a moment: the mail is taken or not by now."""
    try:
        with anyio.move_on_after(1):
            await quit_()
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        close()
