"""The reference server's webhooks are signed as libraries of others verify them, and go wrong on demand."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from free_ports import free_ports
from payments.faults import HookFault, HookKind
from payments.starting import PaymentServer
from synthprobe.demo.loopback import listen

SECRET = "whsec_" + base64.b64encode(b"a key of the shop").decode()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Inbox:
    """Takes what comes, and refuses the first `refuse` of it."""

    def __init__(self, provider: PaymentServer, refuse: int = 0) -> None:
        self.provider = provider
        self.refuse = refuse
        self.got: list[tuple[Mapping[str, str], bytes]] = []
        self._client = httpx.AsyncClient(base_url=provider.url, trust_env=False)

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=503 if len(self.got) <= self.refuse else 200)

    async def pay_and_cancel(self) -> dict[str, Any]:
        body = {"reference": uuid4().hex, "amount": {"value": "1.07", "currency": "EUR"}}
        payment: dict[str, Any] = (await self._client.post("/v1/payments", json=body)).json()
        await self._client.post(f"/v1/payments/{payment['id']}/cancel")
        return payment

    async def until(self, count: int) -> list[str]:
        with anyio.fail_after(10):
            while len(self.got) < count:
                await anyio.sleep(0.01)
        return [json.loads(body)["type"] for _, body in self.got]

    async def close(self) -> None:
        await self._client.aclose()


@asynccontextmanager
async def inbox(provider: PaymentServer, refuse: int = 0, **hooks: Any) -> AsyncIterator[Inbox]:
    (port,) = free_ports(1)
    provider.settings(hooks={"url": f"http://127.0.0.1:{port}/", **hooks})
    taking = Inbox(provider, refuse)
    async with listen({port: taking.take}):
        yield taking
        await taking.close()


@pytest.mark.anyio
async def test_a_plain_signature_is_the_hmac_of_the_body(provider: PaymentServer) -> None:
    async with inbox(provider) as hooks:
        await hooks.pay_and_cancel()
        assert set(await hooks.until(2)) == {"payment.authorised", "payment.cancelled"}
    headers, body = hooks.got[0]
    assert headers["X-Hook-Signature"] == hmac.new(b"hook-key", body, hashlib.sha256).hexdigest()


@pytest.mark.anyio
async def test_the_library_of_standard_webhooks_verifies_what_comes(provider: PaymentServer) -> None:
    provider.webhook_fault(HookFault(event="payment.cancelled", kind=HookKind.BAD_SIGNATURE))
    async with inbox(provider, scheme="standard-webhooks", key=SECRET) as hooks:
        await hooks.pay_and_cancel()
        await hooks.until(2)
    verdicts = {}
    for headers, body in hooks.got:
        try:
            Webhook(SECRET).verify(body, dict(headers))
            verdicts[json.loads(body)["type"]] = True
        except WebhookVerificationError:
            verdicts[json.loads(body)["type"]] = False
    assert verdicts == {"payment.authorised": True, "payment.cancelled": False}


@pytest.mark.anyio
async def test_what_is_not_taken_comes_again(provider: PaymentServer) -> None:
    provider.webhook_fault(HookFault(event="payment.cancelled", kind=HookKind.MISSING))
    async with inbox(provider, refuse=1, retry_after=0.01) as hooks:
        await hooks.pay_and_cancel()
        assert await hooks.until(2) == ["payment.authorised"] * 2
    assert hooks.got[0][1] == hooks.got[1][1]


@pytest.mark.anyio
async def test_an_event_comes_twice_or_after_its_successor(provider: PaymentServer) -> None:
    provider.webhook_fault(HookFault(event="payment.authorised", kind=HookKind.OVERTAKEN))
    provider.webhook_fault(HookFault(event="payment.cancelled", kind=HookKind.DOUBLED))
    async with inbox(provider) as hooks:
        await hooks.pay_and_cancel()
        assert await hooks.until(3) == ["payment.cancelled", "payment.cancelled", "payment.authorised"]


@pytest.mark.anyio
async def test_an_event_comes_before_the_answer_that_caused_it(provider: PaymentServer) -> None:
    provider.webhook_fault(HookFault(event="*", kind=HookKind.EARLY, times=None))
    async with inbox(provider) as hooks:
        await hooks.pay_and_cancel()
        assert len(hooks.got) == 2


@pytest.mark.anyio
async def test_a_stale_event_is_rightly_signed_long_ago(provider: PaymentServer) -> None:
    provider.webhook_fault(HookFault(kind=HookKind.STALE, seconds=900))
    async with inbox(provider, scheme="stripe") as hooks:
        await hooks.pay_and_cancel()
        await hooks.until(2)
    instants = []
    for headers, body in hooks.got:
        parts = dict(part.split("=", 1) for part in headers["Stripe-Signature"].split(","))
        made = hmac.new(b"hook-key", f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        assert made == parts["v1"]
        instants.append(int(parts["t"]))
    assert 890 <= max(instants) - min(instants) <= 910
