"""Framing against h11, an independent implementation: what its server writes, however cut, is read as it was meant."""

import gzip
import zlib
from contextlib import suppress
from typing import Any

import brotli
import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprobe.wire.failures import Fault
from synthprobe.wire.framing import Framing
from synthprobe.wire.limits import Limits

LIMITS = Limits(body=4096, headers=4096)
HEADER = st.tuples(
    st.from_regex(rb"X-[A-Za-z0-9-]{1,10}", fullmatch=True),
    st.from_regex(rb"[!-~\x80-\xff]([ -~\x80-\xff]{0,20}[!-~\x80-\xff])?", fullmatch=True),
)
PARTS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 204 N\r\n",
    b"HTTP/1.1 100 C\r\n\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"\r\n",
    b"\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"abc",
    b":",
    b" ",
    b"\0",
    b";",
]
ENCODERS = {b"": lambda body: body, b"gzip": gzip.compress, b"deflate": zlib.compress, b"br": brotli.compress}


@settings(max_examples=100, deadline=None)
@given(
    status=st.integers(200, 599),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    headers=st.lists(HEADER, max_size=5),
    pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=6),
    framing=st.sampled_from(["length", "chunked", "close"]),
    encoding=st.sampled_from(list(ENCODERS)),
    interim=st.integers(0, 3),
    cuts=st.lists(st.integers(1, 700), max_size=8),
)
def test_what_h11_writes_is_read_as_meant(
    status: int,
    method: str,
    headers: list[tuple[bytes, bytes]],
    pieces: list[bytes],
    framing: str,
    encoding: bytes,
    interim: int,
    cuts: list[int],
) -> None:
    body = ENCODERS[encoding](b"".join(pieces))
    own = [(b"Content-Encoding", encoding)] if encoding else []
    own += [(b"Content-Length", b"%d" % len(body))] if framing == "length" else []
    written = _written_by_h11(
        method, status, [*headers, *own], body, interim, "1.0" if framing == "close" else "1.1"
    )
    read = Framing(method, LIMITS)
    for piece in _cut(written, cuts):
        read.feed(piece)
    read.end()
    bodiless = method == "HEAD" or status in (204, 304)
    assert read.status == status
    assert read.body() == (b"" if bodiless else b"".join(pieces))
    assert [item for item in read.headers if item[0].startswith(b"X-")] == headers


@settings(max_examples=200, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.lists(
            st.sampled_from(PARTS),
            max_size=12,
        ).map(b"".join),
    ),
    cuts=st.lists(st.integers(1, 40), max_size=8),
)
def test_no_bytes_whatever_end_in_anything_but_an_answer_or_a_fault(data: bytes, cuts: list[int]) -> None:
    read = Framing("GET", LIMITS)
    with suppress(Fault):
        for piece in _cut(data, cuts):
            read.feed(piece)
        read.end()
        assert isinstance(read.body(), bytes)
        assert 200 <= read.status <= 999


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    pieces = []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    return [piece for piece in [*pieces, data] if piece]


def _written_by_h11(
    method: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes, interim: int, version: str
) -> bytes:
    server = h11.Connection(h11.SERVER)
    server.receive_data(f"{method} / HTTP/{version}\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    while server.next_event() is not h11.PAUSED and server.their_state is h11.SEND_BODY:
        pass
    events: list[Any] = []
    if version == "1.1":
        events += [h11.InformationalResponse(status_code=103, headers=headers)] * interim
    events.append(h11.Response(status_code=status, headers=headers))
    if method != "HEAD" and status not in (204, 304):
        events += [h11.Data(data=body[at : at + 100]) for at in range(0, len(body), 100)]
    if method == "HEAD" or status in (204, 304):
        return b"".join(server.send(event) or b"" for event in events)
    events.append(h11.EndOfMessage())
    return b"".join(server.send(event) or b"" for event in events)
