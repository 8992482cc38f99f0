"""The bus of one machine: a Unix socket, or loopback TCP (`tcp:127.0.0.1:4000`) where there are no Unix sockets.

The socket file's mode keeps other users out. One batch is in flight per connection; the agent's spool is the queue.
"""

import asyncio
import logging
import socket
import stat
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import anyio
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from synthprobe.buses import BusError, NotCommitted
from synthprobe.buses.frames import VERSION, Answer, Batch, Connection, Frame, Hello, batches

Receive: TypeAlias = Callable[[Sequence[Frame]], Awaitable[None]]
"""Commits reports: when it returns they are on disk; whatever it raises, the agent keeps them."""

ANSWER_WITHIN = 60.0
"""Seconds for one commit; after that the connection is given up, and a commit that comes late is a repeat."""

_log = logging.getLogger(__name__)


def connect(address: str) -> "LocalBus":
    """The agent's end of the bus at `address`; the connection is made by the first delivery."""
    return LocalBus(address)


class LocalBus:
    """Delivers reports to the router; after a failure the next delivery connects anew."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._turn = anyio.Lock()
        self._connection: Connection | None = None

    async def deliver(self, frames: Sequence[Frame]) -> None:
        """Return once the router has committed the frames; raises `BusError` when that is not certain."""
        async with self._turn:
            for batch in batches(frames):
                await self._deliver(batch)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection:
            with anyio.CancelScope(shield=True):
                await connection.close()

    async def _deliver(self, batch: bytes) -> None:
        answered = False
        try:
            with anyio.fail_after(ANSWER_WITHIN):
                answer = await self._ask(self._connection or await self._connected(), batch)
            answered = True
        except TimeoutError as error:
            raise BusError(
                f"the router at {self._address} did not answer within {ANSWER_WITHIN:.0f} s"
            ) from error
        except OSError as error:
            raise BusError(f"the router at {self._address} cannot be reached: {_words(error)}") from error
        finally:
            # Without its answer read, a connection is out of step; also when the caller was cancelled.
            if not answered:
                await self.close()
        if answer.error:
            raise BusError(f"the router refused the reports: {answer.error}")

    async def _connected(self) -> Connection:
        connection = self._connection = await _open(self._address)
        answer = await self._ask(connection, msgspec.msgpack.encode(Hello()))
        if answer.error:
            raise BusError(f"the router at {self._address} refused the connection: {answer.error}")
        return connection

    async def _ask(self, connection: Connection, message: bytes) -> Answer:
        await connection.send(message)
        reply = await connection.receive()
        if reply is None:
            raise BusError(f"the router at {self._address} closed the connection without an answer")
        try:
            return msgspec.msgpack.decode(reply, type=Answer)
        except msgspec.MsgspecError as error:
            raise BusError(f"what listens at {self._address} is not a synthprobe router: {error}") from error


async def serve(
    address: str, receive: Receive, *, task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Take reports at `address` until cancelled; `task_status` is told the address really listened on.

    Raises `BusError` when another process listens there already.
    """
    bound = await _bound(address)
    async with anyio.create_task_group() as group:
        server = await _listening(bound, group, receive)
        try:
            task_status.started(_name(bound, address))
            await anyio.sleep_forever()
        finally:
            server.close()
            if not address.startswith("tcp:"):
                with anyio.CancelScope(shield=True):
                    await anyio.Path(address).unlink(missing_ok=True)


async def _converse(connection: Connection, receive: Receive) -> None:
    """One agent's connection, from its hello to its end; what goes wrong here ends this connection only."""
    try:
        if await _greeted(connection):
            while (message := await connection.receive()) is not None:
                answer = await _answer(message, receive)
                await connection.send(msgspec.msgpack.encode(answer))
    except (BusError, OSError) as error:
        _log.warning("the connection of an agent ended: %s", _words(error))
    finally:
        with anyio.CancelScope(shield=True):
            await connection.close()


async def _greeted(connection: Connection) -> bool:
    message = await connection.receive()
    if message is None:
        return False
    try:
        hello = msgspec.msgpack.decode(message, type=Hello)
    except msgspec.MsgspecError as error:
        raise BusError(f"no hello: {error}") from error
    refusal = (
        "" if hello.version == VERSION else f"it speaks version {VERSION} of the bus, not {hello.version}"
    )
    await connection.send(msgspec.msgpack.encode(Answer(error=refusal)))
    return not refusal


async def _answer(message: bytes, receive: Receive) -> Answer:
    try:
        batch = msgspec.msgpack.decode(message, type=Batch)
    except msgspec.MsgspecError as error:
        return Answer(error=f"not a batch that this version of the router knows: {error}")
    try:
        await receive(batch.frames)
    except NotCommitted as error:
        return Answer(error=str(error))
    except Exception as error:  # noqa: BLE001 - the agent must hear of whatever it was
        _log.exception("reports were not committed")
        return Answer(error=f"{type(error).__name__}: {error}")
    return Answer()


async def _open(address: str) -> Connection:
    if address.startswith("tcp:"):
        return Connection(*await asyncio.open_connection(*_host_and_port(address)))
    return Connection(*await asyncio.open_unix_connection(address))


async def _bound(address: str) -> socket.socket:
    """A socket that has the address and does not listen yet; a Unix socket gets its mode before anybody can connect."""
    if not address.startswith("tcp:"):
        await _clear_stale(address)
    bound = socket.socket(_family(address), socket.SOCK_STREAM)
    try:
        if address.startswith("tcp:"):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(_host_and_port(address))
        else:
            bound.bind(address)
            await anyio.Path(address).chmod(stat.S_IRUSR | stat.S_IWUSR)
    except OSError as error:
        bound.close()
        raise BusError(f"cannot listen at {address}: {error}; choose another address") from error
    return bound


async def _listening(bound: socket.socket, group: TaskGroup, receive: Receive) -> asyncio.Server:
    """The server of a bound socket; each connection is a task of the group."""

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        group.start_soon(_converse, Connection(reader, writer), receive)

    if bound.family in (socket.AF_INET, socket.AF_INET6):
        return await asyncio.start_server(accept, sock=bound)
    return await asyncio.start_unix_server(accept, sock=bound)


async def _clear_stale(path: str) -> None:
    """Remove a socket file nobody listens at; a listening socket or another kind of file is not ours to remove."""
    file = anyio.Path(path)
    if not await file.exists():
        return
    if not await file.is_socket():
        raise BusError(f"{path} is not a socket; move it away or choose another state directory")
    try:
        connection = await _open(path)
    except ConnectionRefusedError:
        await file.unlink(missing_ok=True)
    else:
        await connection.close()
        raise BusError(f"another process listens at {path}; stop it or choose another state directory")


def _family(address: str) -> socket.AddressFamily:
    if not address.startswith("tcp:"):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in _host_and_port(address)[0] else socket.AF_INET


def _name(bound: socket.socket, address: str) -> str:
    """The address as an agent writes it, with the port that was really taken."""
    if not address.startswith("tcp:"):
        return address
    host = address.removeprefix("tcp:").rpartition(":")[0]
    return f"tcp:{host}:{bound.getsockname()[1]}"


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("tcp:").rpartition(":")
    if host not in ("127.0.0.1", "[::1]") or not port.isdecimal():
        raise BusError(f"{address!r} is no local address; write tcp:127.0.0.1:PORT or a socket's path")
    return host.strip("[]"), int(port)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
