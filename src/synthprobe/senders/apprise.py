"""Apprise URLs: one way to a hundred services, and how a person's contacts are reached.

A phone, or a watch, shows the first words: what fails, then the facts in the order in which they are needed.
"""

from collections.abc import Mapping
from urllib.parse import quote

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.senders import wording
from synthprobe.senders.outgoing import Secrets, Sender, Shout, secret_option, text_option

BODY_MOST = 4000
"""Apprise cuts further where a service takes less."""

OWN_SERVICES = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
"""Schemes of services that one writes oneself, to which headers are sent as they stand in the URL: `?+Name=value`."""

MOODS: Mapping[str, str] = {"critical": "failure", "warning": "warning"}


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Shout:
    """The message of a notification."""
    zone = notification.location or text_option(integration, "location")
    return Shout(
        url=_with_key(secret_option(integration, "url", secrets), notification.key),
        title=wording.cut(wording.title(notification), wording.TITLE_MOST),
        body=wording.cut(wording.plain(notification, zone), BODY_MOST),
        mood=_mood(notification),
    )


SENDER = Sender(render=render, refusal=lambda _status, _body: None)


def _with_key(url: str, key: str) -> str:
    """The URL with the key as a header, where the service is one's own and takes headers; others have no place for it."""
    if url.partition("://")[0].lower() not in OWN_SERVICES:
        return url
    # Apprise decodes what stands in a URL twice.
    return f"{url}{'&' if '?' in url else '?'}+Idempotency-Key={quote(quote(key, safe=''), safe='')}"


def _mood(notification: Notification) -> str:
    if notification.status == "resolved":
        return "success"
    grave = next(iter(notification.foremost), None)
    return MOODS.get(grave.severity if grave else "", "info")
