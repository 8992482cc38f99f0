"""Slack incoming webhooks: blocks for people, and a fallback text that says the same in one line.

Source: docs.slack.dev (Block Kit limits: header 150, section text 3000, 50 blocks; escaping of & < >).
"""

from datetime import UTC, datetime

import msgspec

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.senders import wording
from synthprobe.senders.outgoing import Outgoing, Secrets, Sender, http_refusal, secret_option, text_option

HEADER_MOST = 150
SECTION_MOST = 3000

Block = dict[str, object]


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Outgoing:
    """The POST of a notification to an incoming webhook."""
    message: Block = {"text": headline(notification), "blocks": blocks(notification)}
    if channel := text_option(integration, "channel"):
        message["channel"] = channel
    return Outgoing(
        method="POST",
        url=secret_option(integration, "api_url", secrets),
        headers={"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": notification.key},
        body=msgspec.json.encode(message),
    )


def refusal(status: int, body: bytes) -> str | None:
    """Slack answers some refusals with 200: only the body `ok` is a delivery."""
    refused = http_refusal(status, body)
    if refused or body.strip() == b"ok":
        return refused
    said = " ".join(body[:200].decode("utf-8", "replace").split())
    return f"answered {status} but said {said!r} instead of 'ok'"


def headline(notification: Notification) -> str:
    """One line: the fallback text, shown in the phone's notification."""
    line = " · ".join(part for part in (wording.title(notification), notification.note) if part)
    return _escape(wording.cut(line, SECTION_MOST))


def blocks(notification: Notification) -> list[Block]:
    """The message as Block Kit: title, note, incidents, alerts, reason."""
    title = wording.cut(wording.title(notification), HEADER_MOST)
    footer = _escape(wording.footer(notification))
    return [
        {"type": "header", "text": {"type": "plain_text", "text": title}},
        *([_section(_escape(notification.note))] if notification.note else []),
        *(_section(_part(part)) for part in wording.parts(notification)),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": footer}]},
    ]


SENDER = Sender(render=render, refusal=refusal)


def _part(part: wording.Part) -> str:
    title = f"<{part.url}|{_escape(part.title)}>" if part.url else _escape(part.title)
    return "\n".join([f"*{title}*", *map(_line, part.lines)])


def _line(line: wording.Line) -> str:
    value = _instant(line.at) if line.at else _escape(line.value)
    return f"{line.name}: {value}{f' · <{line.url}|open>' if line.url else ''}"


def _instant(at: datetime) -> str:
    """UTC for everybody, and the reader's own zone by Slack's date markup."""
    utc = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{utc} (<!date^{int(at.timestamp())}^{{time_secs}}|{utc}> your time)"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": wording.cut(text, SECTION_MOST)}}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
