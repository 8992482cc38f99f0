"""TLS: what a certificate shows, also when it is refused, and handshakes that go wrong."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography import x509
from wire_servers import LOCAL, OK, Script, both_loops, request, says, serving, sighting

from synthprobe.clock import Clock, system
from synthprobe.core.failures import Kind
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire, WireFailure

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AUTHORITY = trustme.CA()
GOOD = AUTHORITY.issue_cert("localhost", "127.0.0.1", organization_name="Acme")
EXPIRED = AUTHORITY.issue_cert("127.0.0.1", not_after=NOW - timedelta(days=3, hours=1))
EARLY = AUTHORITY.issue_cert(
    "127.0.0.1", not_before=datetime(2999, 1, 1, tzinfo=UTC), not_after=datetime(2999, 2, 1, tzinfo=UTC)
)
ELSEWHERE = AUTHORITY.issue_cert("api.example.com", "www.example.com")
STRANGER = trustme.CA().issue_cert("127.0.0.1")


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wire") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


def serial(certificate: trustme.LeafCert) -> int:
    """The certificate's number by another reader than ours."""
    return x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes()).serial_number


def server_context(
    certificate: trustme.LeafCert, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    if newest is ssl.TLSVersion.TLSv1_1:
        context.minimum_version = newest
        context.set_ciphers("DEFAULT@SECLEVEL=0")
    certificate.configure_cert(context)
    return context


async def ask_tls(
    ca: Path | None,
    context: ssl.SSLContext | None,
    script: Script | None = None,
    host: str = "127.0.0.1",
    deadline: float = 2.0,
) -> httpx.Response:
    clock = Clock(now=lambda: NOW, monotonic=system().monotonic)
    wire = Wire(clock, Resolver(clock, lookup=lambda _name: ["127.0.0.1"]), guard=LOCAL, ca=ca)
    async with serving(script or says(OK), context) as port:
        return await wire.handle_async_request(request(f"https://{host}:{port}/", deadline=deadline))


async def fail_tls(
    ca: Path | None,
    context: ssl.SSLContext | None,
    script: Script | None = None,
    host: str = "127.0.0.1",
    deadline: float = 2.0,
) -> WireFailure:
    with pytest.raises(WireFailure) as caught:
        await ask_tls(ca, context, script, host, deadline)
    return caught.value


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_good_certificate_is_described(ca: Path, version: ssl.TLSVersion, host: str) -> None:
    response = await ask_tls(ca, server_context(GOOD, version), host=host)
    seen = sighting(response)
    assert response.content == b"ok"
    assert seen.tls is not None
    assert seen.tls.version == version.name.replace("v1_", "v1.")
    assert seen.tls.cipher
    assert seen.tls.names == ("localhost", "127.0.0.1")
    assert "O=Acme" in (seen.tls.subject or "")
    assert "O=trustme" in (seen.tls.issuer or "")
    assert seen.tls.not_after is not None
    assert seen.tls.not_after > NOW
    assert (seen.phases.tls or 0) > 0


@pytest.mark.parametrize(
    ("certificate", "kind", "words"),
    [
        pytest.param(EXPIRED, Kind.TLS_EXPIRED, "expired 3 days ago (2026-11-19)", id="expired"),
        pytest.param(EARLY, Kind.TLS_EXPIRED, "is not valid before 2999-01-01", id="not yet valid"),
        pytest.param(
            ELSEWHERE,
            Kind.TLS_HOSTNAME,
            "is for api.example.com, www.example.com, not for 127.0.0.1",
            id="another name",
        ),
        pytest.param(
            STRANGER, Kind.TLS_UNTRUSTED, "not trusted: unable to get local issuer", id="another authority"
        ),
    ],
)
@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"]
)
async def test_a_refused_certificate_is_described_too(
    ca: Path, version: ssl.TLSVersion, certificate: trustme.LeafCert, kind: Kind, words: str
) -> None:
    failure = await fail_tls(ca, server_context(certificate, version))
    assert (failure.kind, failure.phase) == (kind, "tls")
    assert words in failure.message
    tls = failure.sighting.tls
    assert tls is not None
    assert tls.not_after is not None
    assert tls.names
    assert int(tls.serial or "", 16) == serial(certificate)
    assert not failure.sighting.bytes_sent


async def test_without_the_ca_the_system_decides() -> None:
    assert (await fail_tls(None, server_context(GOOD))).kind is Kind.TLS_UNTRUSTED


async def test_tls_before_1_2_is_refused(ca: Path) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context = server_context(GOOD, ssl.TLSVersion.TLSv1_1)
    failure = await fail_tls(ca, context)
    assert failure.phase == "tls"
    assert failure.kind in (Kind.TLS_ERROR, Kind.RESET)  # as the server bothers to say why or not


async def test_an_alert_is_a_tls_error_with_its_reason(ca: Path) -> None:
    async def alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x28")
        await writer.drain()
        await reader.read()

    failure = await fail_tls(ca, None, alert)
    assert (failure.kind, failure.phase) == (Kind.TLS_ERROR, "tls")
    assert "handshake failure" in failure.message


async def test_a_server_that_speaks_no_tls_is_named_as_such(ca: Path) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    failure = await fail_tls(ca, None, speak)
    assert (failure.kind, failure.phase) == (Kind.TLS_ERROR, "tls")
    assert "does not seem to speak TLS" in failure.message


async def test_a_close_in_the_handshake_is_a_reset(ca: Path) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)
        writer.close()

    failure = await fail_tls(ca, None, leave)
    assert (failure.kind, failure.phase) == (Kind.RESET, "tls")
    assert "during the TLS handshake" in failure.message


async def test_a_handshake_that_stalls_is_a_timeout(ca: Path) -> None:
    async def stall(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    failure = await fail_tls(ca, None, stall, deadline=0.3)
    assert (failure.kind, failure.phase) == (Kind.TIMEOUT, "tls")


async def test_a_body_that_ends_without_a_tls_goodbye_is_cut_short(ca: Path) -> None:
    """Whoever can cut the line could else shorten a body that only its end delimits (RFC 9112, 9.8)."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
        await writer.drain()

    failure = await fail_tls(ca, server_context(GOOD), cut)
    assert failure.kind is Kind.RESET
    assert failure.phase == "receive"


async def test_a_large_body_comes_through_tls_whole_both_ways(ca: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(5_000_000)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + body)
        await writer.drain()
        await reader.read()

    clock = system()
    async with serving(echo, server_context(GOOD)) as port:
        url = f"https://127.0.0.1:{port}/"
        asked = request(url, "POST", 10.0, content=b"x" * 5_000_000, extensions={"max_body": 5_000_000})
        response = await Wire(clock, Resolver(clock), guard=LOCAL, ca=ca).handle_async_request(asked)
    assert response.content == b"x" * 5_000_000


async def test_a_trust_store_that_cannot_be_read_is_our_own_fault(tmp_path: Path) -> None:
    failure = await fail_tls(tmp_path / "none.pem", server_context(GOOD))
    assert failure.kind is Kind.SCRIPT_ERROR
    assert failure.message.endswith("none.pem cannot be read: No such file or directory")
    assert not failure.sighting.bytes_sent


async def test_a_host_that_no_certificate_can_name_is_no_traceback(ca: Path) -> None:
    assert (await fail_tls(ca, server_context(GOOD), host=".shop.test")).kind is Kind.TLS_HOSTNAME
