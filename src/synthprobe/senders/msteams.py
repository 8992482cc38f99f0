"""Microsoft Teams by a workflow's webhook: an Adaptive Card.

Source: learn.microsoft.com (Teams workflows "when a Teams webhook request is received": 200 or 202; a message of at most
28 KB; Adaptive Cards 1.4). An answer that is a number and an error text in 200 is a refusal of the old connectors.
"""

import msgspec

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.senders import wording
from synthprobe.senders.outgoing import Outgoing, Secrets, Sender, http_refusal, secret_option, text_option

SIZE_MOST = 26_000
"""Bytes of a whole message; Teams refuses more than 28 KB."""
URLS_MOST = 4

Element = dict[str, object]


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Outgoing:
    """The POST of a notification."""
    zone = text_option(integration, "location")
    return Outgoing(
        method="POST",
        url=secret_option(integration, "webhook_url", secrets),
        headers={"Content-Type": "application/json", "Idempotency-Key": notification.key},
        body=_fitting(notification, zone),
    )


def refusal(status: int, body: bytes) -> str | None:
    """A connector answers 200 and writes what went wrong: only `1`, or nothing, is a delivery."""
    refused = http_refusal(status, body)
    said = " ".join(body[:200].decode("utf-8", "replace").split())
    if refused or "error" not in said.lower():
        return refused
    return f"answered {status} but said {said!r}"


SENDER = Sender(render=render, refusal=refusal)


def _fitting(notification: Notification, zone: str) -> bytes:
    """The card with as many parts as fit."""
    parts = wording.parts(notification)
    count = len(parts)
    while True:
        encoded = msgspec.json.encode(_message(notification, parts[:count], zone, left=len(parts) - count))
        if len(encoded) <= SIZE_MOST or count == 0:
            return encoded
        count -= 1


def _message(notification: Notification, parts: tuple[wording.Part, ...], zone: str, *, left: int) -> Element:
    title = wording.cut(wording.title(notification), wording.TITLE_MOST)
    color = "Good" if notification.status == "resolved" else "Attention"
    more = f" · {left} more are on the page" if left else ""
    body: list[Element] = [
        {
            "type": "TextBlock",
            "text": title,
            "weight": "Bolder",
            "size": "Medium",
            "color": color,
            "wrap": True,
        },
        *([_text(notification.note)] if notification.note else []),
        *(element for part in parts for element in _part(part, zone)),
        {**_text(wording.footer(notification) + more), "isSubtle": True, "size": "Small"},
    ]
    links = [(part.title, part.url) for part in parts if part.url][:URLS_MOST]
    card: Element = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in links],
        "msteams": {"width": "Full"},
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "summary": title, "attachments": [attachment]}


def _part(part: wording.Part, zone: str) -> list[Element]:
    facts = [
        {"title": line.name, "value": _plain(wording.said(line, zone)) + _link(line)} for line in part.lines
    ]
    return [
        {
            "type": "TextBlock",
            "text": _plain(part.title),
            "weight": "Bolder",
            "wrap": True,
            "separator": True,
        },
        {"type": "FactSet", "facts": facts},
    ]


def _link(line: wording.Line) -> str:
    return f" [open]({line.url})" if line.url else ""


def _text(text: str) -> Element:
    return {"type": "TextBlock", "text": _plain(text), "wrap": True}


def _plain(text: str) -> str:
    """Text in which nothing is Markdown: what a target said must not become a link."""
    return "".join(f"\\{char}" if char in "\\`*_[]()#<>|~" else char for char in text)
