"""A receiver that can be seen: it shows every webhook delivered to it, in the terminal and on a page."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from html import escape
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from msgspec import Struct

from synthprobe.demo.loopback import listen


class Alert(Struct, frozen=True):
    """The part of a delivered alert that is shown."""

    status: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    generatorURL: str = ""  # noqa: N815 - the payload's own name


class Incident(Struct, frozen=True):
    """The part of a delivered incident that is shown."""

    number: int = 0
    title: str = ""
    scope: str = ""
    severity: str = ""
    url: str = ""


class Payload(Struct, frozen=True):
    """Alertmanager's webhook payload, version 4, with synthprobe's own keys."""

    status: str
    receiver: str = ""
    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    notificationReason: str = ""  # noqa: N815 - the payload's own name


class Delivery(Struct, frozen=True):
    """One message as it arrived; `repeated` says that its key had been seen before."""

    path: str
    key: str
    payload: Payload
    repeated: bool = False

    @property
    def incidents(self) -> frozenset[int]:
        """The numbers of the incidents it names."""
        return frozenset(incident.number for incident in self.payload.incidents)


class Inbox:
    """What was delivered, in the order of arrival."""

    def __init__(self, tell: Callable[[Delivery], None]) -> None:
        self._tell = tell
        self._keys: set[str] = set()
        self.deliveries: list[Delivery] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take a delivery by POST, or show what was delivered."""
        if request.method != "POST":
            return web.Response(text=page(self.deliveries), content_type="text/html", headers=_HEADERS)
        try:
            payload = msgspec.json.decode(await request.read(), type=Payload)
        except msgspec.MsgspecError as trouble:
            return web.Response(status=400, text=f"not a webhook payload: {trouble}\n")
        self._take(request, payload)
        return web.Response(text="ok\n")

    def _take(self, request: web.BaseRequest, payload: Payload) -> None:
        key = request.headers.get("Idempotency-Key", "")
        delivery = Delivery(request.path, key, payload, repeated=bool(key) and key in self._keys)
        self._keys.add(key)
        self.deliveries.append(delivery)
        self._tell(delivery)


@asynccontextmanager
async def receiving(port: int, tell: Callable[[Delivery], None]) -> AsyncIterator[Inbox]:
    """Take deliveries on a port of 127.0.0.1 until the block ends. Raises `OSError` where the port is taken."""
    inbox = Inbox(tell)
    async with listen({port: inbox.answer}):
        yield inbox


def lines(delivery: Delivery) -> Sequence[str]:
    """A delivery as a person reads it in a terminal."""
    payload = delivery.payload
    named = ", ".join(f"#{incident.number}" for incident in payload.incidents) or "no incident"
    again = " (the same message again)" if delivery.repeated else ""
    found = [f"PAGE  {payload.status.upper()}  incident {named}, reason {payload.notificationReason}{again}"]
    found += [_alert_line(alert) for alert in payload.alerts]
    found.append(f"key {delivery.key or 'none'}")
    found += [_link(incident.url) for incident in payload.incidents if incident.url]
    return found


def page(deliveries: Sequence[Delivery]) -> str:
    """What was delivered as a plain page, the newest first."""
    shown = "".join(
        f"<pre>{escape(chr(10).join(lines(delivery)))}</pre>" for delivery in reversed(deliveries)
    )
    return _PAGE.format(shown=shown or "<p>Nothing was delivered yet.</p>")


def _alert_line(alert: Alert) -> str:
    return f"{alert.status}: {alert.annotations.get('summary') or alert.labels.get('alertname', 'an alert')}"


def _link(url: str) -> str:
    return url if urlsplit(url).scheme in ("http", "https") else ""


_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>What was delivered</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="3"></head>
<body><h1>What was delivered</h1>{shown}</body>
</html>
"""
