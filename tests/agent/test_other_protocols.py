"""Steps that do not speak HTTP, from the file's text to the result, against real sockets."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest
import trustme
from lined import run_lined, run_text

from payments.faults import Fault
from payments.faults import Kind as FaultKind
from payments.starting import PaymentServer, payment_server
from synthprobe.core.failures import Kind
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, StepOutcome, Verdict

PAN, PIN = "4242424242424242", "1f2e3d4c5b6a7988"

AUTHORITY = trustme.CA()
LEAF = AUTHORITY.issue_cert("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def server() -> Iterator[PaymentServer]:
    with payment_server() as started:
        yield started


@pytest.fixture(autouse=True)
def _mended(server: PaymentServer) -> Iterator[None]:
    yield
    server.mend()


def message(server: PaymentServer, type: str, fields: str, id: str = "m", rest: str = "") -> str:
    return f"""
  - id: {id}
    iso8583: {{host: 127.0.0.1, port: {server.iso8583_port}, type: "{type}", timeout: 2s, fields: {fields}}}
{rest}"""


APPROVED = """    assert: [{field: "39", equals: "00"}]
"""
CARD = f'{{"2": "{PAN}", "3": "000000", "4": "000000000107", "41": "TERM0001", "49": "978", "52": "{PIN}"}}'


def test_an_echo_an_authorisation_and_its_reversal(server: PaymentServer) -> None:
    reversal = (
        '{"3": "000000", "4": "000000000107", "11": "${{ steps.auth.stan }}", "41": "TERM0001", "49": "978"}'
    )
    before = server.ledger()
    finished = run_lined(
        "steps:"
        + message(server, "0800", '{"70": "301"}', "echo", APPROVED)
        + message(server, "0100", CARD, "auth", APPROVED + '    capture: {stan: {field: "11"}}\n')
        + message(server, "0400", reversal, "reversal", APPROVED)
    )
    assert finished.result.failure is None
    assert finished.result.outcome is Outcome.PASSED
    truth = server.ledger()
    assert truth.echoes == before.echoes + 1
    assert truth.authorisations[-1].reversals == 1


def test_of_iso_8583_only_a_few_fields_are_shown(server: PaymentServer) -> None:
    rest = '    assert: [{field: "2", equals: "4000"}, {field: "39", equals: "00"}]\n    capture: {pan: {field: "2", default: "none"}}\n'
    finished = run_lined("steps:" + message(server, "0100", CARD, "auth", rest))
    exchange = finished.result.steps[0].exchanges[0]
    shown = dict(exchange.request_headers)
    assert (shown["type"], shown["field 4"], shown["field 49"]) == ("0100", "000000000107", "978")
    assert (shown["field 2"], shown["field 52"]) == ("[redacted]", "[redacted]")
    assert len(shown["field 37"]) == 12
    everything = msgspec.json.encode((finished.result, finished.spans)).decode()
    assert PAN not in everything
    assert PAN[6:] not in everything
    assert PIN not in everything


def test_the_newer_version_of_the_standard_is_spoken_too(server: PaymentServer) -> None:
    finished = run_lined(
        "steps:"
        + message(server, "1804", '{"24": "831"}', "m", '    assert: [{field: type, equals: "1814"}]\n')
    )
    assert finished.result.failure is None


def test_a_message_whose_answer_is_lost_may_have_arrived_and_is_not_repeated(server: PaymentServer) -> None:
    server.fault(Fault(operation="iso_*", kind=FaultKind.LOSE, times=None))
    retry = "    retry: {on: [timeout], max: 1, backoff: 1ms}\n    timeout: 1s\n"
    quick = message(server, "0100", CARD, "auth", retry).replace("2s", "300ms")
    finished = run_lined("steps:" + quick)
    failure = finished.result.failure
    assert failure is not None
    assert (failure.kind, failure.phase) == (Kind.TIMEOUT, "wait")
    assert len(finished.result.steps[0].exchanges) == 1
    echo = message(server, "0800", '{"70": "301"}', "echo", retry).replace("2s", "300ms")
    assert len(run_lined("steps:" + echo).result.steps[0].exchanges) == 2


def test_a_field_that_does_not_fit_is_the_files_fault(server: PaymentServer) -> None:
    finished = run_lined("steps:" + message(server, "0100", '{"4": "1"}'))
    assert finished.result.failure is not None
    assert finished.result.failure.kind is Kind.SCRIPT_ERROR
    assert "field 4" in finished.result.failure.message


@contextmanager
def serving(
    script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> Iterator[Callable[[str], Finished]]:
    """Runs texts whose `PORT` is that of a server which plays the script, under TLS where the text says `tls`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    LEAF.configure_cert(context)

    def run(text: str) -> Finished:
        async def scenario() -> Finished:
            secure = context if "tls" in text else None
            server = await asyncio.start_server(script, "127.0.0.1", 0, ssl=secure)
            port = server.sockets[0].getsockname()[1]
            try:
                return await run_text(
                    text.replace("PORT", str(port)), {"CA": AUTHORITY.cert_pem.bytes().decode()}
                )
            finally:
                server.close()

        return asyncio.run(scenario())

    yield run


