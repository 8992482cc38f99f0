"""`synthprobe serve`: a router with its pages, and one agent as a supervised child process.

Start: the store is locked, the port bound, the bus opened, then the agent started. Stop: the agent first, which hands
over what it has found, then everything else.
"""

import logging
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from socket import socket
from urllib.parse import urlsplit

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from synthprobe.app.child import Child, supervise
from synthprobe.app.hooks import key_in
from synthprobe.app.listening import Listening
from synthprobe.app.once import new_run_id
from synthprobe.app.reloading import HANG_UP, Nudge, RoutesReload, complaints, log_new
from synthprobe.app.secrets import reader
from synthprobe.app.vitals import Vitals
from synthprobe.app.watched import WatchedStore
from synthprobe.buses import NotCommitted, local
from synthprobe.clock import Clock
from synthprobe.core.hooks import Terms
from synthprobe.core.reports import Pulse, Report
from synthprobe.core.routes import Routes
from synthprobe.core.silences import Silence
from synthprobe.core.sparing import sparingly
from synthprobe.files.halting import halt_in
from synthprobe.files.problems import Problem
from synthprobe.files.watching import RoutesFile
from synthprobe.router.hooks import Inbox
from synthprobe.router.mailing import Mailing
from synthprobe.router.router import Router
from synthprobe.settings.values import Settings
from synthprobe.stores.errors import StoreConflict, StoreError
from synthprobe.stores.retention import Keep
from synthprobe.stores.sqlite import SqliteStore
from synthprobe.telemetry.metrics import Metrics
from synthprobe.telemetry.otlp import Exporter
from synthprobe.telemetry.otlp_json import to_otlp_json
from synthprobe.web import app as web
from synthprobe.web.acting import Acts
from synthprobe.web.alertmanager.desk import Desk
from synthprobe.web.hooks import Hooks
from synthprobe.web.overrides import Overriding
from synthprobe.web.server import Pages, bind
from synthprobe.wire.connecting import Ways
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

log = logging.getLogger(__name__)

HANDING_OVER = 5.0
"""Seconds beyond `grace` that the agent gets to hand over its last results."""
EXPORT_WAIT = 5.0
KILLED = 137


class Parts(Struct, frozen=True):
    """What a serving process is made of."""

    settings: Settings
    clock: Clock
    store: SqliteStore
    router: Router
    listening: Listening
    vitals: Vitals
    inbox: Inbox
    pages: Pages
    nudge: Nudge
    """Asks for a look at the routes file now."""

    async def receive(self, frames: list[Report | Pulse]) -> None:
        """Take a batch from the bus; it is on disk when this returns. Raises `NotCommitted` when the store refuses."""
        for frame in frames:
            if isinstance(frame, Pulse):
                self.vitals.pulse(frame)
                self.router.pulse(frame)
                self.listening.metrics.pulse(frame)
                self.listening.metrics.set_config_errors(Counter(p.file for p in self.vitals.problems()))
        try:
            await self.router.record([frame for frame in frames if not isinstance(frame, Pulse)])
        except StoreConflict:
            raise  # a fault of ours, to be logged in full
        except StoreError as error:
            log.error("reports stay with their agent: %s", error, extra=sparingly("record"))  # noqa: TRY400 - known
            raise NotCommitted(str(error)) from error


async def serve(settings: Settings, routes: Routes, environment: Mapping[str, str], clock: Clock) -> None:
    """Serve until SIGINT or SIGTERM. Raises `StoreError`, `PortTaken`, `BusError`, `ChildRefused`."""
    with closing(SqliteStore.open(settings.store)) as store, closing(bind(settings.listen)) as sock:
        exporter = Exporter.from_environment(environment)
        parts = _compose(settings, routes, store, exporter, environment, clock)
        try:
            async with anyio.create_task_group() as tasks:
                await tasks.start(local.serve, settings.bus, parts.receive, parts.inbox.answer)
                _start(parts, sock, tasks)
                await _until_stopped(parts)
                parts.pages.should_exit = True
                tasks.cancel_scope.cancel()
        finally:
            if exporter:
                exporter.close(EXPORT_WAIT)


