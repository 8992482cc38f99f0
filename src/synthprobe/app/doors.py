"""What leaves a simulated router: kept as it is instead of sent, and then told of."""

from datetime import datetime

import httpx
import msgspec

from synthprobe.app.simulated import Delivered, DeliveredAlert, seconds_after
from synthprobe.clock import Clock
from synthprobe.core import routes
from synthprobe.core.conditions import WATCHDOG
from synthprobe.core.notifications import Notification
from synthprobe.core.responders import ESCALATION
from synthprobe.core.routes import Integration, Routes
from synthprobe.senders.outgoing import Outgoing, Secrets, Sender


class Doors(httpx.AsyncBaseTransport):
    """Where everything that is sent comes by; it arrives at once."""

    def __init__(self, clock: Clock) -> None:
        self.passed: list[tuple[datetime, Notification]] = []
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Keep a message, and take it."""
        message = msgspec.json.decode(request.content, type=Notification)
        self.passed.append((self._clock.now(), message))
        return httpx.Response(200)


def _keep(message: Notification, _integration: Integration, _secrets: Secrets) -> Outgoing:
    return Outgoing("POST", "http://simulated/", {}, msgspec.json.encode(message))


KEPT = Sender(render=_keep, refusal=lambda _status, _body: None)
"""The way out of every kind of receiver: as it is."""


def is_heartbeat(message: Notification) -> bool:
    """Whether it only says that we live, which is no news of a timeline's."""
    return all(alert.labels.get("alertname") == WATCHDOG for alert in message.alerts)


def delivered(at: datetime, message: Notification, start: datetime, tree: Routes) -> Delivered:
    """A message as the simulation tells of it."""
    foremost = message.foremost[0] if message.foremost else None
    return Delivered(
        t=seconds_after(at, start),
        at=at,
        receiver=_paging_receiver(message, tree) if message.person else message.receiver,
        person=message.person or None,
        contact=message.contact or None,
        kind=message.kind,
        reason=message.reason,
        incident=foremost.number if foremost else None,
        scope=foremost.scope if foremost else None,
        level=message.level,
        late=message.late,
        alerts=tuple(DeliveredAlert(alert.labels, alert.status) for alert in message.alerts),
    )


def _paging_receiver(message: Notification, tree: Routes) -> str:
    """The first receiver that pages among those of the alerts it is about."""
    for alert in message.alerts:
        for route in routes.match(tree.root, alert.labels, alert.starts_at):
            receiver = tree.receivers[route.receiver]
            if any(integration.kind == ESCALATION for integration in receiver.integrations):
                return receiver.name
    return message.receiver
