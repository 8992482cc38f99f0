"""`synthprobe agent`: schedules and runs the checks of one agent, and hands what it finds to a router."""

import gc
import logging
import os
import random
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from synthprobe.agent.agent import Agent, Undoing
from synthprobe.agent.exposure import Exposure
from synthprobe.agent.hooks import Hooks
from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.lateness import Lateness
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.making import Limits
from synthprobe.agent.orders import Orders
from synthprobe.agent.permits import Permitted
from synthprobe.agent.references import References
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.agent.undoing import Tempo
from synthprobe.agent.vault import Vault
from synthprobe.app.leftovers import take_up
from synthprobe.app.once import new_run_id
from synthprobe.app.precedence import go_first
from synthprobe.app.reloading import HANG_UP, Nudge, ProbeReload, RoutesReload, sourced
from synthprobe.buses import local
from synthprobe.clock import Clock
from synthprobe.core.hours import Hours, hours_of
from synthprobe.core.probes import Check
from synthprobe.core.reports import Noted
from synthprobe.core.routes import Region, Routes
from synthprobe.core.teams import Team
from synthprobe.core.undo import Pace
from synthprobe.files.watching import ProbeFolder, RoutesFile
from synthprobe.ports import Tx
from synthprobe.settings.values import Listen, Settings
from synthprobe.stores.sqlite import SqliteStore
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

log = logging.getLogger(__name__)


class Known:
    """What an agent knows of the routes, as they are now: whether a region's network works, when `only` is, who reads which secret."""

    def __init__(self, routes: Routes | None) -> None:
        self.routes = routes

    def regions(self) -> Mapping[str, Region]:
        """The regions with their references."""
        return self.routes.regions if self.routes else {}

    def teams(self) -> Mapping[str, Team]:
        """The teams with what their probes may read."""
        return self.routes.teams if self.routes else {}

    def hours(self, check: Check) -> Hours:
        """When a check's slots are run."""
        return hours_of(check.probe.only, self.routes.intervals if self.routes else {})


class AgentOptions(Struct, frozen=True):
    """What the command line of an agent decides."""

    settings: Settings
    bus: str
    tied: bool
    """Whether it ends when its standard input ends, because its router has."""
    own: tuple[Listen, ...] = ()
    """Listeners of its router, which are never probed."""
    again: bool = False
    """Whether it follows one that ended: then broken files are what they were when they were last good."""


async def run(
    options: AgentOptions,
    folder: ProbeFolder,
    known: Known,
    environment: Mapping[str, str],
    clock: Clock,
) -> None:
    """Serve what the probe files say until SIGINT, SIGTERM or the end of the router. Raises `StoreError`."""
    go_first()
    stop = anyio.Event()
    with closing(SqliteStore.open(options.settings.spool, SCHEMA, option="--spool")) as store:
        permits = Permitted(options.settings.halt.exists, options.settings.budgets, clock)
        spool = Spool(store, options.settings.agent, counts=permits)
        permits.recall(await spool.used())
        if options.again:
            folder.recall(await spool.sources())
        await spool.recall_passes()
        bus = local.connect(options.bus)
        ledger = Ledger(spool.change)
        hooks = _hooks(bus, clock)
        agent = _compose(options, known, spool, ledger, permits, bus, hooks, environment, clock)
        if taken := await take_up(options.settings.undo_folder, ledger):
            log.warning("went on with %d steps to take back, which `synthprobe run` had left behind", taken)
        async with anyio.create_task_group() as watchers:
            _watch(options, folder, agent, known, stop, watchers)
            watchers.start_soon(Lateness(hooks, clock, options.settings.agent).run, partial(_note, spool))
            probes = folder.loaded().probes
            served = sourced(probes)
            # All this stays: the collector would walk through it again and again, and runs would wait for it.
            gc.collect()
            gc.freeze()
            log.info("%d checks of %d probes", len(served), len(probes))
            await agent.run(served, stop)
            watchers.cancel_scope.cancel()
        await bus.close()


