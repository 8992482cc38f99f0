"""Mail against a server on this machine: what it holds, how it threads, and what happens when the server does not want it."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from msgspec.structs import replace
from notified import ALERT, FIRING, RESOLVED

from free_ports import free_ports
from synthprobe import clock
from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.router.mailing import Mailing
from synthprobe.senders import email
from synthprobe.senders.outgoing import Answer, Letter
from synthprobe.wire.connecting import Ways
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Server:
    """Takes mail, or answers what it is told to."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.users: list[str] = []
        self.rcpt = self.data = "250 OK"
        self.slow = 0.0

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.slow)
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return self.data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.users.append(f"{data.login.decode()}:{data.password.decode()}")
        return AuthResult(success=data.password == b"s3cret")


@contextmanager
def serving(server: Server, **options: Any) -> Iterator[int]:
    (port,) = free_ports(1)
    controller = Controller(server, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def letter(port: int, message: Notification = FIRING, **options: Any) -> Letter:
    given = {
        "to": "Duty <duty@example.test>, two@example.test",
        "from_": "synthprobe <probe@example.test>",
        "smarthost": f"localhost:{port}",
        "require_tls": False,
        "location": "Europe/Oslo",
        **options,
    }
    made = email.render(message, Integration("email", 0, given), lambda _: "s3cret\n")
    assert isinstance(made, Letter)
    return made


async def send(
    made: Letter, context: ssl.SSLContext | None = None, deadline: float = 5, *, loopback: bool = True
) -> Answer:
    ways = Ways(Resolver(clock.system()), Guard(loopback=loopback))
    return await Mailing(ways, context, deadline)(made)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_a_mail_says_it_in_text_and_in_html() -> None:
    server = Server()
    with serving(server) as port:
        hostile = replace(ALERT, annotations={**ALERT.annotations, "actual": "<script>alert(1)</script>"})
        assert (await send(letter(port, replace(FIRING, alerts=(hostile,))))).failure == ""
    mail = parsed(server.mails[0])
    assert mail["Subject"] == "[FIRING #7] card fails in emea: step capture"
    assert mail["To"] == "Duty <duty@example.test>, two@example.test"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "failing since: 2026-07-01 09:00:00 UTC (11:00 Europe/Oslo)" in text.get_content()
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()


def test_the_mails_of_one_incident_are_one_thread_and_each_has_its_own_id() -> None:
    first, over = (parsed(letter(25, message).content) for message in (FIRING, replace(RESOLVED, key="k2")))
    again = parsed(letter(25).content)
    assert first["References"] == first["In-Reply-To"] == over["References"]
    assert first["Message-ID"] == again["Message-ID"] != over["Message-ID"]
    other = replace(FIRING, receiver="others")
    assert parsed(letter(25, other).content)["References"] != first["References"]


def test_nothing_that_a_target_said_makes_a_header_of_its_own() -> None:
    hostile = replace(FIRING, incidents=(replace(FIRING.incidents[0], title="x\r\nBcc: all@evil.test"),))
    mail = parsed(letter(25, hostile).content)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[FIRING #7] x Bcc: all@evil.test"


async def test_it_logs_in_and_speaks_tls_only_where_the_file_says_so() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = Server()
    options = {"require_starttls": True, "authenticator": server.authenticate, "auth_required": True}
    with serving(server, tls_context=context, **options) as port:
        given: dict[str, Any] = {
            "auth_username": "probe",
            "auth_password_file": "secrets/mail",
            "require_tls": True,
        }
        assert (await send(letter(port, **given), trusting)).failure == ""
        untrusted = await send(letter(port, **given))
        assert not untrusted.arrived
        assert "certificate" in untrusted.failure.lower()
    assert (server.users, len(server.mails)) == (["probe:s3cret"], 1)


async def test_without_starttls_nothing_is_sent_where_it_is_required() -> None:
    server = Server()
    with serving(server) as port:
        answer = await send(letter(port, require_tls=True))
    assert answer.failure
    assert server.mails == []


@pytest.mark.parametrize(
    ("rcpt", "data", "why"),
    [
        pytest.param("550 no such user", "250 OK", "recipients were refused: 550", id="nobody of that name"),
        pytest.param("451 try later", "250 OK", "recipients were refused: 451", id="greylisted"),
        pytest.param("250 OK", "452 full", "answered 452: full", id="the disk is full"),
        pytest.param("250 OK", "554 spam", "answered 554: spam", id="taken for spam"),
    ],
)
async def test_a_server_that_does_not_want_it_is_an_attempt_that_failed(
    rcpt: str, data: str, why: str
) -> None:
    server = Server()
    server.rcpt, server.data = rcpt, data
    with serving(server) as port:
        answer = await send(letter(port))
    assert why in answer.failure


async def test_a_server_that_hangs_at_the_end_may_have_taken_it() -> None:
    server = Server()
    server.slow = 1.0
    with serving(server) as port:
        answer = await send(letter(port), deadline=0.5)
    assert (answer.arrived, "within 0.5 s" in answer.failure) == (True, True)


async def test_a_server_that_is_away_or_not_allowed_got_nothing() -> None:
    (port,) = free_ports(1)
    away = await send(letter(port))
    forbidden = await send(letter(port), loopback=False)
    assert ("cannot be reached" in away.failure, away.arrived) == (True, False)
    assert ("was not connected to" in forbidden.failure, forbidden.arrived) == (True, False)
