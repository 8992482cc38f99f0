"""`synthprobe agent`: schedules and runs the checks of one agent, and hands what it finds to a router."""

import logging
import os
import random
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta

import anyio
from msgspec import Struct

from synthprobe.agent.agent import Agent, Sourced
from synthprobe.agent.references import References
from synthprobe.agent.runner import Runner
from synthprobe.agent.scheduler import Limits
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.app.once import new_run_id
from synthprobe.buses import local
from synthprobe.clock import Clock
from synthprobe.core.probes import checks
from synthprobe.core.routes import Region
from synthprobe.files.probes import LoadedProbe
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


async def run(
    options: AgentOptions, probes: Sequence[LoadedProbe], environment: Mapping[str, str], clock: Clock
) -> None:
    """Serve the probes until SIGINT, SIGTERM or the end of the router. Raises `StoreError`."""
    served: list[Sourced] = [
        (check, loaded.source_text) for loaded in probes for check in checks(loaded.probe)
    ]
    stop = anyio.Event()
    with closing(SqliteStore.open(options.settings.spool, SCHEMA)) as store:
        bus = local.connect(options.bus)
        agent = _compose(options, Spool(store, options.settings.agent), bus, environment, clock)
        async with anyio.create_task_group() as watchers:
            watchers.start_soon(_on_signal, stop)
            if options.tied:
                watchers.start_soon(_on_orphaned, stop)
            log.info("%d checks of %d probes", len(served), len(probes))
            await agent.run(served, stop)
            watchers.cancel_scope.cancel()
        await bus.close()


def _compose(
    options: AgentOptions, spool: Spool, bus: local.LocalBus, environment: Mapping[str, str], clock: Clock
) -> Agent:
    settings = options.settings
    tracing = Tracing()
    own = frozenset((listener.host, listener.port) for listener in options.own)
    wire = Wire(clock, Resolver(clock), guard=Guard(loopback=settings.allow_loopback, own=own))
    references = References(wire, clock, lambda: options.regions)
    runner = Runner(wire, tracing, clock, new_run_id, Secrets(environment), settings.agent, references)
    return Agent(
        name=settings.agent,
        runs=runner,
        spool=spool,
        deliver=bus.deliver,
        clock=clock,
        new_id=new_run_id,
        jitter=random.random,
        limits=Limits(concurrency=settings.concurrency, grace=timedelta(seconds=settings.grace)),
    )


async def _on_signal(stop: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for received in signals:
            log.info("%s: stopping", received.name)
            stop.set()
            return


async def _on_orphaned(stop: anyio.Event) -> None:
    """Standard input is a pipe whose other end only the router holds: it ends when the router does."""
    pipe = sys.stdin.fileno()
    # Not a reading thread: one that cannot be woken would keep the process from ending.
    await anyio.wait_readable(pipe)
    while os.read(pipe, 4096):
        await anyio.wait_readable(pipe)
    log.info("the router is gone: stopping")
    stop.set()
