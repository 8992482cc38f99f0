"""`synthprobe run`: checks, now, in this process; what is kept is a ledger of what must be taken back."""

import random
import signal
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.progress import Progress
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.undoing import Tempo
from synthprobe.agent.vault import Vault
from synthprobe.app.leftovers import has_some, own_ledger, take_up
from synthprobe.app.run_ids import new_run_id
from synthprobe.clock import Clock
from synthprobe.core.ledger import Entry
from synthprobe.core.probes import Check
from synthprobe.core.reports import Finished
from synthprobe.core.results import Trigger
from synthprobe.core.steps import all_steps
from synthprobe.core.undo import Pace
from synthprobe.telemetry.otlp import Exporter
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

if TYPE_CHECKING:
    # It brings a web server along, which most runs have no use for.
    from synthprobe.app.own_inbox import OwnInbox

EXPORT_WAIT = 5.0
"""Seconds that an OTLP collector gets to take the last spans."""

AGENT = "run"

Watcher = Callable[[Check, Progress | Finished | None], None]
"""Told that a run begins (None), of its progress, and of its end."""


class Parts(Struct, frozen=True):
    """What every run of this process shares."""

    means: Means
    exporter: Exporter | None
    inbox: "OwnInbox | None" = None
    """Where webhooks come in, for probes that wait for some."""


class Keeping(Struct, frozen=True):
    """Where ledgers lie, and how long undo gets after a signal, in seconds."""

    folder: Path
    grace: float


class Done(Struct, frozen=True):
    """The runs that came to a result, what could not be taken back, and the signal that ended it, if one did."""

    finished: tuple[Finished, ...]
    owed: tuple[Entry, ...] = ()
    signal: int = 0


def parts(
    clock: Clock, environment: Mapping[str, str], patience: timedelta, inbox: "OwnInbox | None" = None
) -> Parts:
    """The measuring instrument as the agent has it, without schedule and spool."""
    # A person runs this, now and here: their own machine is a target like any other.
    wire = Wire(clock, Resolver(clock), guard=Guard(loopback=True))
    secrets_ = Secrets(environment, Vault(wire, environment, clock))
    tempo = Tempo(Pace(patience), random.random)
    means = Means(wire, Tracing(), clock, secrets_, AGENT, tempo, wire.lines)
    return Parts(means, Exporter.from_environment(environment), inbox)


async def run_once(checks: tuple[Check, ...], shared: Parts, watcher: Watcher, keeping: Keeping) -> Done:
    """Run checks one after the other, and take back what they and earlier processes left behind.

    SIGINT and SIGTERM end the runs and leave undo its grace; a second one ends that too, as far as it waits. Raises
    `StoreError`.
    """
    needed = has_some(keeping.folder) or any(
        step.undo for check in checks for step in all_steps(check.probe.steps)
    )
    # Of what has no undo nothing is kept.
    opened = own_ledger(keeping.folder, f"run-{new_run_id()}") if needed else nullcontext(Ledger.unkept())
    listening = shared.inbox.open() if shared.inbox else nullcontext()
    with opened as ledger:
        await take_up(keeping.folder, ledger)
        once = _Once(checks, shared, watcher, keeping, ledger)
        async with listening:
            done = await once.run()
    if shared.exporter:
        await anyio.to_thread.run_sync(shared.exporter.close, EXPORT_WAIT)
    return done


class _Once:
    """One call of `synthprobe run`."""

    def __init__(
        self, checks: tuple[Check, ...], shared: Parts, watcher: Watcher, keeping: Keeping, ledger: Ledger
    ) -> None:
        self._checks = checks
        self._shared = shared
        self._watcher = watcher
        self._grace = keeping.grace
        self._ledger = ledger
        self._janitor = Janitor(ledger, shared.means)
        self._finished: list[Finished] = []
        self._signal = 0
        self._runs = anyio.CancelScope()
        self._undo = anyio.CancelScope()

    async def run(self) -> Done:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._on_signals)
            with self._undo:
                with self._runs:
                    await self._all()
                if self._signal:
                    await self._janitor.until_clear(self._grace)
            tasks.cancel_scope.cancel()
        return Done(tuple(self._finished), self._ledger.all(), self._signal)

    async def _all(self) -> None:
        means = self._shared.means
        runner = Runner(
            means.transport,
            means.tracing,
            means.clock,
            new_run_id,
            means.secrets,
            AGENT,
            lines=means.lines,
            ledger=self._ledger,
            tempo=means.tempo,
            undo_grace=self._grace,
            hooks=self._shared.inbox.hooks if self._shared.inbox else None,
        )
        for check in self._checks:
            self._watcher(check, None)
            found = await runner.run(check, trigger=Trigger.MANUAL, progress=partial(self._watcher, check))
            self._watcher(check, found)
            self._finished.append(found)
            if self._shared.exporter:
                self._shared.exporter.export(found.spans)
        longest = max((check.probe.undo_timeout.total_seconds() for check in self._checks), default=0.0)
        await self._janitor.until_clear(longest)

    async def _on_signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for received in signals:
                if self._signal:
                    self._undo.cancel()
                self._signal = received
                self._runs.cancel()
