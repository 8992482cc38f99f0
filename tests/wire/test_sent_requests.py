"""What is sent, and what is refused before anything is."""

import asyncio
from collections.abc import AsyncIterator
from socket import has_dualstack_ipv6

import httpx
import pytest
from wire_servers import OK, Script, both_loops, request, serving, wire

from synthprobe import __version__
from synthprobe.core.failures import Kind
from synthprobe.wire.decoding import ACCEPTED
from synthprobe.wire.transport import WireFailure

pytestmark = pytest.mark.anyio
anyio_backend = both_loops


def recorder(sent: list[bytes]) -> Script:
    """Answers when the request's last byte, a full stop or an empty line, has come."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        while not data.endswith((b".", b"\r\n\r\n")) or data.endswith(b"Content-Length: 5\r\n\r\n"):
            data += await reader.read(1000)
        sent.append(data)
        writer.write(OK)
        await writer.drain()
        await reader.read()

    return script


async def send(method: str = "GET", target: str = "/", **kwargs: object) -> str:
    sent: list[bytes] = []
    async with serving(recorder(sent)) as port:
        await wire().handle_async_request(request(f"http://127.0.0.1:{port}{target}", method, **kwargs))  # type: ignore[arg-type]
        return sent[0].decode().replace(f":{port}", ":80")


async def test_a_bare_request_has_the_defaults() -> None:
    assert await send(target="/a%20b?q=1&q=%C3%A9") == (
        "GET /a%20b?q=1&q=%C3%A9 HTTP/1.1\r\n"
        "Host: 127.0.0.1:80\r\n"
        "Accept: */*\r\n"
        f"Accept-Encoding: {ACCEPTED}\r\n"
        f"User-Agent: synthprobe/{__version__} (synthetic)\r\n"
        "Connection: close\r\n"
        "\r\n"
    )


async def test_the_requests_own_headers_replace_the_defaults() -> None:
    names = {
        "Host": "shop.test",
        "accept": "a/b",
        "Accept-Encoding": "identity",
        "USER-AGENT": "me",
        "Connection": "keep-alive",
    }
    text = await send(headers=names)
    assert text.count("\r\n") == 7
    assert "Host: shop.test\r\n" in text
    assert "synthprobe" not in text


@pytest.mark.parametrize(
    ("kwargs", "end"),
    [
        pytest.param({"content": b"body."}, "Content-Length: 5\r\nAccept: ", id="bytes"),
        pytest.param({"content": b""}, "Content-Length: 0\r\nAccept: ", id="an empty POST"),
        pytest.param({"data": {"a": "b."}}, "\r\n\r\na=b.", id="a form"),
    ],
)
async def test_a_body_has_its_length(kwargs: dict[str, object], end: str) -> None:
    assert end in await send("POST", **kwargs)  # type: ignore[arg-type]


async def test_a_streamed_body_is_chunked() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"bo"
        yield b"dy."

    text = await send("POST", content=stream())
    assert "Transfer-Encoding: chunked\r\n" in text
    assert text.endswith("\r\n\r\n5\r\nbody.\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param(
            request("http://127.0.0.1:1/", headers={"X-A": "1\r\nX-B: 2"}),
            "'X-A'",
            id="a line break in a value",
        ),
        pytest.param(
            request("http://127.0.0.1:1/", headers={"X-A": "1\nX-B: 2"}), "'X-A'", id="a bare line feed"
        ),
        pytest.param(request("http://127.0.0.1:1/", headers={"X-A": "1\0"}), "'X-A'", id="a NUL"),
        pytest.param(
            request("http://127.0.0.1:1/", headers={"X-A: 1\r\nX-B": "2"}),
            "name",
            id="a line break in a name",
        ),
        pytest.param(request("http://127.0.0.1:1/", headers={"": "2"}), "name", id="an empty name"),
        pytest.param(
            request("http://127.0.0.1:1/", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"),
            "method",
            id="a line break in the method",
        ),
        pytest.param(
            request("http://127.0.0.1:1/", "POST", content=b"abc", headers={"Content-Length": "9"}),
            "3 bytes",
            id="a wrong length",
        ),
        pytest.param(
            request("http://127.0.0.1:1/", "POST", content=b"abc", headers={"Transfer-Encoding": "gzip"}),
            "Transfer-Encoding",
            id="an unknown coding",
        ),
        pytest.param(request("ftp://127.0.0.1:1/"), "ftp://127.0.0.1", id="another scheme"),
        pytest.param(request("http:///path"), "no HTTP address", id="no host"),
        pytest.param(
            request("http://127.0.0.1:1/", extensions={"ip": "v5"}), "v5", id="an unknown IP version"
        ),
    ],
)
async def test_what_must_not_be_sent_is_our_own_fault_and_is_not_sent(
    asked: httpx.Request, words: str
) -> None:
    with pytest.raises(WireFailure) as caught:
        await wire().handle_async_request(asked)
    assert caught.value.kind is Kind.SCRIPT_ERROR
    assert words in caught.value.message
    assert not caught.value.sighting.bytes_sent


@pytest.mark.skipif(not has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_an_ipv6_address_stands_in_brackets() -> None:
    sent: list[bytes] = []
    async with serving(recorder(sent), host="::1") as port:
        response = await wire().handle_async_request(request(f"http://[::1]:{port}/"))
    assert f"Host: [::1]:{port}\r\n".encode() in sent[0]
    assert response.extensions["sighting"].peer == f"[::1]:{port}"
