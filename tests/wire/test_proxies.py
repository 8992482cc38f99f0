"""Egress proxies: the way through one, for plain HTTP and TLS; all that goes wrong with one is our own trouble."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import trustme
from wire_servers import LOCAL, OK, Script, both_loops, request, says, serving, sighting

from free_ports import free_ports
from synthprobe.clock import system
from synthprobe.core.failures import Kind
from synthprobe.wire.contexts import Pem, TlsOptions
from synthprobe.wire.guard import Guard
from synthprobe.wire.proxy import Via
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire, WireFailure

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert("shop.test")
TLS = TlsOptions(Pem(AUTHORITY.cert_pem.bytes().decode()))


@asynccontextmanager
async def tunnelling(target: int, heads: list[bytes]) -> AsyncIterator[int]:
    """A proxy that leads every CONNECT to one port here, whatever name was asked for."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        writer.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
        try:
            await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async with serving(script) as port:
        yield port


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def ask(url: str, via: Via, guard: Guard = LOCAL, deadline: float = 5.0) -> httpx.Response:
    """Ask through a proxy; only the proxy's own name can be looked up here."""
    clock = system()
    answers = {"proxy.test": ["127.0.0.1"]}
    wire = Wire(clock, Resolver(clock, lookup=lambda name: answers[name]), guard=guard)
    extensions = {"via": via, "named": True, "tls": TLS}
    return await wire.handle_async_request(request(url, deadline=deadline, extensions=extensions))


async def fail(script: Script, deadline: float = 5.0) -> WireFailure:
    """The failure of a request through a proxy that plays `script`."""
    async with serving(script) as port:
        with pytest.raises(WireFailure) as caught:
            await ask("http://shop.test/", Via("127.0.0.1", port), deadline=deadline)
    return caught.value


async def test_plain_http_goes_through_a_tunnel_and_the_proxy_gets_the_name() -> None:
    heads: list[bytes] = []
    async with serving(says(OK)) as target, tunnelling(target, heads) as port:
        response = await ask("http://shop.test/pay", Via("proxy.test", port, "prober", "geheim"))
    assert response.content == b"ok"
    pair = base64.b64encode(b"prober:geheim").decode()
    assert heads[0].decode() == (
        f"CONNECT shop.test:80 HTTP/1.1\r\nHost: shop.test:80\r\nProxy-Authorization: Basic {pair}\r\n\r\n"
    )


async def test_tls_is_spoken_with_the_target_and_the_proxys_time_is_its_own() -> None:
    async with serving(says(OK), _tls_server()) as target, tunnelling(target, []) as port:
        response = await ask("https://shop.test/", Via("proxy.test", port))
    seen = sighting(response)
    assert seen.tls is not None
    assert seen.tls.names == ("shop.test",)
    assert (seen.phases.proxy or 0) > 0
    assert seen.phases.resolve is None
    assert seen.phases.connect is None
    assert seen.peer == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(
            says(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
            "it answered '407 Proxy Authentication Required' to CONNECT shop.test:80; name its username",
            id="it wants a password",
        ),
        pytest.param(
            says(b"HTTP/1.0 502 Bad Gateway\r\n\r\nno"),
            "it may not reach the target",
            id="it reaches nothing",
        ),
        pytest.param(says(b"SSH-2.0-x\r\n\r\n"), "does not answer in HTTP/1.1", id="it is no proxy"),
        pytest.param(says(b"HTTP/1.1 200"), "closed the connection before it answered", id="it hangs up"),
        pytest.param(says(b"X" * 100_000), "larger than 65,536 bytes", id="it talks without end"),
        pytest.param(
            says(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
            "bytes of its own after it had opened the way",
            id="it answers in the target's place",
        ),
    ],
)
async def test_a_proxy_that_opens_no_way_is_our_own_trouble(script: Script, words: str) -> None:
    failure = await fail(script)
    assert (failure.kind, failure.phase) == (Kind.PROBER_UNWELL, "proxy")
    assert words in failure.message
    assert not failure.sighting.bytes_sent
    assert failure.sighting.phases.proxy is not None


async def test_a_silent_proxy_is_our_own_trouble() -> None:
    failure = await fail(says(then="stall"), deadline=0.3)
    assert (failure.kind, failure.phase) == (Kind.PROBER_UNWELL, "proxy")
    assert "did not open the way within the deadline of 0.3 s" in failure.message


async def test_a_proxy_that_is_not_there_is_our_own_trouble() -> None:
    (port,) = free_ports(1)
    with pytest.raises(WireFailure) as caught:
        await ask("http://shop.test/", Via("127.0.0.1", port))
    assert (caught.value.kind, caught.value.phase) == (Kind.PROBER_UNWELL, "proxy")
    assert f"connection refused by 127.0.0.1:{port}" in caught.value.message


async def test_what_goes_wrong_behind_the_proxy_is_the_targets() -> None:
    async with serving(says()) as target, tunnelling(target, []) as port:
        with pytest.raises(WireFailure) as caught:
            await ask("http://shop.test/", Via("127.0.0.1", port))
    assert (caught.value.kind, caught.value.phase) == (Kind.RESET, "wait")


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "0xa9fea9fe", "2852039166", "[::ffff:169.254.169.254]", "169.254.169.254."]
)
async def test_a_proxy_is_not_asked_for_what_we_must_not_reach(host: str) -> None:
    heads: list[bytes] = []
    async with serving(says(OK)) as target, tunnelling(target, heads) as port:
        with pytest.raises(WireFailure) as caught:
            await ask(f"http://{host}/latest", Via("127.0.0.1", port))
    assert caught.value.kind is Kind.BLOCKED
    assert not heads


async def test_the_proxys_own_address_is_judged_too() -> None:
    with pytest.raises(WireFailure) as caught:
        await ask("http://shop.test/", Via("127.0.0.1", 3128), guard=Guard())
    assert caught.value.kind is Kind.BLOCKED


def test_a_proxys_password_is_not_in_what_python_prints() -> None:
    assert "geheim" not in repr(Via("proxy.test", 3128, "prober", "geheim"))


def _tls_server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CERTIFICATE.configure_cert(context)
    return context
