"""A handshake and nothing more: what the peer shows, also when it is refused."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from line_servers import lines
from wire_servers import both_loops, endless, says, serving

from synthprobe.core.failures import Kind
from synthprobe.wire.contexts import Pem, TlsOptions
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.handshake import Shown, look
from synthprobe.wire.lines import Call

pytestmark = pytest.mark.anyio
anyio_backend = both_loops

AUTHORITY = trustme.CA()
BETWEEN = AUTHORITY.create_child_ca()
TRUSTED = Pem(AUTHORITY.cert_pem.bytes().decode())
GOOD = BETWEEN.issue_cert("localhost", "127.0.0.1", organization_name="Acme")
EXPIRED = BETWEEN.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=3))  # noqa: TID251 - the wire's clock is the machine's here
ELSEWHERE = BETWEEN.issue_cert("api.example.com")


def served(certificate: trustme.LeafCert, *protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


async def shown_by(
    context: ssl.SSLContext | None, options: TlsOptions, name: str = "", deadline: float = 5.0
) -> Shown:
    script = says() if context else endless(b"", b"")
    async with serving(script, context) as port:
        return await look(lines(), Call("127.0.0.1", port, deadline, tls=options, server_name=name))


async def test_the_whole_chain_is_shown_with_what_was_agreed() -> None:
    shown = await shown_by(served(GOOD, "h2"), TlsOptions(ca=TRUSTED, alpn=("h2", "http/1.1")))
    assert shown.refusal is None
    assert (shown.tls.version, shown.protocol) == ("TLSv1.3", "h2")
    assert shown.tls.names == ("localhost", "127.0.0.1")
    assert [each.issuer for each in shown.chain][:1] == [shown.chain[1].subject]
    assert shown.chain[0].serial == shown.tls.serial
    assert not shown.sighting.bytes_sent


async def test_the_certificate_may_be_for_another_name_than_was_connected_to() -> None:
    shown = await shown_by(served(ELSEWHERE), TlsOptions(ca=TRUSTED), name="api.example.com")
    assert shown.refusal is None


@pytest.mark.parametrize(
    ("certificate", "options", "kind"),
    [
        pytest.param(EXPIRED, TlsOptions(ca=TRUSTED), Kind.TLS_EXPIRED, id="expired"),
        pytest.param(ELSEWHERE, TlsOptions(ca=TRUSTED), Kind.TLS_HOSTNAME, id="another name"),
        pytest.param(GOOD, TlsOptions(), Kind.TLS_UNTRUSTED, id="another authority"),
    ],
)
async def test_a_refused_certificate_is_shown_with_why(
    certificate: trustme.LeafCert, options: TlsOptions, kind: Kind
) -> None:
    shown = await shown_by(served(certificate), options)
    assert shown.refusal is not None
    assert shown.refusal.kind is kind
    assert shown.tls.not_after is not None
    assert len(shown.chain) == 2
    assert shown.chain[0].names == shown.tls.names


async def test_a_handshake_that_is_none_is_a_failure(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await reader.read()

    for script, kind in ((silent, Kind.TIMEOUT), (garbage, Kind.TLS_ERROR)):
        async with serving(script) as port:
            with pytest.raises(WireFailure) as caught:
                await look(lines(), Call("127.0.0.1", port, 0.5, tls=TlsOptions(ca=TRUSTED)))
        assert (caught.value.kind, caught.value.phase) == (kind, "tls")
    with pytest.raises(WireFailure) as caught:
        await look(lines(), Call("127.0.0.1", 1, 0.5, tls=TlsOptions(ca=tmp_path / "none.pem")))
    assert caught.value.kind is Kind.SCRIPT_ERROR
