"""What every bus promises: a delivery that returns was committed, and one that raises may be made again."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import anyio
import msgspec
import pytest

from synthprobe.buses import BusError, frames, local
from synthprobe.buses.frames import Frame
from synthprobe.core.hooks import Delivery
from synthprobe.core.questions import Answered, AskDeliveries, AskTerms, DeliveriesAnswer, Question
from synthprobe.core.reports import Announced, Finished, Pulse, Slots
from synthprobe.core.results import CheckInfo, Fate, Outcome, Result, SlotRange, Trigger
from synthprobe.core.spans import Span, SpanKind

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 9, 22, 12, 0, 0, 123456, tzinfo=UTC)
RESULT = Result("r1", "pay/eu", "pay", "eu", Trigger.SCHEDULE, Outcome.PASSED, NOW, NOW, "0" * 32, "d")
ONE_OF_EACH: tuple[Frame, ...] = (
    Announced("a", NOW, (CheckInfo("pay/eu", "pay", "eu", 60.0, "d"),)),
    Finished(
        "a",
        RESULT,
        (Span("0" * 32, "1" * 16, "probe pay", SpanKind.INTERNAL, 1, 2, attributes={"k": ("v",)}),),
    ),
    Slots("a", (SlotRange("pay/eu", Fate.MISSED, NOW, NOW, 1, "down"),)),
    Pulse("a", NOW, lateness=(0.1,)),
)
PULSE = Pulse("a", NOW)

Receive = Callable[[Sequence[Frame]], Awaitable[None]]


class Committed:
    """A router's end that keeps what it commits; `refuse` makes it fail first."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.refuse: Exception | None = None

    async def receive(self, received: Sequence[Frame]) -> None:
        if self.refuse:
            raise self.refuse
        await anyio.lowlevel.checkpoint()
        self.frames += received


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return ("asyncio", {"use_uvloop": request.param == "uvloop"})


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    # pytest's own folders are too deep for a Unix socket's path.
    with tempfile.TemporaryDirectory() as folder:
        yield f"{folder}/bus" if request.param == "unix" else "tcp:127.0.0.1:0"


@pytest.fixture
def committed() -> Committed:
    return Committed()


@asynccontextmanager
async def serving(address: str, receive: Receive, reply: local.Reply | None = None) -> AsyncIterator[str]:
    async with anyio.create_task_group() as group:
        yield await group.start(local.serve, address, receive, reply)
        group.cancel_scope.cancel()


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[local.LocalBus]:
    bus = local.connect(address)
    try:
        yield bus
    finally:
        await bus.close()


