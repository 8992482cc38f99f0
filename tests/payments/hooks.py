"""The webhooks the server sends: signed in each of the known ways, repeated until taken, and wrong where a test says so."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

import aiohttp
import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from payments.faults import Faults, HookFault, HookKind
from payments.ledger import Json
from payments.settings import Hooks, Scheme, Settings
from synthprobe import clock

PATIENCE = 5.0


class Event(Struct, frozen=True):
    """Something to tell: its payload is the same however often it is delivered."""

    id: str
    type: str
    about: str
    """The id of what it is about."""
    url: str
    body: bytes


class Delivery(Struct, frozen=True):
    """One attempt; status 0 means that no answer came."""

    event: str
    type: str
    url: str
    status: int


class Messenger:
    """Sends events, each in a task of its own."""

    def __init__(self, tasks: TaskGroup, faults: Faults, settings: Callable[[], Settings]) -> None:
        self.deliveries: list[Delivery] = []
        self._tasks = tasks
        self._faults = faults
        self._settings = settings
        self._overtaken: dict[str, list[Event]] = {}
        self._count = 0

    async def tell(self, type_: str, about: str, data: Json, url: str) -> None:
        """Tell of an event; returns at once unless it has to come early."""
        url = url or self._settings().hooks.url
        if not url:
            return
        self._count += 1
        event = _event(f"evt_{self._count:06d}", type_, about, data, url)
        fault = self._faults.take_hook(type_)
        if fault is not None and fault.kind is HookKind.OVERTAKEN:
            self._overtaken.setdefault(about, []).append(event)
            return
        followers = self._overtaken.pop(about, [])
        if fault is not None and fault.kind is HookKind.EARLY:
            await self._deliver(event, fault, followers)
            return
        self._tasks.start_soon(self._deliver, event, fault, followers)

    async def _deliver(self, event: Event, fault: HookFault | None, followers: list[Event]) -> None:
        kind = fault.kind if fault is not None else None
        if fault is not None and kind is HookKind.LATE:
            await anyio.sleep(fault.seconds)
        if kind is not HookKind.MISSING:
            for _ in range(fault.count if fault is not None and kind is HookKind.DOUBLED else 1):
                await self._until_taken(event, fault)
        for follower in followers:
            await self._until_taken(follower, None)

    async def _until_taken(self, event: Event, fault: HookFault | None) -> None:
        hooks = self._settings().hooks
        for attempt in range(hooks.retries + 1):
            if attempt:
                await anyio.sleep(hooks.retry_after * min(2 ** (attempt - 1), 4))
            status = await _post(event, hooks, fault)
            self.deliveries.append(Delivery(event.id, event.type, event.url, status))
            if 200 <= status < 300:
                return


def _event(ident: str, type_: str, about: str, data: Json, url: str) -> Event:
    created = clock.system().now().isoformat().replace("+00:00", "Z")
    body = json.dumps({"id": ident, "type": type_, "created": created, "data": data}).encode()
    return Event(ident, type_, about, url, body)


async def _post(event: Event, hooks: Hooks, fault: HookFault | None) -> int:
    kind = fault.kind if fault is not None else None
    age = fault.seconds if fault is not None and kind is HookKind.STALE else 0
    key = hooks.key if kind is not HookKind.BAD_SIGNATURE else _other_key(hooks)
    body = event.body if kind is not HookKind.GARBLED else event.body[: len(event.body) // 2]
    at = int(clock.system().now().timestamp() - age)
    headers = {"Content-Type": "application/json", **signed(hooks, key, event.id, at, body)}
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(event.url, data=body, headers=headers) as answer,
        ):
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


def signed(hooks: Hooks, key: str, ident: str, at: int, body: bytes) -> Mapping[str, str]:
    """The headers that sign a body."""
    if hooks.scheme is Scheme.STRIPE:
        made = _digest(key.encode(), f"{at}.".encode() + body).hex()
        return {"Stripe-Signature": f"t={at},v1={made},v0={made[::-1]}"}
    if hooks.scheme is Scheme.STANDARD:
        secret = base64.b64decode(key.removeprefix("whsec_"))
        made = base64.b64encode(_digest(secret, f"{ident}.{at}.".encode() + body)).decode()
        return {"webhook-id": ident, "webhook-timestamp": str(at), "webhook-signature": f"v1,{made}"}
    if hooks.scheme is Scheme.HMAC and hooks.timestamp_header:
        made = _digest(key.encode(), f"{at}.".encode() + body).hex()
        return {hooks.header: made, hooks.timestamp_header: str(at)}
    if hooks.scheme is Scheme.HMAC:
        return {hooks.header: _digest(key.encode(), body).hex()}
    return {}


def _other_key(hooks: Hooks) -> str:
    if hooks.scheme is Scheme.STANDARD:
        return "whsec_" + base64.b64encode(b"somebody else's key").decode()
    return "somebody else's key"


def _digest(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()
