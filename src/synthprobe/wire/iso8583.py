"""ISO 8583 messages as bytes: the length header before each, and the fields inside; the only importer of pyiso8583.

A message that is no answer to the one sent (another type, another trace number) is passed over: hosts send echo requests
and late answers on the same connection. So are empty frames, by which some hosts keep a connection alive.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

import iso8583
from iso8583 import specs
from msgspec import Struct

from synthprobe.core.failures import Kind
from synthprobe.wire.failures import Fault
from synthprobe.wire.line import Line
from synthprobe.wire.sockets import Channel
from synthprobe.wire.taking import Taking

MOST = 16 * 1024
"""Bytes of one message; the longest that 128 fields make in practice is far shorter."""

PASSED_OVER = 16
"""Frames that may come before the answer."""

Fields: TypeAlias = Mapping[str, str]
"""Field numbers with their values; `t` is the message type, binary fields are hexadecimal."""


class Encoding(StrEnum):
    """How numbers and text are written."""

    ASCII = "ascii"
    EBCDIC = "ebcdic"
    BCD = "bcd"
    BINARY = "binary"


class Format(StrEnum):
    """The layout of all fields, where nothing else is said of one."""

    ASCII = "ascii"
    """Everything as ASCII text, bitmaps and binary fields in hexadecimal."""
    BINARY = "binary"
    """ASCII text, with bitmaps, PIN, ICC data and MAC as bytes."""
    EBCDIC = "ebcdic"
    """As binary, with EBCDIC (code page 500) in place of ASCII."""


class Field(Struct, frozen=True):
    """How one field is written: its own encoding, and for one of variable length that of its length."""

    data: Encoding
    most: int
    """Bytes it has, or has at most; of a BCD field, digits."""
    digits: int = 0
    """Digits of its length: 2 for LLVAR, 3 for LLLVAR, 0 for a fixed length."""
    length: Encoding = Encoding.ASCII


class Dialect(Struct, frozen=True):
    """How a host writes its messages."""

    format: Format = Format.ASCII
    fields: tuple[tuple[str, Field], ...] = ()
    """Fields that are written otherwise than the format says."""
    newer: bool = False
    """Whether it is the version of 1993 or later (message types 1xxx, 2xxx), where some fields are longer."""


class Header(Struct, frozen=True):
    """The length before each message."""

    size: int = 2
    encoding: Encoding = Encoding.BINARY
    counts_itself: bool = False
    prefix: bytes = b""
    """Bytes between the length and the message (a TPDU, say), sent as they are and passed over in answers."""


class Exchanged(Struct, frozen=True):
    """One message's answer, and how many frames were passed over before it."""

    answer: Fields
    passed_over: int = 0


def encode(fields: Fields, dialect: Dialect) -> bytes:
    """A message. Raises `Fault` (script_error) for a field that its layout does not take."""
    try:
        data, _ = iso8583.encode(dict(fields), _spec(dialect))
    except (iso8583.EncodeError, KeyError, ValueError) as error:
        raise Fault(Kind.SCRIPT_ERROR, f"the message was not sent: {_told(error)}") from None
    return bytes(data)


def decode(data: bytes, dialect: Dialect) -> dict[str, str]:
    """The fields of a message, its bitmaps left out. Raises `Fault` (protocol_error)."""
    try:
        fields, _ = iso8583.decode(data, _spec(dialect))
    except (iso8583.DecodeError, KeyError, ValueError) as error:
        raise Fault(Kind.PROTOCOL_ERROR, f"the answer is no ISO 8583 message: {_told(error)}") from None
    return {name: value for name, value in fields.items() if name not in ("p", "1")}


def frame(message: bytes, header: Header) -> bytes:
    """A message behind its length. Raises `Fault` (script_error) when that does not fit."""
    length = len(header.prefix) + len(message) + (header.size if header.counts_itself else 0)
    try:
        if header.encoding is Encoding.BINARY:
            shown = length.to_bytes(header.size)
        else:
            shown = f"{length:0{header.size}d}".encode(
                "ascii" if header.encoding is Encoding.ASCII else "cp500"
            )
    except OverflowError:
        shown = b""
    if len(shown) != header.size:
        text = f"the message was not sent: {length} bytes do not fit a length of {header.size} bytes"
        raise Fault(Kind.SCRIPT_ERROR, text)
    return shown + header.prefix + message


