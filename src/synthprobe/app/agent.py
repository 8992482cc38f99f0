"""`synthprobe agent`: schedules and runs the checks of one agent, and hands what it finds to a router."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from synthprobe.agent.agent import Agent
from synthprobe.agent.lateness import Lateness
from synthprobe.agent.ledger_lines import line_of, told
from synthprobe.agent.permits import Permitted
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.app.agent_parts import AgentOptions, Known, compose
from synthprobe.app.leftovers import take_up
from synthprobe.app.precedence import go_first
from synthprobe.app.reloading import HANG_UP, Nudge, ProbeReload, RoutesReload, sourced
from synthprobe.app.tending import tend
from synthprobe.buses import local
from synthprobe.clock import Clock
from synthprobe.core.ledger import Entry
from synthprobe.core.reports import Noted, Report
from synthprobe.files.watching import ProbeFolder, RoutesFile
from synthprobe.ports import Tx
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError
from synthprobe.stores.sqlite import SqliteStore

log = logging.getLogger(__name__)


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
        account = Account(options.settings.account)
        permits = Permitted(options.settings.halt.exists, options.settings.budgets, clock, account)
        spool = Spool(store, options.settings.agent)
        await _hand_over(spool, permits)
        if options.again:
            folder.recall(await spool.sources())
        await spool.recall_passes()
        bus = local.connect(options.bus)
        parts = compose(options, known, spool, permits, account, bus, environment, clock)
        entries, _ = await spool.ledger()
        # First what is its own: until then its last life's share counts.
        parts.ledger.adopt(entries)
        saying = partial(_owed, options.settings.agent, clock)
        await take_up(options.settings.undo_folder, parts.ledger, saying)
        async with anyio.create_task_group() as watchers:
            _watch(options, folder, parts.agent, known, stop, watchers)
            watchers.start_soon(
                Lateness(parts.hooks, clock, options.settings.agent).run, partial(_note, spool)
            )
            watchers.start_soon(tend, options.settings.undo_folder, parts.ledger, account, saying)
            probes = folder.loaded().probes
            served = sourced(probes)
            # All this stays: the collector would walk through it again and again, and runs would wait for it.
            gc.collect()
            gc.freeze()
            log.info("%d checks of %d probes", len(served), len(probes))
            await parts.agent.run(served, stop)
            watchers.cancel_scope.cancel()
        await bus.close()
        account.close()


def _owed(agent: str, clock: Clock, entries: Sequence[Entry]) -> Report:
    now = clock.now()
    return told(agent, now, [line_of(entry, now) for entry in entries])


async def _hand_over(spool: Spool, permits: Permitted) -> None:
    """Let others know how budgets are set, and count in the account what earlier versions counted in the spool."""
    try:
        permits.publish()
        if used := await spool.used():
            await spool.forget_used(permits.recall(used))
    except StoreError as error:
        log.error("%s", error)  # noqa: TRY400 - known; what needs the account is not started


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