def _compose(
    settings: Settings,
    routes: Routes,
    store: SqliteStore,
    exporter: Exporter | None,
    environment: Mapping[str, str],
    clock: Clock,
) -> Parts:
    metrics, vitals, watched = Metrics(), Vitals(clock), WatchedStore(store, clock)
    listening = Listening(metrics, exporter, {})
    router = Router(
        watched,
        routes,
        clock,
        transport=Wire(clock, Resolver(clock), guard=_guard(settings)),
        mail=Mailing(Ways(Resolver(clock), _guard(settings))),
        secrets=reader(settings.routes.parent, environment),
        public_url=settings.public_url,
        new_id=new_run_id,
        jitter=lambda seconds: random.uniform(0, seconds),  # noqa: S311 - spreads retries, guards nothing
        listeners=(listening.hear,),
        failpoint=_failpoint(settings.failpoint),
        keep=Keep(settings.keep, settings.keep_bytes),
        outside=settings.heartbeat_url,
    )
    nudge = Nudge()
    inbox = Inbox(watched, clock, Terms(settings.hooks_url, key_in(settings.hooks_key)))
    pages = Pages(
        web.build(
            store,
            metrics=metrics.exposition,
            health=lambda: vitals.health(router.progress(), settings.agent, watched.trouble()),
            otlp_json=to_otlp_json,
            public_url=settings.public_url,
            clock=clock,
            stopping=lambda: pages.should_exit,
            problems=vitals.problems,
            halted=lambda: str(halt_in(settings.halt) or ""),
            hosts=(settings.listen.host, urlsplit(settings.hooks_url).hostname or ""),
            hooks=Hooks(inbox.take, inbox.prove),
            acts=Acts(router.act, router.test_page, router.routes),
            routes=router.routes,
            desk=_desk(router, nudge),
            overriding=Overriding(router.overrider.add, router.overrider.remove),
        )
    )
    return Parts(settings, clock, store, router, listening, vitals, inbox, pages, nudge)


def _desk(router: Router, nudge: Nudge) -> Desk:
    async def place(wanted: Silence, incident: int | None) -> Silence:
        return await router.silencer.place(wanted, on_incident=incident)

    return Desk(router.routes, router.taker.take, place, router.silencer.expire, nudge.nudge)


def _start(parts: Parts, sock: socket, tasks: TaskGroup) -> None:
    tasks.start_soon(parts.router.run)
    tasks.start_soon(parts.inbox.sweep)
    tasks.start_soon(parts.listening.count_alerts, parts.store)
    tasks.start_soon(parts.pages.serve, [sock])
    log.info("pages at %s, store %s", parts.settings.public_url, parts.settings.store)


async def _until_stopped(parts: Parts) -> None:
    """Keep the agent running, and the routes as their file has them, until a signal comes; both have ended then."""
    settings, child, nudge = parts.settings, Child(), parts.nudge
    agent = partial(
        supervise,
        _agent_command(settings),
        clock=parts.clock,
        grace=settings.grace + HANDING_OVER,
        again=("--again",),
        child=child,
    )
    async with anyio.create_task_group() as children:
        children.start_soon(agent)
        children.start_soon(_routes_reload(parts).run, nudge, parts.router)
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, *HANG_UP) as signals:
            async for received in signals:
                if received not in HANG_UP:
                    log.info("%s: stopping", received.name)
                    children.cancel_scope.cancel()
                    return
                nudge.nudge()
                child.signal(received)


def _routes_reload(parts: Parts) -> RoutesReload:
    def tell(problems: Sequence[Problem]) -> None:
        log_new(problems)
        parts.vitals.complain("router", complaints(problems))
        parts.listening.metrics.set_config_errors(Counter(p.file for p in parts.vitals.problems()))

    return RoutesReload(RoutesFile(parts.settings.routes), tell)


def _agent_command(settings: Settings) -> list[str]:
    options = {
        "--bus": settings.bus,
        "--probes": str(settings.probes),
        "--routes": str(settings.routes),
        "--spool": str(settings.spool),
        "--agent": settings.agent,
        "--concurrency": str(settings.concurrency),
        "--grace": str(settings.grace),
        "--budgets": settings.budgets_text,
        "--live": str(settings.live or ""),
        "--halt": str(settings.halt),
        "--undo-patience": f"{settings.undo_patience.total_seconds():.0f}s",
        "--allow-loopback": "1" if settings.allow_loopback else "0",
        "--own": str(settings.listen),
    }
    return [
        sys.executable,
        "-m",
        "synthprobe",
        "agent",
        "--tied",
        *(word for pair in options.items() for word in pair),
    ]


def _guard(settings: Settings) -> Guard:
    own = frozenset({(settings.listen.host, settings.listen.port)})
    return Guard(loopback=settings.allow_loopback, own=own)


def _failpoint(wanted: str) -> Callable[[str], None]:
    def reach(place: str) -> None:
        if place == wanted:
            os._exit(KILLED)

    return reach
