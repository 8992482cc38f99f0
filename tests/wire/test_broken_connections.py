"""Connections that are refused, reset, never taken or never read: each is its own kind, with what was seen until then."""

import asyncio
import errno
import gc
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import anyio
import pytest
from wire_servers import both_loops, fail, request, says, serving, wire

from free_ports import free_ports
from synthprobe.core.failures import Kind
from synthprobe.wire.failures import from_connect
from synthprobe.wire.transport import WireFailure

anyio_backend = both_loops


@pytest.mark.anyio
async def test_silence_is_a_timeout_that_names_the_wait() -> None:
    failure = await fail(says(then="stall"), deadline=0.3)
    assert (failure.kind, failure.phase) == (Kind.TIMEOUT, "wait")
    assert failure.message.endswith("sent no byte of an answer within the deadline of 0.3 s")
    assert failure.sighting.phases.wait == pytest.approx(0.3, abs=0.1)
    assert failure.sighting.bytes_sent


@pytest.mark.anyio
async def test_a_close_without_a_word_is_a_reset() -> None:
    failure = await fail(says())
    assert (failure.kind, failure.phase) == (Kind.RESET, "wait")
    assert failure.message == "the connection was closed before any byte of the answer"


@pytest.mark.anyio
async def test_a_reset_in_the_answer_is_a_reset() -> None:
    failure = await fail(reset_in_the_answer)
    assert (failure.kind, failure.phase) == (Kind.RESET, "receive")
    assert "reset by 127.0.0.1" in failure.message
    assert failure.sighting.http_version == "1.1"


@pytest.mark.anyio
async def test_a_reset_before_the_answer_is_a_reset() -> None:
    failure = await fail(reset_at_once)
    assert failure.kind is Kind.RESET
    assert failure.phase in ("send", "wait")


@pytest.mark.anyio
async def test_a_reset_in_the_handshake_is_a_reset() -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)
        _reset(writer)

    async with serving(leave) as port:
        with pytest.raises(WireFailure) as caught:
            await wire().handle_async_request(request(f"https://127.0.0.1:{port}/"))
    assert (caught.value.kind, caught.value.phase) == (Kind.RESET, "tls")
    assert "reset by 127.0.0.1" in caught.value.message


@pytest.mark.anyio
async def test_a_reset_while_the_request_is_sent_is_a_reset() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1_000_000)
        _reset(writer)

    failure = await fail(cut, "POST", content=b"x" * 50_000_000)
    assert failure.kind is Kind.RESET
    assert failure.phase in ("send", "wait")
    assert failure.sighting.bytes_sent


@pytest.mark.anyio
async def test_a_refused_connection_names_the_address() -> None:
    port = free_ports(1)[0]
    with pytest.raises(WireFailure) as caught:
        await wire().handle_async_request(request(f"http://127.0.0.1:{port}/"))
    failure = caught.value
    assert (failure.kind, failure.phase) == (Kind.CONNECT_REFUSED, "connect")
    assert failure.message == f"connection refused by 127.0.0.1:{port}"
    assert not failure.sighting.bytes_sent
    assert failure.sighting.attempts[0].kind is Kind.CONNECT_REFUSED


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param(errno.ECONNREFUSED, Kind.CONNECT_REFUSED, id="refused"),
        pytest.param(errno.EHOSTUNREACH, Kind.CONNECT_REFUSED, id="no route to the host"),
        pytest.param(errno.ETIMEDOUT, Kind.CONNECT_TIMEOUT, id="the kernel gave up"),
        pytest.param(errno.ECONNRESET, Kind.RESET, id="reset"),
        pytest.param(errno.EMFILE, Kind.PROBER_UNWELL, id="we have no file descriptors left"),
        pytest.param(errno.EADDRNOTAVAIL, Kind.PROBER_UNWELL, id="we have no ports left"),
    ],
)
def test_our_own_trouble_never_looks_like_the_targets(code: int, kind: Kind) -> None:
    fault = from_connect(OSError(code, os.strerror(code)), "192.0.2.1:443")
    assert fault.kind is kind
    assert "192.0.2.1:443" in fault.message


@pytest.mark.anyio
async def test_a_connection_that_is_not_taken_is_a_connect_timeout() -> None:
    with _full_listener() as port, pytest.raises(WireFailure) as caught:
        await wire().handle_async_request(request(f"http://127.0.0.1:{port}/", deadline=0.3))
    failure = caught.value
    assert (failure.kind, failure.phase) == (Kind.CONNECT_TIMEOUT, "connect")
    assert failure.sighting.phases.connect == pytest.approx(0.3, abs=0.1)


@pytest.mark.anyio
async def test_a_request_that_nobody_reads_is_a_timeout_in_send() -> None:
    async def deaf(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    failure = await fail(deaf, "POST", content=b"x" * 50_000_000, deadline=0.3)
    assert (failure.kind, failure.phase) == (Kind.TIMEOUT, "send")
    assert failure.sighting.bytes_sent


@pytest.mark.anyio
async def test_a_cancelled_exchange_passes_the_cancellation_on_and_leaves_no_socket() -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async with serving(listen) as port:
        with anyio.move_on_after(0.1) as scope:
            await wire().handle_async_request(request(f"http://127.0.0.1:{port}/", deadline=30))
        with anyio.fail_after(5):
            await gone.wait()
    gc.collect()  # a socket left open would warn now, and a warning is an error
    assert scope.cancelled_caught


@contextmanager
def _full_listener() -> Iterator[int]:
    """The port of a listener whose queue is full, so that the kernel drops further connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def reset_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends RST instead of an answer."""
    _reset(writer)


async def reset_in_the_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends RST in the middle of a body, once the client has had time to read what came before."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    await writer.drain()
    asyncio.get_running_loop().call_later(0.05, _reset, writer)
    await asyncio.Event().wait()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