async def open_stream(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("tcp:"):
        return await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    return await asyncio.open_unix_connection(address)


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


async def test_reports_arrive_whole_and_in_order(address: str, committed: Committed) -> None:
    async with serving(address, committed.receive) as at, connected(at) as bus:
        await bus.deliver(ONE_OF_EACH)
        await bus.deliver([PULSE])
    assert committed.frames == [*ONE_OF_EACH, PULSE]


async def test_a_delivery_returns_only_after_the_commit(address: str) -> None:
    commit, order = anyio.Event(), []

    async def receive(received: Sequence[Frame]) -> None:
        order.append("received")
        await commit.wait()
        order.append("committed")

    async def deliver(bus: local.LocalBus) -> None:
        await bus.deliver([PULSE])
        order.append("delivered")

    async with serving(address, receive) as at, connected(at) as bus, anyio.create_task_group() as group:
        group.start_soon(deliver, bus)
        await anyio.wait_all_tasks_blocked()
        commit.set()
    assert order == ["received", "committed", "delivered"]


async def test_a_failed_commit_is_told_and_the_next_delivery_goes_through(
    address: str, committed: Committed
) -> None:
    async with serving(address, committed.receive) as at, connected(at) as bus:
        committed.refuse = RuntimeError("disk full")
        with pytest.raises(BusError, match="RuntimeError: disk full"):
            await bus.deliver([PULSE])
        committed.refuse = None
        await bus.deliver([PULSE])
    assert committed.frames == [PULSE]


async def test_a_router_that_is_away_is_an_error_and_found_again_when_it_is_back(
    address: str, committed: Committed
) -> None:
    async with serving(address, committed.receive) as at, connected(at) as bus:
        await bus.deliver([PULSE])
    with pytest.raises(BusError, match="router at"):
        await bus.deliver([PULSE])
    async with serving(at, committed.receive):
        await bus.deliver(ONE_OF_EACH)
        await bus.close()
    assert committed.frames == [PULSE, *ONE_OF_EACH]


async def test_a_cancelled_delivery_leaves_the_bus_usable(address: str, committed: Committed) -> None:
    held = anyio.Event()

    async def receive(received: Sequence[Frame]) -> None:
        if not held.is_set():
            held.set()
            await anyio.sleep_forever()
        await committed.receive(received)

    async with serving(address, receive) as at, connected(at) as bus:
        async with anyio.create_task_group() as group:
            group.start_soon(bus.deliver, [PULSE])
            await held.wait()
            group.cancel_scope.cancel()
        await bus.deliver(ONE_OF_EACH)
    assert committed.frames == list(ONE_OF_EACH)


async def test_deliveries_at_the_same_time_wait_their_turn(address: str, committed: Committed) -> None:
    async with (
        serving(address, committed.receive) as at,
        connected(at) as bus,
        anyio.create_task_group() as group,
    ):
        for _ in range(5):
            group.start_soon(bus.deliver, ONE_OF_EACH)
    assert committed.frames == list(ONE_OF_EACH) * 5


@pytest.mark.parametrize("ends", [False, True], ids=["and waits", "and hangs up"])
@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param(framed(b"\xc1nonsense"), id="no MessagePack"),
        pytest.param((2**32 - 1).to_bytes(4, "big"), id="a claim of four gigabytes"),
        pytest.param(framed(msgspec.msgpack.encode(frames.Answer())), id="not a hello"),
    ],
)
async def test_garbage_ends_its_own_connection_only(
    address: str, committed: Committed, garbage: bytes, ends: bool
) -> None:
    async with serving(address, committed.receive) as at, connected(at) as bus:
        await bus.deliver([PULSE])
        reader, writer = await open_stream(at)
        writer.write(garbage)
        if ends:
            writer.write_eof()
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        await bus.deliver([PULSE])
    assert committed.frames == [PULSE, PULSE]


async def conversation(at: str, *messages: object) -> list[frames.Answer]:
    """What the router answers to messages that no `LocalBus` would send."""
    connection, answers = frames.Connection(*await open_stream(at)), []
    for message in messages:
        await connection.send(msgspec.msgpack.encode(message))
        answers.append(msgspec.msgpack.decode(await connection.receive() or b"", type=frames.Answer))
    await connection.close()
    return answers


async def test_an_agent_that_breaks_off_in_the_middle_of_a_message_commits_nothing(
    address: str, committed: Committed
) -> None:
    hello, batch = msgspec.msgpack.encode(frames.Hello()), next(frames.batches([PULSE]))
    async with serving(address, committed.receive) as at, connected(at) as bus:
        reader, writer = await open_stream(at)
        writer.write(framed(hello) + framed(batch)[:-1])
        writer.write_eof()
        await reader.read()
        writer.close()
        await bus.deliver(ONE_OF_EACH)
    assert committed.frames == list(ONE_OF_EACH)


async def test_a_hello_of_another_version_is_refused_in_words(address: str, committed: Committed) -> None:
    async with serving(address, committed.receive) as at:
        (answer,) = await conversation(at, frames.Hello(version=99))
    assert answer.error == "it speaks version 1 of the bus, not 99"


