"""The web app over a router whose loops stand still: what is asked for is done, and nobody is told."""

import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from litestar import Litestar
from web_stage import NOW, app_over, clock_at

from synthprobe.core.routes import Routes
from synthprobe.core.silences import Silence
from synthprobe.files.routes import load_routes
from synthprobe.router.router import Router
from synthprobe.stores.inline import InlineStore
from synthprobe.web.account import Till
from synthprobe.web.alertmanager.desk import Desk
from synthprobe.web.overrides import Overriding

ROUTES = """
route:
  receiver: log
  group_by: [alertname]
  routes:
    - {matchers: ['severity="critical"'], receiver: page}
    - {matchers: ['owner="cards"'], receiver: cards, mute_time_intervals: [always]}
    - {matchers: ['owner="desk"'], receiver: cards, when: [never]}
receivers: [{name: log}, {name: page}, {name: cards}]
inhibit_rules:
  - {name: psp-down, source_matchers: ['alertname="PspDown"'], target_matchers: ['alertname="Slow"'], equal: [psp]}
time_intervals:
  - {name: always, time_intervals: [{location: Europe/London}]}
  - {name: never, time_intervals: [{years: ['2000'], months: ['january:march'], days_of_month: ['-2:-1'], weekdays: [sunday], times: [{start_time: '08:00', end_time: '24:00'}]}]}
silence_policy: {max_duration: 12h}
"""


BASE = "http://127.0.0.1:8400"
"""Its own pages' forms say so in `Origin`."""


class Counter:
    """Counts how often the files were asked to be looked at."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def desk_of(router: Router, reload: Callable[[], None]) -> Desk:
    """As `app` makes it."""

    async def place(wanted: Silence, incident: int | None) -> Silence:
        return await router.silencer.place(wanted, on_incident=incident)

    return Desk(router.routes, router.taker.take, place, router.silencer.expire, reload)


@asynccontextmanager
async def asked(
    reload: Callable[[], None] = lambda: None, routes: Routes | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app."""
    store = InlineStore()
    app = app_of(store, reload, routes)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as client:
        yield client
    store.close()


def app_of(
    store: InlineStore,
    reload: Callable[[], None] = lambda: None,
    routes: Routes | None = None,
    stopping: Callable[[], bool] = lambda: True,
    till: Till | None = None,
) -> Litestar:
    """The app over a router over a store."""
    ids = itertools.count(1)
    router = Router(
        store,
        routes or load_routes(ROUTES, "routes.yaml"),
        clock_at(NOW),
        transport=httpx.MockTransport(lambda _: httpx.Response(500)),
        secrets=str,
        public_url="http://127.0.0.1:8400",
        new_id=lambda: f"id-{next(ids)}",
        jitter=lambda most: most,
    )
    overriding = Overriding(router.overrider.add, router.overrider.remove)
    desk = desk_of(router, reload)
    return app_over(
        store, stopping=stopping, desk=desk, overriding=overriding, routes=router.routes, till=till
    )


def run(scenario: Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario with a client."""

    async def main() -> None:
        async with asked() as client:
            await scenario(client)

    anyio.run(main)
