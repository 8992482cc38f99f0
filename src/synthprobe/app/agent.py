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
from pathlib import Path

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from synthprobe.agent.agent import Agent, Undoing
from synthprobe.agent.exposure import Exposure
from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.references import References
from synthprobe.agent.runner import Runner
from synthprobe.agent.scheduler import Limits
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.app.once import new_run_id
from synthprobe.app.precedence import go_first
from synthprobe.app.reloading import HANG_UP, Nudge, ProbeReload, RoutesReload, sourced
from synthprobe.buses import local
from synthprobe.clock import Clock
from synthprobe.core.routes import Region
from synthprobe.files.watching import ProbeFolder, RoutesFile
from synthprobe.settings import Listen, Settings
from synthprobe.stores.sqlite import SqliteStore
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

log = logging.getLogger(__name__)


class AgentOptions(Struct, frozen=True):
    """What the command line of an agent decides."""

    settings: Settings
    bus: str
    tied: bool
    """Whether it ends when its standard input ends, because its router has."""
    own: tuple[Listen, ...] = ()
    """Listeners of its router, which are never probed."""
    regions: Mapping[str, Region] = {}
    """As the routes name them: with what tells whether their network works."""
    again: bool = False
    """Whether it follows one that ended: then broken files are what they were when they were last good."""


async def run(
    options: AgentOptions, folder: ProbeFolder, environment: Mapping[str, str], clock: Clock
) -> None:
    """Serve what the probe files say until SIGINT, SIGTERM or the end of the router. Raises `StoreError`."""
    go_first()
    stop, regions = anyio.Event(), dict(options.regions)
    with closing(SqliteStore.open(options.settings.spool, SCHEMA, option="--spool")) as store:
        spool = Spool(store, options.settings.agent)
        if options.again:
            folder.recall(await spool.sources())
        await spool.recall_passes()
        bus = local.connect(options.bus)
        agent = _compose(options, regions, spool, bus, environment, clock)
        async with anyio.create_task_group() as watchers:
            _watch(options, folder, agent, regions, stop, watchers)
            probes = folder.loaded().probes
            served = sourced(probes)
            # All this stays: the collector would walk through it again and again, and runs would wait for it.
            gc.collect()
            gc.freeze()
            log.info("%d checks of %d probes", len(served), len(probes))
            await agent.run(served, stop)
            watchers.cancel_scope.cancel()
        await bus.close()


def _watch(
    options: AgentOptions,
    folder: ProbeFolder,
    agent: Agent,
    regions: dict[str, Region],
    stop: anyio.Event,
    watchers: TaskGroup,
) -> None:
    for_probes, for_routes = Nudge(), Nudge()
    watchers.start_soon(_on_signal, stop, (for_probes, for_routes))
    if options.tied:
        watchers.start_soon(_on_orphaned, stop)
    watchers.start_soon(ProbeReload(folder, agent).run, for_probes)
    watchers.start_soon(_follow_regions, options.settings.routes, regions, for_routes)


async def _follow_regions(path: Path, regions: dict[str, Region], nudge: Nudge) -> None:
    """Ask the references that the routes name now; what is wrong with that file its router says."""
    file = RoutesReload(RoutesFile(path), lambda _: None)
    while True:
        routes = await file.look(at_once=await nudge.wait())
        if routes is not None:
            regions.clear()
            regions.update(routes.regions)


def _compose(
    options: AgentOptions,
    regions: Mapping[str, Region],
    spool: Spool,
    bus: local.LocalBus,
    environment: Mapping[str, str],
    clock: Clock,
) -> Agent:
    settings = options.settings
    tracing = Tracing()
    own = frozenset((listener.host, listener.port) for listener in options.own)
    wire = Wire(clock, Resolver(clock), guard=Guard(loopback=settings.allow_loopback, own=own))
    references = References(wire, clock, lambda: regions)
    secrets, ledger, undo_grace = Secrets(environment), Ledger(spool.change), settings.grace / 3
    means = Means(wire, tracing, clock, secrets, random.random, settings.agent)
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
        spread=random.random,
        undo_grace=undo_grace,
        lines=wire.lines,
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
        undoing=Undoing(ledger, Exposure(ledger, undo_grace), Janitor(ledger, means)),
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
