"""How a test talks to the server behind its API: settings, faults, and the truth."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from payments.faults import Fault, HookFault
from payments.listener import Acquirer
from payments.provider import PROVIDER
from payments.settings import Settings

ACQUIRER = web.AppKey("acquirer", Acquirer)


async def change_settings(request: web.Request) -> web.Response:
    """Change some settings; the others stay."""
    provider = request.app[PROVIDER]
    merged = _merged(msgspec.to_builtins(provider.settings), await request.json())
    try:
        provider.settings = msgspec.convert(merged, Settings)
    except msgspec.ValidationError as trouble:
        return web.Response(status=400, text=str(trouble))
    return web.json_response(msgspec.to_builtins(provider.settings))


async def add_fault(request: web.Request) -> web.Response:
    """Put a fault on."""
    request.app[PROVIDER].faults.add(msgspec.json.decode(await request.read(), type=Fault))
    return web.Response(status=204)


async def add_hook_fault(request: web.Request) -> web.Response:
    """Put a fault of webhooks on."""
    request.app[PROVIDER].faults.add_hook(msgspec.json.decode(await request.read(), type=HookFault))
    return web.Response(status=204)


async def clear_faults(request: web.Request) -> web.Response:
    """Take every fault away."""
    request.app[PROVIDER].faults.clear()
    return web.Response(status=204)


async def ledger(request: web.Request) -> web.Response:
    """What really happened."""
    provider, acquirer = request.app[PROVIDER], request.app[ACQUIRER]
    return web.json_response(
        {
            "payments": [payment.truth() for payment in provider.ledger.payments.values()],
            "payouts": provider.things.truth("out"),
            "consents": provider.things.truth("cns"),
            "authorisations": [msgspec.to_builtins(done) for done in acquirer.authorisations.values()],
            "echoes": acquirer.echoes,
        }
    )


async def calls(request: web.Request) -> web.Response:
    """Every call of the API."""
    return web.json_response(msgspec.to_builtins(request.app[PROVIDER].calls))


async def deliveries(request: web.Request) -> web.Response:
    """Every attempt to deliver a webhook."""
    return web.json_response(msgspec.to_builtins(request.app[PROVIDER].messenger.deliveries))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    nested = {key: _merged(old[key], value) for key, value in new.items() if isinstance(value, dict)}
    return {**old, **new, **nested}