def _hooks(bus: local.LocalBus, clock: Clock) -> Hooks:
    """Webhooks as the router takes them in; what it is asked by calls our own public address, as no probe may."""
    return Hooks(bus.ask, Wire(clock, Resolver(clock), guard=Guard(loopback=True)))


async def _note(spool: Spool, noted: Noted) -> None:
    await spool.change(_nothing, (noted,))


def _nothing() -> Tx[None]:
    yield from ()


def _watch(
    options: AgentOptions,
    folder: ProbeFolder,
    agent: Agent,
    known: Known,
    stop: anyio.Event,
    watchers: TaskGroup,
) -> None:
    for_probes, for_routes = Nudge(), Nudge()
    watchers.start_soon(_on_signal, stop, (for_probes, for_routes))
    if options.tied:
        watchers.start_soon(_on_orphaned, stop)
    watchers.start_soon(ProbeReload(folder, agent).run, for_probes)
    watchers.start_soon(_follow_routes, options.settings.routes, known, for_routes)


async def _follow_routes(path: Path, known: Known, nudge: Nudge) -> None:
    """Know what the routes say now; what is wrong with that file its router says."""
    file = RoutesReload(RoutesFile(path), lambda _: None)
    while True:
        routes = await file.look(at_once=await nudge.wait())
        if routes is not None:
            known.routes = routes


def _compose(
    options: AgentOptions,
    known: Known,
    spool: Spool,
    ledger: Ledger,
    permits: Permitted,
    bus: local.LocalBus,
    hooks: Hooks,
    environment: Mapping[str, str],
    clock: Clock,
) -> Agent:
    settings = options.settings
    tracing = Tracing()
    own = frozenset((listener.host, listener.port) for listener in options.own)
    wire = Wire(clock, Resolver(clock), guard=Guard(loopback=settings.allow_loopback, own=own))
    references = References(wire, clock, known.regions)
    secrets, undo_grace = (
        Secrets(environment, Vault(wire, environment, clock), known.teams),
        settings.grace / 3,
    )
    tempo = Tempo(Pace(settings.undo_patience), random.random)
    means = Means(wire, tracing, clock, secrets, settings.agent, tempo, wire.lines, permits.draw)
    runner = Runner(
        wire,
        tracing,
        clock,
        new_run_id,
        secrets,
        settings.agent,
        references,
        spool.passes,
        ledger=ledger,
        tempo=tempo,
        undo_grace=undo_grace,
        lines=wire.lines,
        hooks=hooks,
        drained=permits.is_drained,
    )
    return Agent(
        name=settings.agent,
        runs=runner,
        spool=spool,
        deliver=bus.deliver,
        clock=clock,
        new_id=new_run_id,
        jitter=random.random,
        limits=Limits(concurrency=settings.concurrency, grace=timedelta(seconds=settings.grace)),
        hours=known.hours,
        permits=permits,
        undoing=Undoing(
            ledger,
            Exposure(ledger, undo_grace),
            Janitor(ledger, means),
            Orders(ledger, bus.ask, clock, settings.agent),
        ),
    )


async def _on_signal(stop: anyio.Event, nudges: Sequence[Nudge]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, *HANG_UP) as signals:
        async for received in signals:
            if received not in HANG_UP:
                log.info("%s: stopping", received.name)
                stop.set()
                return
            for each in nudges:
                each.nudge()


async def _on_orphaned(stop: anyio.Event) -> None:
    """Standard input is a pipe whose other end only the router holds: it ends when the router does."""
    pipe = sys.stdin.fileno()
    # Not a reading thread: one that cannot be woken would keep the process from ending.
    await anyio.wait_readable(pipe)
    while os.read(pipe, 4096):
        await anyio.wait_readable(pipe)
    log.info("the router is gone: stopping")
    stop.set()
