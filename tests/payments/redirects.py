"""The pages a card holder would see: the bank's 3-D Secure page, and a bank's page for an open-banking consent."""

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from payments.cards import CHALLENGES, outcome
from payments.ledger import Payment, Refused, Status
from payments.provider import PROVIDER

PASSWORD = "123456"
PAGE = """<!doctype html><html lang="en"><head><title>{title}</title></head><body>
<form method="post"><input name="otp" inputmode="numeric"><button>Confirm</button></form>
</body></html>"""


async def show(request: web.Request) -> web.Response:
    """Without friction the way leads back at once; with a challenge it asks for the password."""
    payment = _waiting(request)
    if CHALLENGES[payment.method] == "challenge":
        return web.Response(text=PAGE.format(title="Your bank"), content_type="text/html")
    return await _decided(request, payment, "00")


async def answer(request: web.Request) -> web.Response:
    """The card holder's answer: the right password authorises, `cancel` and all else decline."""
    payment = _waiting(request)
    form = await request.post()
    return await _decided(request, payment, "00" if form.get("otp") == PASSWORD else "59")


async def decide_consent(request: web.Request) -> web.Response:
    """The account holder's decision: `?decision=approve` or `?decision=reject`."""
    things = request.app[PROVIDER].things
    consent = things.find(request.match_info["id"])
    if consent.status != "AWAITING_AUTHORISATION":
        raise Refused(409, "invalid_state", f"the consent is {consent.status}")
    approved = request.query.get("decision", "approve") == "approve"
    things.change(consent, "AUTHORISED" if approved else "REJECTED")
    back = str(consent.fields.get("return_url", ""))
    return _way_back(back, {"consent": consent.id, "status": consent.status})


def _waiting(request: web.Request) -> Payment:
    payment = request.app[PROVIDER].ledger.find(request.match_info["id"])
    if payment.status is not Status.REQUIRES_ACTION:
        raise Refused(409, "invalid_state", f"a payment that is {payment.status} waits for nobody")
    return payment


async def _decided(request: web.Request, payment: Payment, code: str) -> web.Response:
    provider = request.app[PROVIDER]
    provider.ledger.decide(payment, code)
    await provider.tell(outcome(payment), payment)
    return _way_back(payment.return_url, {"payment": payment.id, "status": payment.status})


def _way_back(url: str, told: Mapping[str, str]) -> web.Response:
    if not url:
        return web.json_response(told)
    joint = "&" if "?" in url else "?"
    return web.Response(status=302, headers={"Location": f"{url}{joint}{urlencode(told)}"})
