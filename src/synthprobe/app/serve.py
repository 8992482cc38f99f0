"""`synthprobe serve`: a router with its pages, and one agent as a supervised child process.

Start: the store is locked, the port bound, the bus opened, then the agent started. Stop: the agent first, which hands
over what it has found, then everything else.
"""

import logging
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from socket import socket

import anyio
from anyio.abc import TaskGroup

from synthprobe.app.child import Child, supervise
from synthprobe.app.pages import pages_of
from synthprobe.app.reloading import HANG_UP, RoutesReload, complaints, log_new
from synthprobe.app.router_parts import Parts, compose
from synthprobe.buses import local
from synthprobe.clock import Clock
from synthprobe.core.routes import Routes
from synthprobe.files.problems import Problem
from synthprobe.files.watching import RoutesFile
from synthprobe.settings.values import Settings
from synthprobe.stores.sqlite import SqliteStore
from synthprobe.telemetry.otlp import Exporter
from synthprobe.web.server import Pages, bind

log = logging.getLogger(__name__)

HANDING_OVER = 5.0
"""Seconds beyond `grace` that the agent gets to hand over its last results."""
EXPORT_WAIT = 5.0


async def serve(settings: Settings, routes: Routes, environment: Mapping[str, str], clock: Clock) -> None:
    """Serve until SIGINT or SIGTERM. Raises `StoreError`, `PortTaken`, `BusError`, `ChildRefused`."""
    with closing(SqliteStore.open(settings.store)) as store, closing(bind(settings.listen)) as sock:
        exporter = Exporter.from_environment(environment)
        try:
            parts = compose(settings, routes, store, exporter, environment, clock)
            pages = pages_of(parts)
            async with anyio.create_task_group() as tasks:
                await tasks.start(local.serve, settings.bus, parts.receive, parts.inbox.answer)
                _start(parts, pages, sock, tasks)
                await _until_stopped(parts)
                pages.should_exit = True
                tasks.cancel_scope.cancel()
            parts.account.close()
        finally:
            if exporter:
                exporter.close(EXPORT_WAIT)


def _start(parts: Parts, pages: Pages, sock: socket, tasks: TaskGroup) -> None:
    tasks.start_soon(parts.router.run)
    tasks.start_soon(parts.inbox.sweep)
    tasks.start_soon(parts.listening.count_alerts, parts.store)
    tasks.start_soon(parts.listening.count_guests, parts.account, parts.clock)
    tasks.start_soon(pages.serve, [sock])
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
    known: Sequence[Problem] = ()

    def tell(problems: Sequence[Problem]) -> None:
        nonlocal known
        log_new(problems, known)
        known = problems
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
        "--account": str(settings.account),
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
