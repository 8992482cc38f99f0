"""All that the server knows, shared by its handlers."""

import json
from typing import Any

from aiohttp import web
from anyio.abc import TaskGroup
from msgspec import Struct

from payments.faults import Fault, Faults
from payments.hooks import Messenger
from payments.keys import Keys
from payments.ledger import Ledger, Payment, Refused
from payments.settings import Settings
from payments.things import Things
from synthprobe import clock


class Call(Struct, frozen=True):
    """One call of the API as it came, before any fault."""

    operation: str
    method: str
    path: str
    key: str
    """Its idempotency key."""
    traceparent: str
    body: str


class Provider:
    """The provider: settings, faults, and what happened."""

    def __init__(self, tasks: TaskGroup) -> None:
        self.clock = clock.system()
        self.tasks = tasks
        self.settings = Settings()
        self.faults = Faults()
        self.keys = Keys()
        self.ledger = Ledger(self.clock.monotonic)
        self.things = Things(self.clock.monotonic)
        self.calls: list[Call] = []
        self.messenger = Messenger(tasks, self.faults, lambda: self.settings)

    async def tell(self, event: str, payment: Payment) -> None:
        """Tell of something that happened to a payment."""
        await self.messenger.tell(event, payment.id, payment.shown(), payment.callback_url)


PROVIDER = web.AppKey("provider", Provider)
FAULT = web.RequestKey("fault", Fault)


async def json_body(request: web.Request) -> dict[str, Any]:
    """The body of a request, an empty one as `{}`; raises `Refused`."""
    text = await request.read()
    try:
        body = json.loads(text or b"{}")
    except ValueError:
        raise Refused(400, "no_json", "the body is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "no_object", "the body is no object")
    return body
