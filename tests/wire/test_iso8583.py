"""ISO 8583 over TCP: framing of every kind, answers among other messages, and hosts that break it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import anyio
import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso8583 import specs
from line_servers import fail_with, hears, resets, talk_to
from wire_servers import Script, both_loops

from synthprobe.core.failures import Kind
from synthprobe.wire.failures import Fault
from synthprobe.wire.iso8583 import (
    MOST,
    Dialect,
    Encoding,
    Field,
    Format,
    Header,
    decode,
    encode,
    exchange,
    frame,
    length_of,
    response_type,
)

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

ECHO = {"t": "0800", "7": "1126214500", "11": "000042", "70": "301"}
PLAIN = Header()
ASCII = Dialect()
talk = partial(exchange, asked=ECHO, dialect=ASCII, header=PLAIN)


def answered(**fields: str) -> bytes:
    """A framed answer to the echo, made by the library itself."""
    named = {"t": "0810", "11": "000042", "39": "00"} | {
        name.removeprefix("f"): value for name, value in fields.items()
    }
    message, _ = iso8583.encode(named, specs.default_ascii)
    return len(message).to_bytes(2) + bytes(message)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(Header(), id="two bytes"),
        pytest.param(Header(4), id="four bytes"),
        pytest.param(Header(4, Encoding.ASCII), id="four digits"),
        pytest.param(Header(4, Encoding.EBCDIC), id="four digits in EBCDIC"),
        pytest.param(Header(2, counts_itself=True), id="a length that counts itself"),
        pytest.param(Header(2, prefix=bytes.fromhex("6000030000")), id="a TPDU"),
    ],
)
@pytest.mark.parametrize("format", list(Format))
async def test_a_host_is_asked_and_answers(header: Header, format: Format) -> None:
    dialect = Dialect(format)

    async def host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = length_of(await reader.readexactly(header.size), header)
        asked = decode((await reader.readexactly(size))[len(header.prefix) :], dialect)
        assert asked == ECHO
        writer.write(frame(encode({**asked, "t": "0810", "39": "00"}, dialect), header))

    found, seen = await talk_to(host, partial(exchange, asked=ECHO, dialect=dialect, header=header))
    assert (found.answer["t"], found.answer["39"], found.answer["11"]) == ("0810", "00", "000042")
    assert seen.bytes_sent


async def test_the_bytes_are_those_of_the_standard() -> None:
    """ISO 8583:1987 by hand: type, bitmap with fields 3, 11 and 41, the fields."""
    fields = {"t": "0100", "3": "000000", "11": "000001", "41": "TERM0001"}
    assert encode(fields, Dialect(Format.ASCII)) == b"0100" + b"2020000000800000" + b"000000000001TERM0001"
    assert encode(fields, Dialect(Format.BINARY)) == (
        b"0100" + bytes.fromhex("2020000000800000") + b"000000000001TERM0001"
    )
    packed = Dialect(
        Format.BINARY, (("3", Field(Encoding.BCD, 6)), ("2", Field(Encoding.BCD, 19, 2, Encoding.BCD)))
    )
    message = encode({"t": "0100", "2": "4242424242424", "3": "000000"}, packed)
    assert message == b"0100" + bytes.fromhex("6000000000000000" + "13" + "04242424242424" + "000000")
    assert decode(message, packed)["2"] == "4242424242424"


async def test_messages_that_answer_nothing_are_passed_over() -> None:
    others = (
        b"\0\0",
        answered(ft="0800", f39="00"),
        answered(f11="000041"),
        answered(f39="00"),
    )
    found, _ = await talk_to(hears(b"".join(others), then="stall"), talk)
    assert (found.answer["39"], found.passed_over) == ("00", 3)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("0100", "0110"),
        ("0101", "0110"),
        ("0400", "0410"),
        ("0420", "0430"),
        ("0800", "0810"),
        ("1804", "1814"),
    ],
)
def test_the_type_of_an_answer_follows_from_the_question(asked: str, answer: str) -> None:
    assert response_type(asked) == answer


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        pytest.param(hears(then="stall"), Kind.TIMEOUT, "no byte", id="a stall"),
        pytest.param(
            hears(*[b"\0"] * 50, pause=0.05), Kind.TIMEOUT, "did not finish", id="empty frames that drip"
        ),
        pytest.param(
            hears(answered()[:9], then="stall"), Kind.TIMEOUT, "did not finish", id="half a message"
        ),
        pytest.param(hears(), Kind.RESET, "closed", id="a close without a word"),
        pytest.param(resets, Kind.RESET, "reset", id="a reset"),
        pytest.param(hears(b"\0"), Kind.RESET, "1 of 2 bytes of a length", id="a truncated length"),
        pytest.param(hears(answered()[:9]), Kind.RESET, "7 of", id="a message cut short"),
        pytest.param(hears(b"\xff\xff", then="stall"), Kind.TOO_LARGE, "65,535", id="a huge length"),
        pytest.param(hears(b"\0\x20" + b"\xff" * 32), Kind.PROTOCOL_ERROR, "no ISO 8583", id="garbage"),
        pytest.param(
            hears(b"\0\x16" + b"0810" + b"zzzzzzzzzzzzzzzz00"),
            Kind.PROTOCOL_ERROR,
            "field p",
            id="a bitmap that is none",
        ),
        pytest.param(
            hears(answered(f11="000041") * 99), Kind.PROTOCOL_ERROR, "17 messages", id="endless others"
        ),
        pytest.param(hears(b"\0\0" * 99), Kind.PROTOCOL_ERROR, "17 messages", id="endless empty frames"),
        pytest.param(
            hears(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Kind.TOO_LARGE, "18,516", id="another protocol"
        ),
    ],
)
async def test_a_hostile_host_is_a_typed_failure(script: Script, kind: Kind, words: str) -> None:
    with anyio.fail_after(10):
        failure = await fail_with(script, talk, 0.3 if kind is Kind.TIMEOUT else 5.0)
    assert failure.kind is kind
    assert words in failure.message
    assert failure.sighting.bytes_sent


async def test_a_length_in_digits_that_is_none_names_the_way_out() -> None:
    found = await fail_with(
        hears(b"\0\x20abcd"), partial(exchange, asked=ECHO, dialect=ASCII, header=Header(4, Encoding.ASCII))
    )
    assert found.kind is Kind.PROTOCOL_ERROR
    assert "header" in found.message


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"4": "1"}, "field 4: field data is 1 bytes, expecting 12", id="too short"),
        pytest.param(
            {"2": "4" * 20}, "field 2: field data is 20 bytes, larger than maximum 19", id="too long"
        ),
        pytest.param({"52": "x" * 17}, "field 52", id="not hexadecimal"),
        pytest.param({"43": "é" * 40}, "field 43", id="not ASCII"),
        pytest.param({"129": "x"}, "no layout", id="a field beyond 128"),
    ],
)
def test_fields_that_do_not_fit_are_our_own_fault_and_not_shown(fields: dict[str, str], words: str) -> None:
    with pytest.raises(Fault) as caught:
        encode({"t": "0100", **fields}, ASCII)
    assert caught.value.kind is Kind.SCRIPT_ERROR
    assert words in caught.value.message
    assert "44444" not in caught.value.message


def test_a_message_too_long_for_its_header_is_our_own_fault() -> None:
    with pytest.raises(Fault, match="do not fit a length of 2 bytes"):
        frame(b"x" * 100, Header(2, Encoding.ASCII))
    with pytest.raises(Fault, match="do not fit a length of 2 bytes"):
        frame(b"x" * 65536, Header(2))


STARTS = (
    b"",
    b"0810",
    b"0110" + bytes.fromhex("c2200000028000000000000004000000"),
    b"0810C22000000280000080",
)


@contextmanager
def suppress_protocol_error() -> Iterator[None]:
    """Lets that one failure pass, and no other."""
    try:
        yield
    except Fault as fault:
        if fault.kind is not Kind.PROTOCOL_ERROR:
            raise


@given(st.binary(max_size=512), st.sampled_from(Format))
def test_whatever_comes_is_fields_or_a_typed_failure(data: bytes, format: Format) -> None:
    for start in STARTS:
        with suppress_protocol_error():
            assert len(decode(start + data, Dialect(format))["t"]) == 4


@given(
    st.dictionaries(
        st.sampled_from(["2", "32", "35", "48", "60", "102"]),
        st.from_regex(r"[0-9A-Z]{1,11}", fullmatch=True),
    ),
    st.sampled_from(Format),
)
def test_what_is_written_is_read_again(fields: dict[str, str], format: Format) -> None:
    whole = {"t": "0100", "11": "000001", **fields}
    assert decode(encode(whole, Dialect(format)), Dialect(format)) == whole


def test_the_limit_is_above_what_a_header_of_digits_can_say() -> None:
    assert MOST > 9999
