"""The server as a process: `python -m payments [--tls CHAIN KEY]`.

It listens on free ports of 127.0.0.1, says which in one line of JSON, and ends with its standard input, so that it
never outlives the test that started it.
"""

import argparse
import json
import os
import socket
import ssl
import sys
import threading

import anyio
from aiohttp import web
from anyio.streams.tls import TLSListener

from payments import cards, control, others, redirects
from payments.calls import admitted, noted, once, refused
from payments.listener import Acquirer, converse
from payments.provider import PROVIDER, Provider

ROUTES = (
    web.post("/v1/payments", cards.authorise, name="authorise"),
    web.get("/v1/payments", cards.search, name="search", allow_head=False),
    web.get("/v1/payments/{id}", cards.look, name="read", allow_head=False),
    web.post("/v1/payments/{id}/captures", cards.capture, name="capture"),
    web.post("/v1/payments/{id}/cancel", cards.cancel, name="cancel"),
    web.post("/v1/payments/{id}/refunds", cards.refund, name="refund"),
    web.get("/3ds/{id}", redirects.show, name="redirect", allow_head=False),
    web.post("/3ds/{id}", redirects.answer, name="challenge"),
    web.post("/v1/tokens", others.tokenise, name="token"),
    web.post("/v1/payouts", others.pay_out, name="payout"),
    web.get("/v1/payouts", others.search_payouts, name="search_payouts", allow_head=False),
    web.get("/v1/payouts/{id}", others.look, name="read_payout", allow_head=False),
    web.post("/v1/payouts/{id}/cancel", others.cancel_payout, name="cancel_payout"),
    web.post("/v1/consents", others.consent, name="consent"),
    web.get("/v1/consents/{id}", others.look, name="read_consent", allow_head=False),
    web.delete("/v1/consents/{id}", others.revoke, name="revoke"),
    web.get("/consent/{id}", redirects.decide_consent, name="decide", allow_head=False),
    web.get("/health", others.health, name="health"),
    web.patch("/control/settings", control.change_settings),
    web.post("/control/faults", control.add_fault),
    web.post("/control/webhook-faults", control.add_hook_fault),
    web.delete("/control/faults", control.clear_faults),
    web.get("/control/ledger", control.ledger),
    web.get("/control/calls", control.calls),
    web.get("/control/deliveries", control.deliveries),
)


def application(provider: Provider, acquirer: Acquirer) -> web.Application:
    """The HTTP side."""
    app = web.Application(middlewares=[noted, admitted, once, refused])
    app[PROVIDER], app[control.ACQUIRER] = provider, acquirer
    app.add_routes(ROUTES)
    return app


async def serve(tls: ssl.SSLContext | None) -> None:
    """Serve until cancelled."""
    acquirer = Acquirer()
    async with anyio.create_task_group() as tasks:
        provider = Provider(tasks)
        runner = web.AppRunner(application(provider, acquirer), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        listeners = {"http": socket.create_server(("127.0.0.1", 0))}
        await web.SockSite(runner, listeners["http"]).start()
        ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        for name, context in (("iso8583", None), ("iso8583_tls", tls)):
            if name == "iso8583" or context is not None:
                ports[name] = await _listen(provider, acquirer, context)
        print(json.dumps(ports), flush=True)
        await anyio.sleep_forever()


async def _listen(provider: Provider, acquirer: Acquirer, tls: ssl.SSLContext | None) -> int:
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port: int = plain.extra(anyio.abc.SocketAttribute.local_port)
    listener = plain if tls is None else TLSListener(plain, tls, standard_compatible=False)
    provider.tasks.start_soon(listener.serve, lambda stream: converse(stream, provider, acquirer))
    return port


def _end_with_parent() -> None:
    # Not by sys.stdin: its buffer's lock would be held by this thread while the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="the reference payment server")
    parser.add_argument("--tls", nargs=2, metavar=("CHAIN", "KEY"))
    options = parser.parse_args()
    tls = None
    if options.tls is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    anyio.run(serve, tls)


if __name__ == "__main__":
    main()
