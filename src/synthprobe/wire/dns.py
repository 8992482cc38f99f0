"""DNS questions asked of one resolver and measured: over UDP, over TCP where the answer does not fit; the only importer
of dnspython.

A datagram that does not answer the question is passed over, as RFC 5452 wants it: anybody can send one. A question is
asked again while nothing comes, for datagrams get lost.
"""

import asyncio
import errno
import struct
from collections.abc import Iterator

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
from msgspec import Struct

from synthprobe.core.egress import IpVersion
from synthprobe.core.failures import Kind
from synthprobe.wire import failures, sockets
from synthprobe.wire.connecting import Target
from synthprobe.wire.failures import Fault
from synthprobe.wire.line import Line
from synthprobe.wire.lines import Call, Lines, finished
from synthprobe.wire.resolver import Address, literal
from synthprobe.wire.sighting import Phase, Sighting
from synthprobe.wire.sockets import Channel
from synthprobe.wire.taking import Taking

AGAIN_AFTER = 2.0
"""Seconds after which a question over UDP is repeated, or a third of the deadline where that is less."""

PORT = 53
_PAYLOAD = 1232
"""Bytes of an answer over UDP that no network fragments (DNS flag day 2020)."""


class Question(Struct, frozen=True):
    """What to ask whom."""

    name: str
    type: str
    deadline: float
    resolver: str | None = None
    """Host or address; None: the first of this machine."""
    port: int = PORT
    tcp: bool = False
    """Whether to ask over TCP from the start."""
    named: bool = False
    ip: IpVersion = IpVersion.ANY


class Reply(Struct, frozen=True):
    """What was answered; `answers` are of the type asked for, sorted, for resolvers turn them round."""

    rcode: str
    answers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """The names that CNAME records lead over."""
    ttl: int | None = None
    """The lowest of all that was answered, in seconds."""
    authoritative: bool = False
    authenticated: bool = False
    """Whether the resolver says that it checked DNSSEC."""
    over_tcp: bool = False


async def ask(lines: Lines, question: Question) -> tuple[Reply, Sighting]:
    """The reply of the resolver. Raises `WireFailure` and nothing else."""
    line = lines.line(Call(question.resolver or "the resolver", question.port, question.deadline))
    asking = _Asking(lines, line, question)
    return await finished(line, asking.reply)


class _Asking:
    def __init__(self, lines: Lines, line: Line, question: Question) -> None:
        self._lines = lines
        self._line = line
        self._question = question

    async def reply(self) -> Reply:
        query = _query(self._question)
        address = await self._address()
        if not self._question.tcp:
            message = await self._over_udp(query, address)
            if not message.flags & dns.flags.TC:
                return _reply(message, over_tcp=False)
        return _reply(await self._over_tcp(query, address), over_tcp=True)

    async def _address(self) -> Address:
        question, watch = self._question, self._line.watch
        if question.resolver is None:
            # Whoever runs this machine chose it: the guard is for hosts that probes choose.
            address = _of_machine()
        else:
            if literal(question.resolver) is None:
                watch.enter(Phase.RESOLVE)
            addresses = await self._lines.ways.resolver.resolve(question.resolver, question.ip)
            watch.addresses = tuple(each.text for each in addresses)
            address = addresses[0]
            self._lines.ways.judge(address.text, Target(question.resolver, question.port, question.named))
        watch.where = watch.peer = address.shown(question.port)
        return address

    async def _over_udp(self, query: dns.message.QueryMessage, address: Address) -> dns.message.Message:
        line = self._line
        try:
            channel = sockets.datagrams(address, self._question.port)
        except OSError as error:
            raise failures.from_connect(error, line.watch.where) from error
        hearing = _Hearing(line, channel, query)
        try:
            while True:
                await line.send(channel, query.to_wire())
                if (message := await hearing.wait()) is not None:
                    return message
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                raise failures.from_connect(error, line.watch.where) from error
            raise
        finally:
            channel.close()

    async def _over_tcp(self, query: dns.message.QueryMessage, address: Address) -> dns.message.Message:
        line = self._line
        line.watch.enter(Phase.CONNECT)
        try:
            channel = await sockets.connect(address, self._question.port)
        except OSError as error:
            raise failures.from_connect(error, line.watch.where) from error
        try:
            asked = query.to_wire()
            await line.send(channel, len(asked).to_bytes(2) + asked)
            taking = Taking(line, channel)
            size = int.from_bytes(await taking.take(2, "a length"))
            message = answer_to(query, await taking.take(size, "an answer"))
        finally:
            channel.close()
        if message is None:
            raise Fault(Kind.PROTOCOL_ERROR, f"what {line.watch.where} sent does not answer the question")
        return message


class _Hearing:
    """Datagrams that come after a question."""

    def __init__(self, line: Line, channel: Channel, query: dns.message.QueryMessage) -> None:
        self._line = line
        self._channel = channel
        self._query = query
        self._where = line.watch.where
        self._garbage = 0

    async def wait(self) -> dns.message.Message | None:
        """The answer; None when it is time to ask again. Raises `OSError`."""
        pause = asyncio.timeout(min(AGAIN_AFTER, self._line.limits.deadline / 3))
        try:
            async with pause:
                return await self._answer()
        except TimeoutError:
            if not pause.expired():
                raise
            return None

    async def _answer(self) -> dns.message.Message:
        while (message := answer_to(self._query, await self._line.receive(self._channel))) is None:
            self._garbage += 1
            self._line.watch.where = f"{self._where} ({self._garbage} datagrams that answer nothing)"
        self._line.watch.where = self._where
        return message


def _query(question: Question) -> dns.message.QueryMessage:
    """What is asked. Raises `Fault` (script_error) for a name that none can have."""
    try:
        name = dns.name.from_text(question.name)
        query = dns.message.make_query(name, question.type, use_edns=True, payload=_PAYLOAD)
    except (dns.exception.DNSException, ValueError) as error:
        raise Fault(Kind.SCRIPT_ERROR, f"{question.name!r} cannot be asked for: {error}") from error
    return query


def _of_machine() -> Address:
    try:
        servers = dns.resolver.Resolver().nameservers
    except (dns.exception.DNSException, OSError) as error:
        raise Fault(Kind.PROBER_UNWELL, f"this machine names no resolver: {error}") from error
    found = next((address for each in servers if (address := literal(str(each)))), None)
    if found is None:
        raise Fault(Kind.PROBER_UNWELL, "this machine names no resolver")
    return found


def answer_to(query: dns.message.Message, data: bytes) -> dns.message.Message | None:
    """What came, if it answers the question."""
    try:
        message = dns.message.from_wire(data, ignore_trailing=False)
        return message if query.is_response(message) else None
    except (dns.exception.DNSException, ValueError, LookupError, struct.error):
        return None


def _reply(message: dns.message.Message, *, over_tcp: bool) -> Reply:
    wanted = message.question[0].rdtype
    return Reply(
        rcode=dns.rcode.to_text(message.rcode()),
        answers=tuple(sorted(_texts(message, wanted))),
        aliases=() if wanted is dns.rdatatype.CNAME else tuple(_texts(message, dns.rdatatype.CNAME)),
        ttl=min((each.ttl for each in message.answer), default=None),
        authoritative=bool(message.flags & dns.flags.AA),
        authenticated=bool(message.flags & dns.flags.AD),
        over_tcp=over_tcp,
    )


def _texts(message: dns.message.Message, wanted: dns.rdatatype.RdataType) -> Iterator[str]:
    """The records of one type, names without their last dot."""
    for records in message.answer:
        if records.rdtype == wanted:
            yield from (record.to_text().rstrip(".") for record in records)
