"""What HTTP/1.1 allows an answer to be, read whole."""

import asyncio
import gzip
import zlib

import httpx
import pytest
from wire_servers import OK, Script, ask, both_loops, request, says, serving, sighting, wire

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

HEAD = b"HTTP/1.1 200 OK\r\n"
PACKED = gzip.compress(b"hello")
RAW_DEFLATE = zlib.compress(b"hello")[2:-4]


@pytest.mark.parametrize(
    ("script", "body"),
    [
        pytest.param(says(OK, then="stall"), b"ok", id="content-length, and the connection stays open"),
        pytest.param(says(HEAD + b"\r\nhello"), b"hello", id="ended by the close"),
        pytest.param(says(b"HTTP/1.0 200 OK\r\n\r\nhello"), b"hello", id="HTTP/1.0 ended by the close"),
        pytest.param(
            says(
                HEAD + b"Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n",
                then="stall",
            ),
            b"hello",
            id="chunked with extension and trailer",
        ),
        pytest.param(
            says(
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
                OK,
                then="stall",
            ),
            b"ok",
            id="after interim answers",
        ),
        pytest.param(says(*(OK[i : i + 1] for i in range(len(OK))), then="stall"), b"ok", id="byte by byte"),
        pytest.param(says(HEAD + b"Content-Encoding: gzip\r\n\r\n" + PACKED), b"hello", id="gzip"),
        pytest.param(
            says(HEAD + b"Content-Encoding: gzip\r\n\r\n" + PACKED * 2),
            b"hellohello",
            id="gzip in two members",
        ),
        pytest.param(
            says(HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello")),
            b"hello",
            id="deflate",
        ),
        pytest.param(
            says(HEAD + b"Content-Encoding: deflate\r\n\r\n" + RAW_DEFLATE), b"hello", id="deflate, bare"
        ),
        pytest.param(says(HEAD + b"Content-Encoding: identity\r\n\r\nhello"), b"hello", id="identity"),
        pytest.param(
            says(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"),
            b"",
            id="empty, said to be gzip",
        ),
        pytest.param(
            says(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", then="stall"), b"", id="204"
        ),
        pytest.param(
            says(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", then="stall"), b"", id="304"
        ),
        pytest.param(
            says(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", then="stall"), b"", id="without a reason"
        ),
    ],
)
async def test_an_answer_is_read_whole(script: Script, body: bytes) -> None:
    response = await ask(script)
    assert response.content == body
    assert sighting(response).http_version in ("1.0", "1.1")


async def test_head_ends_with_the_headers() -> None:
    response = await ask(says(HEAD + b"Content-Length: 1000000000\r\n\r\n", then="stall"), "HEAD")
    assert response.content == b""
    assert response.headers["content-length"] == "1000000000"


async def test_headers_stay_as_they_came() -> None:
    head = HEAD + b"Set-Cookie: a=1 \r\nset-cookie: b=2\r\nContent-Encoding: gzip\r\nX-Late: caf\xe9\r\n\r\n"
    response = await ask(says(b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + head + PACKED))
    assert response.headers.multi_items() == [
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("content-encoding", "gzip"),
        ("x-late", "café"),
    ]
    assert (response.status_code, response.reason_phrase, response.text) == (200, "OK", "hello")


async def test_the_phases_add_up_and_name_the_peer() -> None:
    left: list[float] = []
    async with serving(says(OK)) as port:
        for _ in range(7):
            response = await wire().handle_async_request(
                request(f"http://localhost:{port}/", extensions={"ip": "v4"})
            )
            seen = sighting(response)
            phases = seen.phases
            parts = [phases.resolve, phases.connect, phases.send, phases.wait, phases.receive]
            assert None not in parts
            left.append(1 - sum(part or 0 for part in parts) / seen.duration)
            assert seen.peer == f"127.0.0.1:{port}"
            assert "127.0.0.1" in seen.addresses
            assert seen.bytes_sent
            assert phases.tls is None
    # A busy machine may stop us between two phases, though hardly every time.
    assert min(left) < 0.2
    assert min(left) > -0.05


async def test_a_literal_address_has_no_resolve_phase() -> None:
    assert sighting(await ask(says(OK))).phases.resolve is None


async def test_an_early_answer_ends_a_request_that_nobody_reads() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    response = await ask(refuse, "POST", content=b"x" * 50_000_000, deadline=5.0)
    assert response.status_code == 413
    assert sighting(response).phases.wait is None


async def test_a_large_request_arrives_whole() -> None:
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(20_000_000)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n%d" % body.count(b"x"))
        writer.write_eof()

    response = await ask(count, "POST", content=b"x" * 20_000_000, deadline=10.0)
    assert response.content == b"20000000"
    assert sighting(response).phases.wait is not None


async def test_an_answer_from_a_server_that_closes_unread_is_still_read() -> None:
    async def shed(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert (await ask(shed)).status_code == 503


async def test_it_serves_as_the_transport_of_an_httpx_client() -> None:
    script = says(HEAD + b"Content-Encoding: gzip\r\n\r\n" + PACKED)
    async with serving(script) as port, httpx.AsyncClient(transport=wire()) as client:
        response = await client.get(f"http://127.0.0.1:{port}/")
    assert response.text == "hello"
    assert response.is_closed
