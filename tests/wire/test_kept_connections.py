"""Connections that a run keeps: used again while they are quiet, and what happens when the peer thinks otherwise."""

import asyncio
from collections.abc import Callable

import anyio
import httpx
import pytest
from wire_servers import OK, Script, both_loops, request, serving, sighting, wire

from synthprobe.core.failures import Kind
from synthprobe.wire.keeping import Keeping
from synthprobe.wire.transport import WireFailure

anyio_backend = both_loops


class Peer:
    """A server that counts connections and requests; `after` plays out what it does behind each answer."""

    def __init__(self, answer: bytes = OK, after: Callable[[int], str] = lambda _: "") -> None:
        self.connections = 0
        self.heads: list[bytes] = []
        self._answer = answer
        self._after = after

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            match self._after(len(self.heads)):
                case "vanish":
                    return
                case "close":
                    writer.write(self._answer)
                    await writer.drain()
                    return
                case extra:
                    writer.write(self._answer + extra.encode())
                    await writer.drain()


async def ask(
    script: Script, *methods: str, repeatable: bool = True, answered: Callable[[], None] = lambda: None
) -> list[httpx.Response]:
    """The answers to requests of one run, a moment apart; `answered` is called after each."""
    keeping, answers = Keeping(), []
    async with serving(script) as port:
        one = wire()
        for method in methods:
            extensions = {"keeping": keeping, "repeatable": repeatable}
            asked = request(f"http://127.0.0.1:{port}/", method, extensions=extensions)
            answers.append(await one.handle_async_request(asked))
            answered()
            await anyio.sleep(0.02)
        keeping.close()
    return answers


@pytest.mark.anyio
async def test_requests_of_one_run_share_a_connection_and_only_the_first_has_connected() -> None:
    peer = Peer()
    first, second = await ask(peer.play, "GET", "POST")
    assert peer.connections == 1
    assert sighting(first).phases.connect is not None
    assert sighting(second).phases.connect is None
    assert sighting(second).phases.wait is not None
    assert sighting(second).peer == sighting(first).peer
    assert all(b"connection: close" not in head.lower() for head in peer.heads)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", id="says close"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", id="HTTP/1.0"),
    ],
)
async def test_a_connection_that_the_peer_will_close_is_not_kept(answer: bytes) -> None:
    peer = Peer(answer)
    await ask(peer.play, "GET", "GET")
    assert peer.connections == 2


@pytest.mark.anyio
async def test_a_connection_that_was_closed_meanwhile_is_noticed_before_anything_is_sent() -> None:
    peer = Peer(after=lambda number: "close" if number == 1 else "")
    await ask(peer.play, "POST", "POST", repeatable=False)
    assert peer.connections == 2
    assert len(peer.heads) == 2, "no request was made twice"


@pytest.mark.anyio
async def test_bytes_that_nobody_asked_for_end_a_connection() -> None:
    answered = asyncio.Event()

    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        if not answered.is_set():
            await answered.wait()
            writer.write(OK)
        await reader.read()

    first, second = await ask(chatter, "GET", "GET", answered=answered.set)
    assert (first.status_code, second.status_code) == (200, 200)
    assert sighting(second).phases.connect is not None, "a fresh one"


@pytest.mark.anyio
async def test_a_repeatable_request_whose_kept_connection_vanishes_is_made_once_more_on_a_fresh_one() -> None:
    peer = Peer(after=lambda number: "vanish" if number == 2 else "")
    _, second = await ask(peer.play, "GET", "GET")
    assert second.status_code == 200
    assert (peer.connections, len(peer.heads)) == (2, 3)
    assert sighting(second).phases.connect is not None


@pytest.mark.anyio
async def test_a_request_that_may_not_be_repeated_is_not_and_the_reset_is_its_failure() -> None:
    peer = Peer(after=lambda number: "vanish" if number == 2 else "")
    with pytest.raises(WireFailure) as failed:
        await ask(peer.play, "POST", "POST", repeatable=False)
    assert failed.value.kind is Kind.RESET
    assert failed.value.sighting.bytes_sent
    assert len(peer.heads) == 2


@pytest.mark.anyio
async def test_what_vanishes_on_a_fresh_connection_is_not_asked_again() -> None:
    peer = Peer(after=lambda number: "vanish")
    with pytest.raises(WireFailure) as failed:
        await ask(peer.play, "GET")
    assert failed.value.kind is Kind.RESET
    assert len(peer.heads) == 1
