"""Card payments: authorise, capture, cancel, refund, read and search."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import anyio
from aiohttp import web

from payments.amounts import read, written
from payments.faults import Kind
from payments.ledger import Payment, Refused, Status
from payments.provider import FAULT, PROVIDER, Provider, json_body

DECLINES: Mapping[str, str] = {
    "pm_card_declined": "05",
    "pm_card_insufficient": "51",
    "pm_card_unavailable": "91",
}
CHALLENGES: Mapping[str, str] = {
    "pm_card_3ds_frictionless": "frictionless",
    "pm_card_3ds_challenge": "challenge",
}


async def authorise(request: web.Request) -> web.Response:
    """Create a payment: authorised, declined, or waiting for the card holder."""
    provider, body = request.app[PROVIDER], await json_body(request)
    amount, currency = amount_of(body)
    payment = provider.ledger.open(_with_consent(provider, body), amount, currency)
    fault = request.get(FAULT)
    code = fault.code if fault and fault.kind is Kind.DECLINE else DECLINES.get(payment.method, "00")
    if payment.method in CHALLENGES and code == "00":
        payment.status = Status.REQUIRES_ACTION
        url = f"{request.url.origin()}/3ds/{payment.id}"
        payment.next_action = {"type": "redirect", "url": url, "flow": CHALLENGES[payment.method]}
        payment.note(provider.clock.monotonic())
    else:
        provider.ledger.decide(payment, code)
        await provider.tell(outcome(payment), payment)
    return web.json_response(payment.shown(), status=201)


async def capture(request: web.Request) -> web.Response:
    """Take the money, all or some of it, at once or after `capture_takes`."""
    provider, payment, body = await _named(request)
    amount = _part(body, payment, payment.amount)
    provider.ledger.begin_capture(payment, amount)
    if provider.settings.capture_takes:
        provider.tasks.start_soon(_capture_later, provider, payment, amount)
    else:
        await _capture(provider, payment, amount)
    return web.json_response(payment.shown(), status=202)


async def cancel(request: web.Request) -> web.Response:
    """Let go of what is held."""
    provider, payment, _ = await _named(request)
    provider.ledger.cancel(payment)
    await provider.tell("payment.cancelled", payment)
    return web.json_response(payment.shown())


async def refund(request: web.Request) -> web.Response:
    """Give back what was taken, all that is left or some of it."""
    provider, payment, body = await _named(request)
    left = payment.captured - payment.refunded
    checked = provider.settings.refunds_checked
    amount = _part(body, payment, left if checked else payment.captured)
    ident = provider.ledger.refund(payment, amount, checked=checked)
    await provider.tell("payment.refunded", payment)
    shown = {"id": ident, "payment": payment.id, "status": "REFUNDED"}
    value = {"value": written(amount, payment.currency), "currency": payment.currency}
    return web.json_response({**shown, "amount": value}, status=201)


async def look(request: web.Request) -> web.Response:
    """One payment, as it is."""
    return web.json_response(request.app[PROVIDER].ledger.find(request.match_info["id"]).shown())


async def search(request: web.Request) -> web.Response:
    """The payments of a reference, as they were a while ago."""
    provider = request.app[PROVIDER]
    found = provider.ledger.search(request.query.get("reference", ""), provider.settings.search_lag)
    return web.json_response({"data": found})


def outcome(payment: Payment) -> str:
    """The event that tells how an authorisation ended."""
    return "payment.authorised" if payment.status is Status.AUTHORISED else "payment.declined"


def amount_of(body: Mapping[str, Any]) -> tuple[Decimal, str]:
    """The amount a request names; raises `Refused`."""
    amount = body.get("amount")
    if not isinstance(amount, dict) or not isinstance(amount.get("currency"), str):
        raise Refused(400, "amount_missing", "amount: {value, currency} is missing")
    currency = amount["currency"]
    try:
        return read(amount.get("value"), currency), currency
    except ValueError as trouble:
        raise Refused(400, "amount_invalid", str(trouble)) from None


def _part(body: Mapping[str, Any], payment: Payment, whole: Decimal) -> Decimal:
    if "amount" not in body:
        return whole
    amount, currency = amount_of(body)
    if currency != payment.currency:
        raise Refused(422, "other_currency", f"the payment is in {payment.currency}")
    return amount


def _with_consent(provider: Provider, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Use up the consent that a payment names as its method; raises `Refused`."""
    method = str(body.get("method", ""))
    if method.startswith("cns_"):
        consent = provider.things.find(method)
        if consent.status != "AUTHORISED":
            raise Refused(403, "consent", f"the consent is {consent.status}")
        provider.things.change(consent, "CONSUMED")
    return body


async def _named(request: web.Request) -> tuple[Provider, Payment, dict[str, Any]]:
    provider = request.app[PROVIDER]
    return provider, provider.ledger.find(request.match_info["id"]), await json_body(request)


async def _capture_later(provider: Provider, payment: Payment, amount: Decimal) -> None:
    await anyio.sleep(provider.settings.capture_takes)
    await _capture(provider, payment, amount)


async def _capture(provider: Provider, payment: Payment, amount: Decimal) -> None:
    provider.ledger.end_capture(payment, amount)
    await provider.tell("payment.captured", payment)