async def exchange(
    line: Line, channel: Channel, asked: Fields, dialect: Dialect, header: Header
) -> Exchanged:
    """Send one message and read until its answer comes. Raises `Fault` and `OSError`."""
    data = frame(encode(asked, dialect), header)
    await line.send(channel, data)
    taking = Taking(line, channel)
    for passed_over in range(PASSED_OVER + 1):
        message = await _message(taking, header)
        if message and answers(asked, answer := decode(message, dialect)):
            return Exchanged(answer, passed_over)
    text = f"{line.watch.where} sent {PASSED_OVER + 1} messages, none of them the answer to {asked['t']}"
    raise Fault(Kind.PROTOCOL_ERROR, text)


def answers(asked: Fields, heard: Fields) -> bool:
    """Whether a message answers another: its type is that of a response to it, and its trace number the same."""
    same = all(heard.get(name, value) == value for name, value in asked.items() if name == _STAN)
    return heard.get("t") == response_type(asked["t"]) and same


def response_type(asked: str) -> str:
    """The type of the answer: 0110 for 0100 and for its repeat 0101, 1814 for 1804 (ISO 8583-1, 4.1)."""
    function, origin = int(asked[2]), int(asked[3])
    return f"{asked[:2]}{function + 1}{origin - origin % 2}"


_STAN = "11"


async def _message(taking: Taking, header: Header) -> bytes:
    """The next message without its length and prefix; empty for an empty frame. Raises `Fault` and `OSError`."""
    length = length_of(await taking.take(header.size, "a length"), header)
    if length > MOST:
        text = f"{taking.where} announced a message of {length:,} bytes; the limit is {MOST:,}"
        raise Fault(Kind.TOO_LARGE, text)
    body = await taking.take(length, "a message")
    return body[len(header.prefix) :]


def length_of(shown: bytes, header: Header) -> int:
    """The length a header names, of all that follows it. Raises `Fault` (protocol_error)."""
    if header.encoding is Encoding.BINARY:
        length = int.from_bytes(shown)
    else:
        digits = shown.decode("ascii" if header.encoding is Encoding.ASCII else "cp500", "replace")
        if not (digits.isascii() and digits.isdigit()):
            text = f"the length before the answer is no number ({shown.hex()}): is its `header` another?"
            raise Fault(Kind.PROTOCOL_ERROR, text)
        length = int(digits)
    length -= header.size if header.counts_itself else 0
    if length < 0:
        raise Fault(Kind.PROTOCOL_ERROR, "the length before the answer is shorter than itself")
    return length


def _told(error: Exception) -> str:
    """What is wrong and with which field; never what is in it."""
    if isinstance(error, iso8583.EncodeError):
        return f"field {error.field}: {_lower(error.msg)}"
    if isinstance(error, iso8583.DecodeError):
        return f"field {error.field} at byte {error.pos}: {_lower(error.msg)}"
    return "it has a field that no layout describes"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


@lru_cache(maxsize=64)
def _spec(dialect: Dialect) -> Mapping[str, Mapping[str, Any]]:
    made = {name: dict(layout) for name, layout in _FORMATS[dialect.format].items()}
    for name, (width, most) in _NEWER.items() if dialect.newer else ():
        made[name] |= {"len_type": width, "max_len": most}
    if dialect.format is Format.EBCDIC:
        for layout in made.values():
            layout |= {key: "cp500" for key in ("data_enc", "len_enc") if layout[key] == "ascii"}
    return made | {name: _layout(field) for name, field in dialect.fields}


_NEWER = {
    "12": (0, 12),
    "22": (0, 12),
    "25": (0, 4),
    "26": (0, 4),
    "30": (0, 24),
    "39": (0, 3),
    "43": (2, 99),
    "56": (2, 35),
}
"""Digits of the length, and length, of fields that ISO 8583:1993 changed."""

_FORMATS: Mapping[Format, Mapping[str, Mapping[str, Any]]] = {
    Format.ASCII: specs.default_ascii,
    Format.BINARY: specs.default,
    Format.EBCDIC: specs.default,
}


def _layout(field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {
        "data_enc": _CODECS[field.data],
        "len_enc": "bcd" if field.length is Encoding.BCD else _CODECS[field.length],
        "len_type": _width(field),
        "max_len": field.most,
        "desc": "",
    }
    if field.data is Encoding.BCD:
        made |= {"len_count": "nibbles", "left_pad": "0"}
    return made


_CODECS = {Encoding.ASCII: "ascii", Encoding.EBCDIC: "cp500", Encoding.BCD: "b", Encoding.BINARY: "b"}


def _width(field: Field) -> int:
    """Bytes that the length of a field takes."""
    if field.length in (Encoding.BCD, Encoding.BINARY):
        return (field.digits + 1) // 2
    return field.digits
