"""Mail: text and HTML, one thread an incident by Message-ID, In-Reply-To and References (RFC 5322)."""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.senders import wording
from synthprobe.senders.outgoing import (
    Letter,
    Secrets,
    Sender,
    Unrenderable,
    secret_option,
    text_option,
)

IMPLICIT_TLS = 465
SUBJECT_MOST = 200


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Letter:
    """The mail of a notification."""
    host, _, port = text_option(integration, "smarthost").rpartition(":")
    recipients = tuple(each.strip() for each in text_option(integration, "to").split(",") if each.strip())
    sender, username = text_option(integration, "from_"), text_option(integration, "auth_username")
    return Letter(
        host=host.strip("[]"),
        port=int(port),
        tls=_tls(int(port), integration),
        username=username,
        password=secret_option(integration, "auth_password", secrets) if username else "",
        sender=parseaddr(sender)[1],
        recipients=tuple(parseaddr(each)[1] for each in recipients),
        content=_message(notification, sender, recipients, text_option(integration, "location")).as_bytes(),
    )


def _tls(port: int, integration: Integration) -> str:
    if port == IMPLICIT_TLS:
        return "tls"
    return "starttls" if integration.options.get("require_tls", True) else "off"


SENDER = Sender(render=render, refusal=lambda _status, _body: None)


def thread_id(notification: Notification, domain: str) -> str:
    """The id of the first mail of a thread: of the foremost incident, else of the group."""
    named = next(iter(notification.foremost), None)
    about = f"{named.uid if named else notification.group_key}/{notification.receiver}"
    return f"<{hashlib.sha256(about.encode()).hexdigest()[:32]}.thread@{domain}>"


def _message(notification: Notification, sender: str, recipients: tuple[str, ...], zone: str) -> EmailMessage:
    domain = sender.rpartition("@")[2].strip("> ") or "synthprobe.invalid"
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _address(sender)
        message["To"] = [_address(each) for each in recipients]
    except (ValueError, IndexError) as error:
        raise Unrenderable(f"an address of the mail is none: {error}") from error
    message["Subject"] = _one_line(wording.cut(_subject(notification), SUBJECT_MOST))
    message["Date"] = format_datetime(notification.created_at)
    key = hashlib.sha256(notification.key.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{key}@{domain}>"
    # No mail has this id itself: every one is an answer to it, so that they stand together whichever came first.
    message["In-Reply-To"] = message["References"] = thread_id(notification, domain)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Synthprobe-Key"] = _one_line(notification.key)
    message.set_content(wording.plain(notification, zone))
    message.add_alternative(_html(notification, zone), subtype="html")
    return message


def _subject(notification: Notification) -> str:
    """The same in all mails of a thread but for the first word: some readers thread by it."""
    return wording.title(notification)


def _html(notification: Notification, zone: str) -> str:
    color = "#1a7f37" if notification.status == "resolved" else "#b42318"
    note = f"<p><strong>{escape(notification.note)}</strong></p>" if notification.note else ""
    parts = "".join(_part(part, zone) for part in wording.parts(notification))
    return (
        '<!doctype html><html lang="en"><body style="font-family:system-ui,sans-serif;font-size:15px;max-width:42em">'
        f'<h1 style="font-size:18px;color:{color}">{escape(wording.title(notification))}</h1>{note}{parts}'
        f'<p style="color:#666;font-size:13px">{escape(wording.footer(notification))}</p></body></html>'
    )


def _part(part: wording.Part, zone: str) -> str:
    title = escape(part.title)
    heading = f'<a href="{escape(part.url)}">{title}</a>' if part.url else title
    rows = "".join(_row(line, zone) for line in part.lines)
    return f'<h2 style="font-size:16px">{heading}</h2><table cellpadding="3">{rows}</table>'


def _row(line: wording.Line, zone: str) -> str:
    link = f' <a href="{escape(line.url)}">open</a>' if line.url else ""
    said = escape(wording.said(line, zone))
    return f'<tr><th align="left" valign="top">{escape(line.name)}</th><td>{said}{link}</td></tr>'


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    return Address(name, addr_spec=spec)


def _one_line(text: str) -> str:
    return " ".join(text.split())
