"""Conversations over bare TCP: what is sent, what is waited for, and servers that never say it."""

import asyncio
from functools import partial

import anyio
import pytest
from line_servers import fail_with, hears, lines, resets, talk_to
from wire_servers import Script, both_loops, endless, serving

from synthprobe.clock import system
from synthprobe.core.failures import Kind
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.guard import Guard
from synthprobe.wire.lines import Call
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire
from synthprobe.wire.turns import Count, Expectation, Literal, Pattern, Turn, converse

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

PING = (Turn(b"PING\r\n", Literal(b"PONG")),)
talk = partial(converse, turns=PING)


async def greeter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks first, as mail servers do."""
    writer.write(b"220 mail.test ready\r\n")
    assert await reader.readline() == b"EHLO me\r\n"
    writer.write(b"250-mail.test\r\n250 OK\r\n")
    assert await reader.readline() == b"QUIT\r\n"
    writer.write(b"221 bye\r\n")


async def test_turns_are_taken_in_order_and_measured() -> None:
    turns = (
        Turn(expect=Pattern("^220 .*\r\n")),
        Turn(b"EHLO me\r\n", Pattern("(?m)^250 ")),
        Turn(b"QUIT\r\n", Literal(b"221")),
    )
    heard, seen = await talk_to(greeter, partial(converse, turns=turns))
    assert heard.received.startswith(b"220 mail.test ready\r\n250-mail.test\r\n250 OK\r\n221")
    assert heard.unmet is None
    assert seen.bytes_sent
    assert seen.peer
    assert all(part is not None for part in (seen.phases.connect, seen.phases.send, seen.phases.receive))


async def test_connecting_alone_is_enough_where_nothing_is_expected() -> None:
    heard, seen = await talk_to(hears(then="stall"), partial(converse, turns=()))
    assert (heard.received, seen.bytes_sent) == (b"", False)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(Literal(b"PONG"), id="a literal"),
        pytest.param(Pattern("P.NG"), id="a pattern"),
        pytest.param(Pattern(r"\xff?PONG\s"), id="a pattern with bytes"),
        pytest.param(Count(4), id="so many bytes"),
    ],
)
async def test_an_expectation_is_met_across_pieces(wanted: Expectation) -> None:
    heard, _ = await talk_to(
        hears(b"PO", b"N", b"G\n", pause=0.01, then="stall"),
        partial(converse, turns=(Turn(b"x", wanted),)),
    )
    assert heard.unmet is None


async def test_an_answer_that_is_another_is_told_with_what_came() -> None:
    turns = (Turn(b"a", Literal(b"one")), Turn(expect=Literal(b"two")))
    heard, _ = await talk_to(hears(b"one, three"), partial(converse, turns=turns))
    assert (heard.received, heard.unmet) == (b"one, three", 1)


async def test_what_one_turn_used_up_meets_no_later_one() -> None:
    turns = (Turn(b"a", Literal(b"ok")), Turn(expect=Literal(b"ok")))
    heard, _ = await talk_to(hears(b"ok"), partial(converse, turns=turns))
    assert heard.unmet == 1


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        pytest.param(hears(then="stall"), Kind.TIMEOUT, "sent no byte", id="a stall"),
        pytest.param(
            hears(*[b"P"] * 99, pause=0.02), Kind.TIMEOUT, "did not finish", id="an answer that drips"
        ),
        pytest.param(hears(), Kind.RESET, "closed", id="a close without a word"),
        pytest.param(resets, Kind.RESET, "reset", id="a reset"),
        pytest.param(hears(b"x" * 65537, then="stall"), Kind.TOO_LARGE, "65,536", id="endless garbage"),
    ],
)
async def test_a_hostile_server_is_a_typed_failure(script: Script, kind: Kind, words: str) -> None:
    with anyio.fail_after(10):
        failure = await fail_with(script, talk, 0.3 if kind is Kind.TIMEOUT else 5.0)
    assert failure.kind is kind
    assert words in failure.message
    assert failure.sighting.bytes_sent


async def test_a_peer_that_does_not_read_uses_up_the_deadline_only() -> None:
    turns = (Turn(b"x" * 50_000_000, Literal(b"ok")),)
    failure = await fail_with(hears(then="stall"), partial(converse, turns=turns), 0.3)
    assert (failure.kind, failure.phase) == (Kind.TIMEOUT, "send")


async def test_a_pattern_that_is_none_is_our_own_fault() -> None:
    failure = await fail_with(hears(b"x"), partial(converse, turns=(Turn(b"x", Pattern("(")),)))
    assert failure.kind is Kind.SCRIPT_ERROR


async def test_nobody_listening_is_refused_with_its_address() -> None:
    async with serving(endless(b"", b"")) as port:
        pass
    with pytest.raises(WireFailure) as caught:
        await lines().converse(Call("127.0.0.1", port, 5.0), talk)
    assert (caught.value.kind, caught.value.sighting.bytes_sent) == (Kind.CONNECT_REFUSED, False)


async def test_the_guard_judges_these_connections_too() -> None:
    guarded = Wire(system(), Resolver(system()), guard=Guard()).lines
    async with serving(hears(b"PONG")) as port:
        with pytest.raises(WireFailure) as caught:
            await guarded.converse(Call("127.0.0.1", port, 5.0), talk)
    assert caught.value.kind is Kind.BLOCKED


async def test_a_deadline_of_nothing_is_over_at_once() -> None:
    failure = await fail_with(hears(then="stall"), talk, 0.0)
    assert failure.kind in (Kind.TIMEOUT, Kind.CONNECT_TIMEOUT)
