"""`synthprobe run`: checks, now, in this process; what is kept is a ledger of what must be taken back.

A run draws on the account and the budgets as an agent's does, and comes last: it waits a while for room there, and is
skipped if none comes, which is no failure of anything.
"""

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
from msgspec.structs import replace

from synthprobe.agent.exposure import Exposure
from synthprobe.agent.janitor import Janitor, Means
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.progress import Progress
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.undoing import Tempo
from synthprobe.agent.vault import Vault
from synthprobe.app.leftovers import has_some, own_ledger, take_up
from synthprobe.app.purses import Purse
from synthprobe.app.run_ids import new_run_id
from synthprobe.clock import Clock
from synthprobe.core.accounts import Refusal, Skipped, Waiting
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

RETRY = 0.5
"""Seconds between two questions whether there is room by now."""

Watcher = Callable[[Check, Progress | Finished | Waiting | Skipped | None], None]
"""Told that a run is wanted (None), that it waits or is skipped, of its progress, and of its end."""


class Parts(Struct, frozen=True):
    """What every run of this process shares."""

    means: Means
    exporter: Exporter | None
    inbox: "OwnInbox | None" = None
    """Where webhooks come in, for probes that wait for some."""


class Keeping(Struct, frozen=True):
    """Where ledgers lie, what is drawn on, how long undo gets after a signal and a run waits for room, in seconds."""

    folder: Path
    purse: Purse
    grace: float
    patience: float


class Done(Struct, frozen=True):
    """The runs that came to a result and those that were not started, what could not be taken back, and the signal that ended it, if one did."""

    finished: tuple[Finished, ...]
    skipped: tuple[Skipped, ...] = ()
    owed: tuple[Entry, ...] = ()
    signal: int = 0
    untold: str = ""
    """What the account drawn on does not know, if there is anything."""


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
    steps = [step for check in checks for step in all_steps(check.probe.steps)]
    needed = has_some(keeping.folder) or any(step.undo or step.money for step in steps)
    # Of what moves nothing nothing is kept.
    name, purse = f"run-{new_run_id()}", keeping.purse
    opened = own_ledger(keeping.folder, name, purse.share) if needed else nullcontext(Ledger.unkept())
    listening = shared.inbox.open() if shared.inbox else nullcontext()
    async with purse.kept():
        with opened as ledger:
            purse.succeed(await take_up(keeping.folder, ledger))
            once = _Once(checks, shared, watcher, keeping, ledger)
            async with listening:
                done = await once.run()
    if shared.exporter:
        await anyio.to_thread.run_sync(shared.exporter.close, EXPORT_WAIT)
    return replace(done, untold=purse.untold)


class _Once:
    """One call of `synthprobe run`."""

    def __init__(
        self, checks: tuple[Check, ...], shared: Parts, watcher: Watcher, keeping: Keeping, ledger: Ledger
    ) -> None:
        self._checks = checks
        self._shared = shared
        self._watcher = watcher
        self._keeping = keeping
        self._purse = keeping.purse
        self._ledger = ledger
        self._exposure = Exposure(ledger)
        self._janitor = Janitor(ledger, replace(shared.means, draw=keeping.purse.draw))
        self._finished: list[Finished] = []
        self._skipped: list[Skipped] = []
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
                    await self._janitor.until_clear(self._keeping.grace)
            tasks.cancel_scope.cancel()
        return Done(tuple(self._finished), tuple(self._skipped), self._ledger.all(), self._signal)

    async def _all(self) -> None:
        runner = self._runner()
        for check in self._checks:
            self._watcher(check, None)
            run_id = new_run_id()
            try:
                if refused := await self._refused(check, run_id):
                    self._skip(Skipped(check.key, check.probe.name, refused), check)
                else:
                    await self._run(runner, check, run_id)
            finally:
                self._exposure.release(run_id)
        longest = max((check.probe.undo_timeout.total_seconds() for check in self._checks), default=0.0)
        await self._janitor.until_clear(longest)

    def _runner(self) -> Runner:
        means = self._shared.means
        return Runner(
            means.transport,
            means.tracing,
            means.clock,
            new_run_id,
            means.secrets,
            AGENT,
            lines=means.lines,
            ledger=self._ledger,
            tempo=means.tempo,
            undo_grace=self._keeping.grace,
            hooks=self._shared.inbox.hooks if self._shared.inbox else None,
            drained=self._purse.is_drained,
            draw=self._purse.draw,
        )

    async def _refused(self, check: Check, run_id: str) -> Refusal | None:
        """Why a run is not started, after it has waited for that to pass; one that may counts from now on."""
        clock = self._shared.means.clock
        ends, told = clock.monotonic() + self._keeping.patience, False
        while True:
            refused = await anyio.to_thread.run_sync(self._refusal, check, run_id)
            if refused is None or not refused.passes or clock.monotonic() >= ends:
                return refused
            if not told:
                self._watcher(check, Waiting(refused))
                told = True
            # It may be what another process left behind, and this one has taken up.
            await self._janitor.round()
            await anyio.sleep(max(0.0, min(RETRY, ends - clock.monotonic())))

    def _refusal(self, check: Check, run_id: str) -> Refusal | None:
        if halted := self._purse.halt():
            return halted
        refused = self._exposure.admit(check, run_id)
        if refused is None and (refused := self._purse.spend(check, Trigger.MANUAL)):
            self._exposure.release(run_id)
        return refused

    def _skip(self, skipped: Skipped, check: Check) -> None:
        self._watcher(check, skipped)
        self._skipped.append(skipped)

    async def _run(self, runner: Runner, check: Check, run_id: str) -> None:
        watch = partial(self._watcher, check)
        found = await runner.run(check, trigger=Trigger.MANUAL, run_id=run_id, progress=watch)
        self._watcher(check, found)
        self._finished.append(found)
        if self._shared.exporter:
            self._shared.exporter.export(found.spans)

    async def _on_signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for received in signals:
                if self._signal:
                    self._undo.cancel()
                self._signal = received
                self._runs.cancel()
