"""Tokens, payouts and consents."""

import hashlib

import anyio
from aiohttp import web

from payments.amounts import written
from payments.cards import amount_of
from payments.faults import Kind
from payments.ledger import Refused
from payments.provider import FAULT, PROVIDER, Provider, json_body
from payments.things import Thing


async def tokenise(request: web.Request) -> web.Response:
    """A card becomes a token; the number is not kept."""
    card = (await json_body(request)).get("card")
    if not isinstance(card, dict) or not all(isinstance(card.get(key), str) for key in ("number", "cvc")):
        raise Refused(400, "card_missing", "card: {number, expiry, cvc} is missing")
    number = card["number"].replace(" ", "")
    if not number.isdigit() or not 12 <= len(number) <= 19:
        raise Refused(422, "card_invalid", "no card number")
    token = f"tok_{hashlib.sha256(number.encode()).hexdigest()[:24]}"
    return web.json_response({"id": token, "first6": number[:6], "last4": number[-4:]}, status=201)


async def pay_out(request: web.Request) -> web.Response:
    """Money leaves at once or after `payout_takes`, unless the bank declines."""
    provider, body = request.app[PROVIDER], await json_body(request)
    amount, currency = amount_of(body)
    fault = request.get(FAULT)
    declined = fault is not None and fault.kind is Kind.DECLINE
    fields = {**body, "amount": {"value": written(amount, currency), "currency": currency}}
    payout = provider.things.open("out", fields, "REJECTED" if declined else "PENDING")
    if provider.settings.payout_takes and not declined:
        provider.tasks.start_soon(_pay_later, provider, payout)
    else:
        await _end(provider, payout)
    return web.json_response(payout.shown(), status=201)


async def cancel_payout(request: web.Request) -> web.Response:
    """A payout can be taken back while it is pending."""
    things = request.app[PROVIDER].things
    payout = things.find(request.match_info["id"])
    if payout.status != "PENDING":
        raise Refused(409, "invalid_state", f"a payout that is {payout.status} can not be cancelled")
    things.change(payout, "CANCELLED")
    return web.json_response(payout.shown())


async def search_payouts(request: web.Request) -> web.Response:
    """The payouts of a reference, as they were a while ago."""
    provider = request.app[PROVIDER]
    lag = provider.settings.search_lag
    return web.json_response({"data": provider.things.search("out", request.query.get("reference", ""), lag)})


async def consent(request: web.Request) -> web.Response:
    """A consent that its account holder has to authorise at `redirect_url`."""
    body = await json_body(request)
    amount_of(body)
    made = request.app[PROVIDER].things.open("cns", body, "AWAITING_AUTHORISATION")
    url = f"{request.url.origin()}/consent/{made.id}"
    return web.json_response({**made.shown(), "redirect_url": url}, status=201)


async def revoke(request: web.Request) -> web.Response:
    """Take a consent back; done twice it is still gone."""
    things = request.app[PROVIDER].things
    things.change(things.find(request.match_info["id"]), "REVOKED")
    return web.Response(status=204)


async def look(request: web.Request) -> web.Response:
    """One payout or consent, as it is."""
    return web.json_response(request.app[PROVIDER].things.find(request.match_info["id"]).shown())


async def health(request: web.Request) -> web.Response:
    """Well, unless a fault says otherwise."""
    return web.json_response({"status": "up"})


async def _pay_later(provider: Provider, payout: Thing) -> None:
    await anyio.sleep(provider.settings.payout_takes)
    if payout.status == "PENDING":
        await _end(provider, payout)


async def _end(provider: Provider, payout: Thing) -> None:
    if payout.status == "PENDING":
        provider.things.change(payout, "PAID")
    url = str(payout.fields.get("callback_url", ""))
    await provider.messenger.tell(f"payout.{payout.status.lower()}", payout.id, payout.shown(), url)
