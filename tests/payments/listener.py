"""The ISO 8583 listener: echo, authorisation and reversal, over TCP and, where the server has a certificate, TLS.

0800 -> 0810 and 1804 -> 1814; 0100 and 0200 -> the request's MTI plus 10; 0400 and 0420 -> plus 10. DE39 is 00 (000
from 1993 on), what a `decline` fault says, 25 for the reversal of what is not known, and 00 again for a second
reversal. Faults act on `iso_echo`, `iso_authorise`, `iso_reverse`: `lose` does it and never answers, and the
connection stays.
"""

import socket
from collections.abc import Mapping
from contextlib import aclosing
from copy import deepcopy

import anyio
import iso8583
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from iso8583.specs import default_ascii
from msgspec import Struct

from payments.calls import RESET
from payments.faults import Fault, Kind
from payments.provider import Provider
from payments.settings import Header

Message = dict[str, str]
OPERATIONS: Mapping[str, str] = {
    "8": "iso_echo",
    "1": "iso_authorise",
    "2": "iso_authorise",
    "4": "iso_reverse",
}
ANSWERED_FIELDS = ("2", "3", "4", "7", "11", "12", "24", "32", "37", "41", "42", "49", "70")


class Authorisation(Struct):
    """What one card message did."""

    stan: str
    terminal: str
    amount: str
    response_code: str
    reversals: int = 0


class Acquirer:
    """All authorisations, by trace number (DE11) and terminal (DE41)."""

    def __init__(self) -> None:
        self.authorisations: dict[tuple[str, str], Authorisation] = {}
        self.echoes = 0

    def act(self, message: Message, declined: str | None) -> Message:
        """Do what a message asks for; returns the answer."""
        kind, old = message["t"][1], message["t"].startswith("0")
        approved = "00" if old else "000"
        answer = {key: message[key] for key in ANSWERED_FIELDS if key in message}
        answer |= {"h": "", "t": answer_to(message["t"]), "39": declined or approved}
        key = (message.get("11", ""), message.get("41", ""))
        if kind == "8":
            self.echoes += 1
        elif kind == "4":
            answer["39"] = declined or self._reverse(key, message, approved)
        else:
            self.authorisations[key] = Authorisation(*key, message.get("4", ""), answer["39"])
            answer["37"] = message.get("37", f"{len(self.authorisations):012d}")
            if answer["39"] == approved:
                answer["38"] = f"A{len(self.authorisations):05d}"
        return answer

    def _reverse(self, key: tuple[str, str], message: Message, approved: str) -> str:
        original = message.get("90", "")[4:10] or key[0]
        found = self.authorisations.get((original, key[1]))
        if found is None:
            return "25" if approved == "00" else "914"
        found.reversals += 1
        return approved


def answer_to(mti: str) -> str:
    """The message type of an answer; a repeat is answered like its first."""
    origin = int(mti[3]) // 2 * 2
    return f"{mti[:2]}{int(mti[2]) + 1}{origin}"


def spec_of(mti: str) -> dict[str, dict[str, object]]:
    """The fields of a version: from 1993 on, action codes have three digits."""
    spec = deepcopy(dict(default_ascii))
    if not mti.startswith("0"):
        spec["39"]["max_len"], spec["12"]["max_len"] = 3, 12
    return spec


async def converse(stream: ByteStream, provider: Provider, acquirer: Acquirer) -> None:
    """Answer the messages of one connection until it ends."""
    receiver = BufferedByteReceiveStream(stream)
    async with aclosing(stream):
        try:
            while True:
                body = await receiver.receive_exactly(await _length(receiver, provider.settings.iso.header))
                if not await _answer(stream, provider, acquirer, body):
                    return
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError, ValueError):
            return


async def _answer(stream: ByteStream, provider: Provider, acquirer: Acquirer, body: bytes) -> bool:
    """Answer one message; False ends the connection."""
    try:
        message, _ = iso8583.decode(body, spec_of(body[:4].decode("ascii", "replace")))
    except iso8583.DecodeError:
        return False
    operation = OPERATIONS.get(message["t"][1])
    if operation is None:
        return False
    fault = provider.faults.take(operation)
    if fault is not None and fault.kind in (Kind.RESET, Kind.HANG):
        await anyio.sleep(fault.seconds if fault.kind is Kind.HANG else 0)
        _reset(stream)
        return False
    if fault is not None and fault.kind is Kind.LATE:
        await anyio.sleep(fault.seconds)
    declined = fault.code if fault is not None and fault.kind is Kind.DECLINE else None
    answer = acquirer.act(message, declined)
    encoded, _ = iso8583.encode(answer, spec_of(answer["t"]))
    return await _send(stream, provider.settings.iso.header, bytes(encoded), fault)


async def _send(stream: ByteStream, header: Header, encoded: bytes, fault: Fault | None) -> bool:
    kind = fault.kind if fault is not None else None
    if kind is Kind.LOSE:
        return True
    if fault is not None and kind is Kind.DELAY:
        await anyio.sleep(fault.seconds)
    if kind is Kind.GARBLE:
        encoded = b"\xff" * len(encoded)
    framed = prefix(header, len(encoded)) + encoded
    await stream.send(framed[: len(framed) // 2] if kind is Kind.CUT else framed)
    return kind is not Kind.CUT


def prefix(header: Header, length: int) -> bytes:
    """The length header for a message."""
    size = int(header[0])
    return length.to_bytes(size, "big") if header.endswith("binary") else f"{length:0{size}d}".encode()


async def _length(receiver: BufferedByteReceiveStream, header: Header) -> int:
    found = await receiver.receive_exactly(int(header[0]))
    return int.from_bytes(found, "big") if header.endswith("binary") else int(found)


def _reset(stream: ByteStream) -> None:
    raw = stream.extra(anyio.abc.SocketAttribute.raw_socket, None)
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
