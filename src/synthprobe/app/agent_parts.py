"""What `synthprobe agent` is made of: the measuring instrument, the ledger of undo, and what knows of the routes."""

import random
from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from synthprobe.agent.agent import Agent, Undoing
from synthprobe.agent.exposure import Exposure
from synthprobe.agent.hooks import Hooks
from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.making import Limits
from synthprobe.agent.orders import Orders
from synthprobe.agent.permits import Permitted
from synthprobe.agent.references import References
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.shares import OnAccount
from synthprobe.agent.spool import Spool
from synthprobe.agent.undoing import Tempo
from synthprobe.agent.vault import Vault
from synthprobe.app.run_ids import new_run_id
from synthprobe.buses.local import LocalBus
from synthprobe.clock import Clock
from synthprobe.core.hours import Hours, hours_of
from synthprobe.core.probes import Check
from synthprobe.core.routes import Region, Routes
from synthprobe.core.teams import Team
from synthprobe.core.undo import Pace
from synthprobe.settings.values import Listen, Settings
from synthprobe.stores.account import Account
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire


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


class Parts(Struct, frozen=True):
    """An agent, and those of its parts that its process uses besides."""

    agent: Agent
    ledger: Ledger
    hooks: Hooks


def compose(
    options: AgentOptions,
    known: Known,
    spool: Spool,
    permits: Permitted,
    account: Account,
    bus: LocalBus,
    environment: Mapping[str, str],
    clock: Clock,
) -> Parts:
    """The agent, which does not run yet."""
    settings = options.settings
    own = frozenset((listener.host, listener.port) for listener in options.own)
    wire = Wire(clock, Resolver(clock), guard=Guard(loopback=settings.allow_loopback, own=own))
    secrets = Secrets(environment, Vault(wire, environment, clock), known.teams)
    tempo = Tempo(Pace(settings.undo_patience), random.random)
    means = Means(wire, Tracing(), clock, secrets, settings.agent, tempo, wire.lines, permits.draw)
    ledger = Ledger(spool.change, OnAccount(account, settings.spool))
    hooks, undo_grace = _hooks(bus, clock), settings.grace / 3
    runner = Runner(
        wire,
        means.tracing,
        clock,
        new_run_id,
        secrets,
        settings.agent,
        References(wire, clock, known.regions),
        spool.passes,
        ledger=ledger,
        tempo=tempo,
        undo_grace=undo_grace,
        lines=wire.lines,
        hooks=hooks,
        drained=permits.is_drained,
        draw=permits.draw,
    )
    undoing = Undoing(
        ledger,
        Exposure(ledger, undo_grace),
        Janitor(ledger, means),
        Orders(ledger, bus.ask, clock, settings.agent),
    )
    return Parts(_agent(settings, runner, spool, bus, known, permits, undoing, clock), ledger, hooks)


def _hooks(bus: LocalBus, clock: Clock) -> Hooks:
    """Webhooks as the router takes them in; what it is asked by calls our own public address, as no probe may."""
    return Hooks(bus.ask, Wire(clock, Resolver(clock), guard=Guard(loopback=True)))


def _agent(
    settings: Settings,
    runner: Runner,
    spool: Spool,
    bus: LocalBus,
    known: Known,
    permits: Permitted,
    undoing: Undoing,
    clock: Clock,
) -> Agent:
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
        undoing=undoing,
    )
