"""DNS questions to real sockets: what is answered, what is passed over, and resolvers that misbehave."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from line_servers import lines
from wire_servers import both_loops, serving

from synthprobe.clock import system
from synthprobe.core.failures import Kind
from synthprobe.wire.dns import Question, Reply, ask
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.sighting import Sighting
from synthprobe.wire.transport import Wire

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

Answering = Callable[[dns.message.Message], Sequence[bytes]]
"""The datagrams that a question gets."""

WORDS = {
    "A": ("A", ["192.0.2.7", "192.0.2.8"]),
    "MX": ("MX", ["10 mail.acme.test."]),
    "TXT": ("TXT", ['"v=spf1 -all"']),
}


@asynccontextmanager
async def resolver(answering: Answering, port: int = 0) -> AsyncIterator[int]:
    """A resolver that speaks UDP; its port."""

    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            for datagram in answering(dns.message.from_wire(data)):
                self.transport.sendto(datagram, addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Protocol, local_addr=("127.0.0.1", port)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def reply_to(
    query: dns.message.Message, *, rcode: dns.rcode.Rcode = dns.rcode.NOERROR
) -> dns.message.Message:
    """An answer by the zone of these tests."""
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    asked = query.question[0]
    kind, data = WORDS.get(dns.rdatatype.to_text(asked.rdtype), ("", []))
    if kind and rcode == dns.rcode.NOERROR:
        alias = dns.rrset.from_text(asked.name, 60, "IN", "CNAME", "www.acme.test.")
        reply.answer = [alias, dns.rrset.from_text("www.acme.test.", 300, "IN", kind, *data)]
    return reply


def well(query: dns.message.Message) -> list[bytes]:
    return [reply_to(query).to_wire()]


async def question(
    port: int, type: str = "A", deadline: float = 5.0, *, tcp: bool = False
) -> tuple[Reply, Sighting]:
    return await ask(
        lines(), Question("acme.test", type, deadline, resolver="127.0.0.1", port=port, named=True, tcp=tcp)
    )


async def failed(answering: Answering, deadline: float = 5.0) -> WireFailure:
    async with resolver(answering) as port:
        with pytest.raises(WireFailure) as caught:
            await question(port, deadline=deadline)
    return caught.value


@pytest.mark.parametrize(
    ("type", "answers"),
    [
        pytest.param("A", ("192.0.2.7", "192.0.2.8"), id="addresses"),
        pytest.param("MX", ("10 mail.acme.test",), id="mail hosts"),
        pytest.param("TXT", ('"v=spf1 -all"',), id="text"),
        pytest.param("AAAA", (), id="nothing of that type"),
    ],
)
async def test_what_was_asked_is_answered_and_measured(type: str, answers: tuple[str, ...]) -> None:
    async with resolver(well) as port:
        reply, seen = await question(port, type)
    assert (reply.rcode, reply.answers) == ("NOERROR", answers)
    assert reply.aliases == (("www.acme.test",) if answers else ())
    assert reply.ttl == (60 if answers else None)
    assert seen.peer == f"127.0.0.1:{port}"
    assert seen.phases.wait is not None


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_a_refusal_is_an_answer_like_any_other(rcode: dns.rcode.Rcode) -> None:
    async with resolver(lambda query: [reply_to(query, rcode=rcode).to_wire()]) as port:
        reply, _ = await question(port)
    assert (reply.rcode, reply.answers, reply.ttl) == (dns.rcode.to_text(rcode), (), None)


async def test_what_answers_nothing_is_passed_over() -> None:
    def spoofed(query: dns.message.Message) -> list[bytes]:
        other = dns.message.make_query("evil.test", "A")
        stranger = dns.message.make_response(query)
        stranger.id = query.id ^ 1
        garbage = [b"", b"\0", b"\xff" * 600, stranger.to_wire(), dns.message.make_response(other).to_wire()]
        return [*garbage, *well(query)]

    async with resolver(spoofed) as port:
        reply, _ = await question(port)
    assert reply.answers == ("192.0.2.7", "192.0.2.8")


async def test_a_lost_datagram_is_asked_again() -> None:
    asked = []

    def second_time(query: dns.message.Message) -> list[bytes]:
        asked.append(query)
        return well(query) if len(asked) == 2 else []

    async with resolver(second_time) as port:
        reply, _ = await question(port, deadline=0.9)
    assert reply.answers
    assert asked[0].id == asked[1].id


def truncated(query: dns.message.Message) -> list[bytes]:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.TC
    return [reply.to_wire()]


async def over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    size = int.from_bytes(await reader.readexactly(2))
    data = well(dns.message.from_wire(await reader.readexactly(size)))[0]
    for byte in len(data).to_bytes(2) + data:
        writer.write(bytes([byte]))
        await writer.drain()


async def test_an_answer_that_does_not_fit_is_asked_for_over_tcp() -> None:
    async with serving(over_tcp) as port, resolver(truncated, port):
        reply, seen = await question(port)
    assert (reply.over_tcp, reply.answers) == (True, ("192.0.2.7", "192.0.2.8"))
    assert seen.phases.connect is not None


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(2)
    writer.write(b"\x02")


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(2)
    writer.write(b"\0\x20" + b"\xff" * 32)
    await reader.read()


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        pytest.param(hangs_up, Kind.RESET, id="hangs up"),
        pytest.param(babbles, Kind.PROTOCOL_ERROR, id="sends garbage"),
    ],
)
async def test_a_resolver_that_misbehaves_over_tcp(script: object, kind: Kind) -> None:
    async with serving(script) as port:  # type: ignore[arg-type]
        with pytest.raises(WireFailure) as caught:
            await question(port, tcp=True)
    assert caught.value.kind is kind


async def test_a_resolver_that_never_answers_is_a_timeout() -> None:
    with anyio.fail_after(5):
        failure = await failed(lambda query: [], deadline=0.3)
    assert (failure.kind, failure.phase) == (Kind.TIMEOUT, "wait")
    assert failure.sighting.bytes_sent


async def test_one_that_sends_only_garbage_is_a_timeout_that_says_so() -> None:
    failure = await failed(lambda query: [b"garbage"], deadline=0.3)
    assert failure.kind is Kind.TIMEOUT
    assert "datagrams that answer nothing" in failure.message


async def test_nobody_at_the_port_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(WireFailure) as caught:
        await question(port)
    assert caught.value.kind is Kind.CONNECT_REFUSED


async def test_the_guard_judges_the_resolver() -> None:
    guarded = Wire(system(), Resolver(system()), guard=Guard()).lines
    with pytest.raises(WireFailure) as caught:
        await ask(guarded, Question("acme.test", "A", 1.0, resolver="127.0.0.1", port=9))
    assert caught.value.kind is Kind.BLOCKED


async def test_a_name_that_none_can_have_is_our_own_fault() -> None:
    with pytest.raises(WireFailure) as caught:
        await ask(lines(), Question("a" * 64 + ".test", "A", 1.0, resolver="127.0.0.1"))
    assert caught.value.kind is Kind.SCRIPT_ERROR
