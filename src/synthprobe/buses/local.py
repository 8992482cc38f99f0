"""The bus of one machine: a Unix socket, or loopback TCP (`tcp:127.0.0.1:4000`) where there are no Unix sockets.

The socket file's mode keeps other users out. One batch is in flight per connection; the agent's spool is the queue.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

import anyio
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from synthprobe.buses import BusError, NotCommitted
from synthprobe.buses.addresses import bound, name_of, open_at
from synthprobe.buses.frames import VERSION, Answer, Ask, Batch, Connection, Frame, Hello, Told, batches
from synthprobe.core.questions import Answered, Question
from synthprobe.core.sparing import sparingly

T = TypeVar("T")

Receive: TypeAlias = Callable[[Sequence[Frame]], Awaitable[None]]
"""Commits reports: when it returns they are on disk; whatever it raises, the agent keeps them."""

Reply: TypeAlias = Callable[[Question], Awaitable[Answered]]
"""Answers a question; whatever it raises, the agent is told that there is no answer."""

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

    async def ask(self, question: Question) -> Answered:
        """Ask the router, on a connection of its own so that no report waits for the answer. Raises `BusError`."""
        connection = None
        try:
            with anyio.fail_after(ANSWER_WITHIN):
                connection = await open_at(self._address)
                await self._greet(connection)
                await connection.send(msgspec.msgpack.encode(Ask(question)))
                told = _read(await connection.receive(), Told, self._address)
        except TimeoutError as error:
            raise BusError(f"the router at {self._address} did not answer a question") from error
        except OSError as error:
            raise BusError(f"the router at {self._address} cannot be reached: {_words(error)}") from error
        finally:
            if connection is not None:
                with anyio.CancelScope(shield=True):
                    await connection.close()
        if told.answer is None:
            raise BusError(f"the router did not answer: {told.error}")
        return told.answer

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
        connection = self._connection = await open_at(self._address)
        await self._greet(connection)
        return connection

    async def _greet(self, connection: Connection) -> None:
        answer = await self._ask(connection, msgspec.msgpack.encode(Hello()))
        if answer.error:
            raise BusError(f"the router at {self._address} refused the connection: {answer.error}")

    async def _ask(self, connection: Connection, message: bytes) -> Answer:
        await connection.send(message)
        return _read(await connection.receive(), Answer, self._address)


async def serve(
    address: str,
    receive: Receive,
    reply: Reply | None = None,
    *,
    task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Take reports and questions at `address` until cancelled; `task_status` is told the address really listened on.

    Raises `BusError` when another process listens there already.
    """
    listener = await bound(address)
    async with anyio.create_task_group() as group:
        server = await _listening(listener, group, partial(_converse, receive=receive, reply=reply))
        try:
            task_status.started(name_of(listener, address))
            await anyio.sleep_forever()
        finally:
            server.close()
            if not address.startswith("tcp:"):
                with anyio.CancelScope(shield=True):
                    await anyio.Path(address).unlink(missing_ok=True)


async def _converse(connection: Connection, *, receive: Receive, reply: Reply | None) -> None:
    """One agent's connection, from its hello to its end; what goes wrong here ends this connection only."""
    try:
        if await _greeted(connection):
            while (message := await connection.receive()) is not None:
                answer = await _answer(message, receive, reply)
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


async def _answer(message: bytes, receive: Receive, reply: Reply | None) -> Answer | Told:
    try:
        asked = msgspec.msgpack.decode(message, type=Batch | Ask)
    except msgspec.MsgspecError as error:
        return Answer(error=f"nothing that this version of the router knows: {error}")
    if isinstance(asked, Ask):
        return await _told(asked.question, reply)
    return await _committed(asked, receive)


async def _told(question: Question, reply: Reply | None) -> Told:
    if reply is None:
        return Told(error="this router answers no questions")
    try:
        return Told(await reply(question))
    except Exception as error:  # noqa: BLE001 - the agent must hear of whatever it was
        _log.warning("a question was not answered: %s", _words(error), extra=sparingly("ask"))
        return Told(error=f"{type(error).__name__}: {error}")


async def _committed(batch: Batch, receive: Receive) -> Answer:
    try:
        await receive(batch.frames)
    except NotCommitted as error:
        return Answer(error=str(error))
    except Exception as error:  # noqa: BLE001 - the agent must hear of whatever it was
        _log.exception("reports were not committed")
        return Answer(error=f"{type(error).__name__}: {error}")
    return Answer()


def _read(reply: bytes | None, kind: type[T], address: str) -> T:
    if reply is None:
        raise BusError(f"the router at {address} closed the connection without an answer")
    try:
        return msgspec.msgpack.decode(reply, type=kind)
    except msgspec.MsgspecError as error:
        raise BusError(f"what listens at {address} is not a synthprobe router: {error}") from error


async def _listening(
    bound: socket.socket, group: TaskGroup, converse: Callable[[Connection], Coroutine[None, None, None]]
) -> asyncio.Server:
    """The server of a bound socket; each connection is a task of the group."""

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        group.start_soon(converse, Connection(reader, writer))

    if bound.family in (socket.AF_INET, socket.AF_INET6):
        return await asyncio.start_server(accept, sock=bound)
    return await asyncio.start_unix_server(accept, sock=bound)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
