"""The web app: pages for people, JSON and metrics for machines; everything it needs is passed in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler, Message, Scope

from synthprobe import __version__
from synthprobe.clock import Clock
from synthprobe.core.reports import ConfigProblem
from synthprobe.core.routes import Route, Routes
from synthprobe.core.spans import Span
from synthprobe.ports import Store
from synthprobe.stores.errors import StoreError
from synthprobe.web import (
    account,
    acting,
    api,
    assets,
    oncall,
    override_forms,
    overrides,
    pages,
    routing,
    silences,
    undo,
    vitals,
)
from synthprobe.web import hooks as inbound
from synthprobe.web.account import Till
from synthprobe.web.acting import Acts
from synthprobe.web.alertmanager import handlers as alertmanager
from synthprobe.web.alertmanager.desk import Desk
from synthprobe.web.errors import AnyRequest, Problems
from synthprobe.web.health import Health
from synthprobe.web.hooks import Hooks
from synthprobe.web.hosts import only_for
from synthprobe.web.kept import Kept
from synthprobe.web.overrides import Overriding
from synthprobe.web.rendering import Rendering
from synthprobe.web.site import Site, templates

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer, errors included. Another site learns nothing of where it was linked from; a page of ours must: without a
referrer, browsers say of a form that it comes from `null`."""

NO_ROUTES = Routes(root=Route("route", ""), receivers={})


def build(
    store: Store,
    *,
    metrics: Callable[[str], tuple[bytes, str]],
    health: Callable[[], Health],
    otlp_json: Callable[[tuple[Span, ...]], bytes],
    public_url: str,
    clock: Clock,
    stopping: Callable[[], bool] = lambda: False,
    problems: Callable[[], tuple[ConfigProblem, ...]] = lambda: (),
    halted: Callable[[], str] = lambda: "",
    hosts: Sequence[str] = (),
    hooks: Hooks | None = None,
    routes: Callable[[], Routes] = lambda: NO_ROUTES,
    acts: Acts | None = None,
    desk: Desk | None = None,
    overriding: Overriding | None = None,
    till: Till | None = None,
) -> Litestar:
    """The ASGI app.

    `metrics` takes an Accept header and returns the exposition with its content type; `stopping` turns true when the
    server has been asked to stop (uvicorn: `lambda: server.should_exit`), which ends live streams. `hosts` are names
    to answer to beside this machine's own and the public URL's; `hooks` is the inbox of inbound webhooks, `routes` are
    those in force; `desk`, the router's ways in, brings what changes something: Alertmanager's API, silences; `acts`
    is where what people do about incidents goes, `overriding` what they change about on-call, `till` is the account for
    runs of other machines.
    """
    served = assets.load()
    site = Site(
        store=store,
        clock=clock,
        metrics=metrics,
        health=health,
        problems=problems,
        halted=halted,
        otlp_json=otlp_json,
        stopping=stopping,
        templates=templates(served, has_desk=desk is not None),
        public_url=public_url,
        overview=Kept(clock),
        guests=partial(account.guests_of, till) if till else None,
        people=(lambda: tuple(acts.routes().users)) if acts else None,
        rendering=Rendering(),
    )
    rota = oncall.OnCall(routes, has_overrides=overriding is not None)
    always = {"site": site, "assets": served, "oncall": rota}
    optional = {"hooks": hooks, "desk": desk, "acts": acts, "overriding": overriding, "till": till}
    return _litestar(site, always, optional, hosts)


def _litestar(
    site: Site, always: Mapping[str, object], optional: Mapping[str, object | None], hosts: Sequence[str]
) -> Litestar:
    errors = Problems(site)
    given = {name: value for name, value in optional.items() if value is not None}
    return Litestar(
        route_handlers=[*_ALWAYS, *(handler for name in given for handler in _WITH[name])],
        dependencies={name: _provide(value) for name, value in {**always, **given}.items()},
        exception_handlers={
            HTTPException: errors.refused,
            StoreError: errors.store_failed,
            Exception: errors.failed,
        },
        before_request=_unthreaded(only_for(site.public_url, *hosts)),
        before_send=[_add_headers],
        openapi_config=OpenAPIConfig(
            "synthprobe", __version__, render_plugins=[JsonRenderPlugin()], use_handler_docstrings=True
        ),
        compression_config=_COMPRESSION,
        logging_config=None,
    )


def _provide(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def _unthreaded(refuse: Callable[[AnyRequest], None]) -> Callable[[AnyRequest], Awaitable[None]]:
    """The same as a coroutine: Litestar runs what is none in a thread, for each request."""

    async def guard(request: AnyRequest) -> None:
        refuse(request)

    return guard


async def _add_headers(message: Message, scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers[name] = value


# Quick rather than small: it is done on the loop. Live streams are sent as they come.
_COMPRESSION = CompressionConfig("gzip", minimum_size=1000, gzip_compress_level=2, exclude="^/events$")

_ALWAYS: tuple[ControllerRouterHandler, ...] = (
    pages.overview_page,
    pages.incidents_page,
    pages.incident_page,
    pages.probe_page,
    pages.run_page,
    pages.run_otlp,
    vitals.metrics,
    vitals.healthz,
    vitals.readyz,
    vitals.events,
    assets.serve,
    api.router,
    *oncall.HANDLERS,
    *undo.HANDLERS,
)

_WITH: Mapping[str, tuple[ControllerRouterHandler, ...]] = {
    "hooks": inbound.HANDLERS,
    "desk": (*alertmanager.HANDLERS, *silences.HANDLERS, *routing.HANDLERS),
    "acts": acting.HANDLERS,
    "till": account.HANDLERS,
    "overriding": (*overrides.HANDLERS, *override_forms.HANDLERS),
}
"""What is served only where that argument of `build` is given."""