async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 ready\r\n")
    writer.write(b"250 " + await reader.readline())
    await writer.drain()
    writer.close()


TRUST = "secrets: {ca: {env: CA}}\ntls: {own: {ca: '${{ secrets.ca }}'}}\n"


@pytest.mark.parametrize("secure", ["", "      tls: own\n"], ids=["plain", "under TLS"])
def test_a_conversation_over_tcp(secure: str) -> None:
    text = f"""steps:
  - id: mail
    tcp:
      host: 127.0.0.1
      port: PORT
      expect: {{matches: "^220 .*"}}
      then: [{{send: "EHLO ${{{{ run.id }}}}\\r\\n", expect: "250 "}}]
{secure}    assert: [{{body: {{contains: EHLO}}}}, {{size: {{gt: 10}}}}, {{duration: {{lt: 30s}}}}]
"""
    with serving(greets) as run:
        finished = run((TRUST if secure else "") + text)
    assert finished.result.failure is None
    names = [span.name for span in finished.spans]
    assert "TCP 127.0.0.1:" in names[-1]


def test_an_answer_that_is_another_is_an_assertion_that_failed() -> None:
    with serving(greets) as run:
        text = 'steps: [{id: a, tcp: {host: 127.0.0.1, port: PORT, send: "x\\n", expect: {hex: "00 ff"}}}]\n'
        failure = run(text).result.failure
    assert failure is not None
    assert (failure.kind, failure.expected) == (Kind.ASSERTION, "'00 ff'")
    assert "220 ready" in (failure.actual or "")


LOOK = """steps:
  - id: look
    tls: {host: 127.0.0.1, port: PORT, profile: own, VERIFY}
    assert:
      - json: $.chain[*].names
        contains: [localhost, 127.0.0.1]
      - certificate_expires_in: {gt: 1h}
      - tls_version: {one_of: ["1.2", "1.3"]}
      - json: $.verified
        equals: true
    capture: {until: {certificate: not_after}}
"""


def test_a_handshake_shows_the_certificate() -> None:
    with serving(greets) as run:
        finished = run(TRUST + LOOK.replace("VERIFY", "alpn: [h2]"))
    assert finished.result.failure is None


@pytest.mark.parametrize(
    ("verify", "kind"),
    [
        pytest.param("server_name: other.test", Kind.TLS_HOSTNAME, id="it is the step's failure"),
        pytest.param("server_name: other.test, verify: false", Kind.ASSERTION, id="or a fact like others"),
    ],
)
def test_a_refused_certificate_is_looked_at_all_the_same(verify: str, kind: Kind) -> None:
    with serving(greets) as run:
        result = run(TRUST + LOOK.replace("VERIFY", verify)).result
    assert result.failure is not None
    assert result.failure.kind is kind
    verdicts = [each.verdict for each in result.steps[0].assertions]
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.PASS, Verdict.FAIL]
    assert result.steps[0].captures["until"]


def test_a_host_that_the_file_does_not_name_is_not_called() -> None:
    text = """secrets: {host: {env: HOST}}
steps: [{id: a, tcp: {host: "${{ secrets.host }}", port: 9}}]
"""
    result = run_lined(text, {"HOST": "127.0.0.1"}).result
    assert result.failure is not None
    assert (result.failure.kind, result.outcome) == (Kind.BLOCKED, Outcome.ERRORED)


def test_a_resolver_that_is_not_there_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    text = f"steps: [{{id: a, dns: {{name: acme.test, resolver: 127.0.0.1, port: {port}, timeout: 1s}}}}]\n"
    step = run_lined(text).result.steps[0]
    assert step.outcome is StepOutcome.FAILED
    assert step.failure is not None
    assert step.failure.kind is Kind.CONNECT_REFUSED
