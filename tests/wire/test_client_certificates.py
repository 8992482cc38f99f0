"""Client certificates: from files and from secrets, and what is said when a server does not get one it likes."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import trustme
from wire_servers import LOCAL, OK, both_loops, request

from synthprobe.clock import system
from synthprobe.core.failures import Kind
from synthprobe.wire.contexts import Contexts, Pem, Source, TlsOptions
from synthprobe.wire.failures import Fault
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire, WireFailure

anyio_backend = both_loops

AUTHORITY = trustme.CA()
SERVER = AUTHORITY.issue_cert("127.0.0.1")
OURS = AUTHORITY.issue_cert("prober@acme.example")
STRANGER = trustme.CA().issue_cert("prober@acme.example")
VERSIONS = pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"]
)
CA = Pem(AUTHORITY.cert_pem.bytes().decode())


def chain(certificate: trustme.LeafCert) -> str:
    return "".join(blob.bytes().decode() for blob in certificate.cert_chain_pems)


def key(certificate: trustme.LeafCert) -> str:
    return certificate.private_key_pem.bytes().decode()


def demanding(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A server that wants to know who we are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    SERVER.configure_cert(context)
    AUTHORITY.configure_trust(context)
    return context


async def ask(options: TlsOptions, context: ssl.SSLContext) -> httpx.Response:
    clock = system()
    wire = Wire(clock, Resolver(clock), guard=LOCAL)
    with _listening(context) as port:
        asked = request(f"https://127.0.0.1:{port}/", extensions={"tls": options})
        return await wire.handle_async_request(asked)


@contextmanager
def _listening(context: ssl.SSLContext) -> Iterator[int]:
    """A server in a thread: asyncio's own keeps to itself the alert that says why a handshake failed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_one, args=(listener, context))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


def _answer_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    accepted, _ = listener.accept()
    with accepted, suppress(OSError):
        try:
            with context.wrap_socket(accepted, server_side=True) as secured:
                secured.recv(65536)
                secured.sendall(OK)
                secured.unwrap()
        except ssl.SSLError:
            # Read what the client sent meanwhile: closed unread, it would get a reset before the alert.
            accepted.settimeout(1)
            while accepted.recv(65536):
                pass


async def fail(options: TlsOptions, context: ssl.SSLContext) -> WireFailure:
    with pytest.raises(WireFailure) as caught:
        await ask(options, context)
    return caught.value


def in_files(folder: Path) -> tuple[Source, Source]:
    (folder / "ours.pem").write_text(chain(OURS))
    (folder / "ours.key").write_text(key(OURS))
    return folder / "ours.pem", folder / "ours.key"


@pytest.mark.anyio
@VERSIONS
async def test_a_certificate_from_files_is_shown(tmp_path: Path, version: ssl.TLSVersion) -> None:
    certificate, its_key = in_files(tmp_path)
    response = await ask(TlsOptions(CA, certificate, its_key), demanding(version))
    assert response.status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("certificate", "its_key"),
    [
        pytest.param(Pem(chain(OURS)), Pem(key(OURS)), id="apart"),
        pytest.param(Pem(key(OURS) + chain(OURS)), None, id="in one text"),
    ],
)
async def test_a_certificate_from_secrets_is_shown(certificate: Pem, its_key: Pem | None) -> None:
    assert (await ask(TlsOptions(CA, certificate, its_key), demanding())).status_code == 200


def test_a_secret_leaves_no_file_and_is_not_in_what_python_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    options = TlsOptions(CA, Pem(chain(OURS)), Pem(key(OURS)))
    assert "PRIVATE" not in repr(options)
    opened: list[object] = []
    monkeypatch.setattr("tempfile.NamedTemporaryFile", lambda *names: opened.append(names))
    assert Contexts().context(options).has_client_cert
    assert not opened


def test_where_there_are_no_memory_files_a_temporary_one_is_gone_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr("os.memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert Contexts().context(TlsOptions(CA, Pem(chain(OURS)), Pem(key(OURS)))).has_client_cert
    assert not list(tmp_path.iterdir())


@pytest.mark.anyio
async def test_a_missing_certificate_is_named_where_the_protocol_names_it() -> None:
    failure = await fail(TlsOptions(CA), demanding())
    assert failure.kind is Kind.TLS_ERROR
    assert failure.message.endswith("; it wants a client certificate, and the request names none (`tls:`)")


@pytest.mark.anyio
async def test_a_missing_certificate_is_guessed_where_the_protocol_has_no_word_for_it() -> None:
    failure = await fail(TlsOptions(CA), demanding(ssl.TLSVersion.TLSv1_2))
    assert (failure.kind, failure.phase) == (Kind.TLS_ERROR, "tls")
    assert "may want a client certificate" in failure.message


@pytest.mark.anyio
@VERSIONS
async def test_a_certificate_that_is_not_accepted_is_told_apart(version: ssl.TLSVersion) -> None:
    failure = await fail(TlsOptions(CA, Pem(chain(STRANGER)), Pem(key(STRANGER))), demanding(version))
    assert failure.kind is Kind.TLS_ERROR
    assert failure.message.endswith("unknown ca; it does not accept our client certificate")


@pytest.mark.anyio
async def test_a_server_below_the_oldest_version_wanted_is_refused() -> None:
    context = demanding(ssl.TLSVersion.TLSv1_2)
    context.verify_mode = ssl.CERT_NONE
    failure = await fail(TlsOptions(CA, min_version="1.3"), context)
    assert (failure.kind, failure.phase) == (Kind.TLS_ERROR, "tls")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(
            TlsOptions(Path("/none/ca.pem")), "/none/ca.pem cannot be read: No such file", id="no file"
        ),
        pytest.param(TlsOptions(Pem("geheim")), "(ca) cannot be used", id="a ca that is no PEM"),
        pytest.param(TlsOptions(CA, Pem("geheim")), "it is not PEM", id="a certificate that is no PEM"),
        pytest.param(
            TlsOptions(CA, Pem(chain(OURS)), Pem(key(STRANGER))), "another certificate's", id="another's key"
        ),
        pytest.param(
            TlsOptions(CA, Pem(chain(OURS)), Pem(key(OURS).replace("BEGIN", "BEGIN ENCRYPTED"))),
            "client certificate cannot be used",
            id="a key that cannot be read",
        ),
    ],
)
def test_what_cannot_be_used_is_told_without_showing_it(options: TlsOptions, words: str) -> None:
    with pytest.raises(Fault, match="the request was not sent: ") as caught:
        Contexts().context(options)
    assert caught.value.kind is Kind.SCRIPT_ERROR
    assert words in caught.value.message
    assert "geheim" not in caught.value.message


def test_contexts_are_shared_until_a_file_changes(tmp_path: Path) -> None:
    certificate, its_key = in_files(tmp_path)
    contexts, options = Contexts(), TlsOptions(CA, certificate, its_key)
    first = contexts.context(options)
    assert contexts.context(TlsOptions(CA, certificate, its_key)) is first
    (tmp_path / "ours.pem").write_text(chain(OURS) + "\n")
    assert contexts.context(options) is not first
