"""The ISO 8583 listener of the reference server, with each length header, with TLS, and with its faults."""

import socket
import ssl
from pathlib import Path
from typing import Any

import iso8583
import pytest
import trustme

from payments.faults import Fault, Kind
from payments.listener import prefix, spec_of
from payments.settings import Header
from payments.starting import PaymentServer, payment_server

ECHO = {"t": "0800", "7": "1126213500", "11": "000001", "70": "301"}
AUTHORISATION = {
    "t": "0100",
    "3": "000000",
    "4": "000000000107",
    "11": "000002",
    "41": "TERM0001",
    "49": "978",
}
REVERSAL = {**AUTHORISATION, "t": "0400"}


class Terminal:
    """A connection that sends and receives messages."""

    def __init__(self, connection: socket.socket, header: Header = Header.BINARY_2) -> None:
        self.header = header
        self._file = connection.makefile("rwb")

    def ask(self, message: dict[str, str]) -> dict[str, Any]:
        encoded, _ = iso8583.encode({"h": "", **message}, spec_of(message["t"]))
        self._file.write(prefix(self.header, len(encoded)) + encoded)
        self._file.flush()
        size = self._file.read(int(self.header[0]))
        length = int.from_bytes(size, "big") if self.header.endswith("binary") else int(size)
        decoded, _ = iso8583.decode(self._file.read(length), spec_of(message["t"]))
        return decoded


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize("header", list(Header))
def test_an_echo_is_answered_with_every_length_header(provider: PaymentServer, header: Header) -> None:
    provider.settings(iso={"header": header})
    with connect(provider.iso8583_port) as connection:
        answer = Terminal(connection, header).ask(ECHO)
    assert (answer["t"], answer["39"], answer["11"], answer["70"]) == ("0810", "00", "000001", "301")


def test_a_message_of_1993_gets_an_action_code_of_three_digits(provider: PaymentServer) -> None:
    with connect(provider.iso8583_port) as connection:
        answer = Terminal(connection).ask({"t": "1804", "11": "000009", "12": "261126213500", "24": "831"})
    assert (answer["t"], answer["39"]) == ("1814", "000")


def test_an_authorisation_is_reversed_once_and_the_second_time_is_no_harm(provider: PaymentServer) -> None:
    with connect(provider.iso8583_port) as connection:
        terminal = Terminal(connection)
        assert terminal.ask(REVERSAL)["39"] == "25"
        assert terminal.ask(AUTHORISATION)["38"] != ""
        assert [terminal.ask(REVERSAL)["39"] for _ in range(2)] == ["00", "00"]
    (done,) = (one for one in provider.ledger().authorisations if one.stan == "000002")
    assert (done.amount, done.reversals) == ("000000000107", 2)


def test_a_decline_and_a_lost_answer_come_on_demand(provider: PaymentServer) -> None:
    provider.fault(Fault(operation="iso_authorise", kind=Kind.DECLINE, code="91"))
    provider.fault(Fault(operation="iso_authorise", kind=Kind.LOSE))
    with connect(provider.iso8583_port) as connection:
        terminal = Terminal(connection)
        assert terminal.ask({**AUTHORISATION, "11": "000003"})["39"] == "91"
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            terminal.ask({**AUTHORISATION, "11": "000004"})
    assert "000004" in [one.stan for one in provider.ledger().authorisations]


def test_a_reset_ends_the_connection(provider: PaymentServer) -> None:
    provider.fault(Fault(operation="iso_echo", kind=Kind.RESET))
    with connect(provider.iso8583_port) as connection, pytest.raises(ConnectionResetError):
        Terminal(connection).ask(ECHO)


def test_the_same_is_spoken_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with (
        payment_server(tls=(chain, key)) as server,
        connect(server.iso8583_tls_port) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        assert Terminal(connection).ask(ECHO)["39"] == "00"
