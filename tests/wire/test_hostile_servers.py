"""Servers that break the rules or never finish: each ends within its deadline as the right kind, none as a traceback."""

import gzip
import zlib

import anyio
import brotli
import pytest
from wire_servers import OK, Script, both_loops, endless, fail, says

from synthprobe.core.failures import Kind

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BROTLI = HEAD + b"Content-Encoding: br\r\n\r\n"
GZIP = HEAD + b"Content-Encoding: gzip\r\n\r\n"
BOMB = gzip.compress(b"\0" * 50_000_000)


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        pytest.param(endless(b"", b"H", 0.05), Kind.PROTOCOL_ERROR, "HTTP/", id="one letter again and again"),
        pytest.param(
            endless(HEAD, b"a: b\r\n", 0.02), Kind.TIMEOUT, "did not finish", id="headers that drip"
        ),
        pytest.param(
            endless(HEAD + b"Content-Length: 9999\r\n\r\n", b"x", 0.02),
            Kind.TIMEOUT,
            "0.3 s",
            id="a body that drips",
        ),
        pytest.param(
            endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Kind.PROTOCOL_ERROR, "interim", id="endless 100"
        ),
        pytest.param(
            endless(CHUNKED, b"400\r\n" + b"x" * 1024 + b"\r\n"),
            Kind.TOO_LARGE,
            "1,048,576",
            id="endless chunks",
        ),
        pytest.param(
            endless(CHUNKED + b"1;", b"x" * 65536),
            Kind.TOO_LARGE,
            "extensions",
            id="an endless chunk extension",
        ),
        pytest.param(
            endless(CHUNKED + b"0\r\n", b"a: b\r\n" * 9999), Kind.TOO_LARGE, "trailers", id="endless trailers"
        ),
        pytest.param(
            endless(CHUNKED + b"0\r\na: ", b"x" * 65536), Kind.TOO_LARGE, "trailers", id="one endless trailer"
        ),
        pytest.param(endless(HEAD + b"\r\n", b"x" * 65536), Kind.TOO_LARGE, "limit", id="an endless body"),
        pytest.param(
            says(HEAD + b"Content-Length: 1048577\r\n\r\n", then="stall"),
            Kind.TOO_LARGE,
            "1,048,577",
            id="a long body announced",
        ),
        pytest.param(says(GZIP + BOMB), Kind.TOO_LARGE, "limit", id="a gzip bomb"),
        pytest.param(
            says(HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"\0" * 50_000_000)),
            Kind.TOO_LARGE,
            "limit",
            id="a deflate bomb",
        ),
        pytest.param(
            says(HEAD + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(BOMB)),
            Kind.PROTOCOL_ERROR,
            "more than once",
            id="gzip twice in one header",
        ),
        pytest.param(
            says(HEAD + b"Content-Encoding: gzip\r\nContent-Encoding: deflate\r\n\r\nx"),
            Kind.PROTOCOL_ERROR,
            "more than once",
            id="two encodings in two headers",
        ),
        pytest.param(
            says(BROTLI + brotli.compress(b"\0" * 50_000_000)), Kind.TOO_LARGE, "limit", id="a brotli bomb"
        ),
        pytest.param(
            says(BROTLI + brotli.compress(b"hello")[:-2]),
            Kind.PROTOCOL_ERROR,
            "end mark",
            id="brotli cut short",
        ),
        pytest.param(
            says(BROTLI + b"not brotli at all"), Kind.PROTOCOL_ERROR, "corrupt", id="brotli that is none"
        ),
        pytest.param(
            says(HEAD + b"Content-Encoding: br, gzip\r\n\r\nx"),
            Kind.PROTOCOL_ERROR,
            "more than once",
            id="brotli in gzip",
        ),
        pytest.param(
            says(HEAD + b"Content-Encoding: zstd\r\n\r\nx"), Kind.PROTOCOL_ERROR, "'zstd'", id="zstd"
        ),
        pytest.param(says(GZIP + b"not gzip at all"), Kind.PROTOCOL_ERROR, "corrupt", id="gzip that is none"),
        pytest.param(
            says(GZIP + gzip.compress(b"hello")[:-3]), Kind.PROTOCOL_ERROR, "end mark", id="gzip cut short"
        ),
        pytest.param(
            says(GZIP + gzip.compress(b"") * 999),
            Kind.PROTOCOL_ERROR,
            "64 parts",
            id="gzip in a thousand parts",
        ),
        pytest.param(endless(HEAD + b"X: ", b"x" * 65536), Kind.TOO_LARGE, "65,536", id="an endless header"),
        pytest.param(
            says(HEAD + b"a: b\r\n" * 200_000 + b"\r\n", then="stall"),
            Kind.TOO_LARGE,
            "65,536",
            id="200,000 headers",
        ),
        pytest.param(
            says(b"SSH-2.0-OpenSSH_9.6\r\n"), Kind.PROTOCOL_ERROR, "HTTP/1.1", id="another protocol"
        ),
        pytest.param(says(bytes(range(256)) * 9), Kind.PROTOCOL_ERROR, "HTTP/1.1", id="garbage"),
        pytest.param(says(b"RTSP/1.0 200 OK\r\n\r\n"), Kind.PROTOCOL_ERROR, "version", id="RTSP"),
        pytest.param(says(b"HTTP/2.0 200 OK\r\n\r\n"), Kind.PROTOCOL_ERROR, "version", id="HTTP/2.0 in text"),
        pytest.param(says(b"HTTP/0.9 200 OK\r\n\r\n"), Kind.PROTOCOL_ERROR, "version", id="HTTP/0.9"),
        pytest.param(says(b"HTTP/1.1 099 OK\r\n\r\n"), Kind.PROTOCOL_ERROR, "099", id="status 099"),
        pytest.param(says(b"HTTP/1.1 2000 OK\r\n\r\n"), Kind.PROTOCOL_ERROR, "status", id="status 2000"),
        pytest.param(
            says(b"HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", then="stall"),
            Kind.PROTOCOL_ERROR,
            "101",
            id="an upgrade nobody asked for",
        ),
        pytest.param(
            says(HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            Kind.PROTOCOL_ERROR,
            "Transfer-Encoding",
            id="length and chunked",
        ),
        pytest.param(
            says(HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
            Kind.PROTOCOL_ERROR,
            "Transfer-Encoding",
            id="chunked and length",
        ),
        pytest.param(
            says(HEAD + b"Transfer-Encoding: gzip\r\n\r\nabc"),
            Kind.PROTOCOL_ERROR,
            "gzip",
            id="unknown coding",
        ),
        pytest.param(
            says(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            Kind.PROTOCOL_ERROR,
            "just chunked",
            id="two codings",
        ),
        pytest.param(
            says(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            Kind.PROTOCOL_ERROR,
            "chunked",
            id="chunked in HTTP/1.0",
        ),
        pytest.param(
            says(HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
            Kind.PROTOCOL_ERROR,
            "Content-Length",
            id="two lengths",
        ),
        pytest.param(
            says(HEAD + b"Content-Length: -3\r\n\r\nabc"),
            Kind.PROTOCOL_ERROR,
            "Content-Length",
            id="negative length",
        ),
        pytest.param(
            says(HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nabc"),
            Kind.PROTOCOL_ERROR,
            "Content-Length",
            id="a length beyond 64 bits",
        ),
        pytest.param(says(CHUNKED + b"zz\r\n"), Kind.PROTOCOL_ERROR, "chunk", id="a chunk size that is none"),
        pytest.param(
            says(OK + OK, then="stall"),
            Kind.PROTOCOL_ERROR,
            "belong to no request",
            id="two answers to one request",
        ),
        pytest.param(
            says(OK + b"more", then="stall"),
            Kind.PROTOCOL_ERROR,
            "belong to no request",
            id="more body than length",
        ),
        pytest.param(
            says(CHUNKED + b"0\r\n\r\nmore", then="stall"),
            Kind.PROTOCOL_ERROR,
            "belong to no request",
            id="more after the last chunk",
        ),
        pytest.param(
            says(b"HTTP/1.1 204 No Content\r\n\r\nmore", then="stall"),
            Kind.PROTOCOL_ERROR,
            "belong to no request",
            id="a body after 204",
        ),
        pytest.param(says(b"HTTP/1.1 200 O"), Kind.RESET, "middle of the headers", id="headers cut short"),
        pytest.param(
            says(HEAD + b"Content-Length: 10\r\n\r\nabc"),
            Kind.RESET,
            "after 3 of 10 bytes",
            id="a body cut short",
        ),
        pytest.param(
            says(CHUNKED + b"5\r\nabc"), Kind.RESET, "chunked body, after 3", id="a chunk cut short"
        ),
        pytest.param(
            says(CHUNKED + b"3\r\nabc\r\n"), Kind.RESET, "chunked body, after 3", id="no last chunk"
        ),
    ],
)
async def test_a_hostile_server_is_a_typed_failure(script: Script, kind: Kind, words: str) -> None:
    with anyio.fail_after(10):
        failure = await fail(script, deadline=0.3 if kind is Kind.TIMEOUT else 5.0)
    assert (failure.kind, failure.phase) == (kind, "receive")
    assert words in failure.message
    assert failure.sighting.bytes_sent


async def test_the_limit_of_one_request_may_differ() -> None:
    failure = await fail(says(OK), extensions={"max_body": 1})
    assert failure.kind is Kind.TOO_LARGE