async def test_a_newer_agents_unknown_fields_are_tolerated(address: str, committed: Committed) -> None:
    hello = {"type": "synthprobe.hello", "version": 1, "colour": "blue"}
    pulse = {**msgspec.to_builtins(PULSE, builtin_types=[datetime]), "mood": "fine"}
    async with serving(address, committed.receive) as at:
        answers = await conversation(at, hello, {"type": "synthprobe.batch", "frames": [pulse], "more": 1})
    assert answers == [frames.Answer(), frames.Answer()]
    assert committed.frames == [PULSE]


async def test_an_unknown_kind_of_report_is_refused_by_its_name(address: str, committed: Committed) -> None:
    batch = {"type": "synthprobe.batch", "frames": [{"type": "screenshot", "agent": "a"}]}
    async with serving(address, committed.receive) as at:
        _, answer = await conversation(at, frames.Hello(), batch)
    assert "screenshot" in answer.error
    assert committed.frames == []


async def test_many_reports_are_split_into_messages_that_fit(
    address: str, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 600)
    async with serving(address, committed.receive) as at, connected(at) as bus:
        await bus.deliver([PULSE] * 50)
        with pytest.raises(BusError, match="does not fit"):
            await bus.deliver([Pulse("a" * 1000, NOW)])
    assert committed.frames == [PULSE] * 50


@pytest.mark.parametrize("address", ["unix"], indirect=True)
async def test_only_the_owner_may_use_the_socket_and_it_is_gone_afterwards(
    address: str, committed: Committed
) -> None:
    async with serving(address, committed.receive):
        assert os.stat(address).st_mode & 0o777 == 0o600
    assert not Path(address).exists()


@pytest.mark.parametrize("address", ["unix"], indirect=True)
async def test_a_stale_socket_is_replaced_and_a_living_one_is_not(address: str, committed: Committed) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(address)
    async with serving(address, committed.receive), connected(address) as bus:
        with pytest.raises(BusError, match="another process listens"):
            await local.serve(address, committed.receive)
        await bus.deliver([PULSE])
    assert committed.frames == [PULSE]


@pytest.mark.parametrize("address", ["unix"], indirect=True)
async def test_a_file_that_is_no_socket_is_left_alone(address: str, committed: Committed) -> None:
    Path(address).write_text("precious")
    with pytest.raises(BusError, match="is not a socket"):
        await local.serve(address, committed.receive)
    assert Path(address).read_text() == "precious"


@pytest.mark.parametrize("address", ["tcp:0.0.0.0:4000", "tcp:10.0.0.1:4000", "tcp:127.0.0.1:x"])
async def test_tcp_is_loopback_only(address: str, committed: Committed) -> None:
    with pytest.raises(BusError, match="no local address"):
        await local.connect(address).deliver([PULSE])
    with pytest.raises(BusError, match="no local address"):
        await local.serve(address, committed.receive)


async def test_a_question_is_answered_though_a_delivery_waits(address: str) -> None:
    commit = anyio.Event()

    async def receive(_: Sequence[Frame]) -> None:
        await commit.wait()

    async def reply(question: Question) -> Answered:
        assert question == AskDeliveries(("t",), 7, 1.5)
        return DeliveriesAnswer((Delivery(8, "t", NOW, (("A", "b"),), b"\x00"),))

    async with (
        serving(address, receive, reply) as at,
        connected(at) as bus,
        anyio.create_task_group() as group,
    ):
        group.start_soon(bus.deliver, [PULSE])
        answer = await bus.ask(AskDeliveries(("t",), 7, 1.5))
        commit.set()
    assert answer == DeliveriesAnswer((Delivery(8, "t", NOW, (("A", "b"),), b"\x00"),))


async def test_a_question_without_an_answer_is_an_error_in_words(address: str, committed: Committed) -> None:
    async def reply(_: Question) -> Answered:
        raise RuntimeError("disk gone")

    async with serving(address, committed.receive, reply) as at, connected(at) as bus:
        with pytest.raises(BusError, match="disk gone"):
            await bus.ask(AskTerms())
        await bus.deliver([PULSE])
    with pytest.raises(BusError, match="cannot be reached"):
        await local.connect(at).ask(AskTerms())
