"""`routes simulate`: the router itself, over a store in memory and on virtual time, told what a timeline says.

Recorder, dispatcher, escalation and notifier are those of `serve`; only what would leave the process is kept instead,
and every receiver and phone takes it at once.
"""

from datetime import datetime, timedelta
from functools import partial
from itertools import count

import anyio
import anyio.lowlevel

from synthprobe.app.doors import KEPT, Doors, delivered, is_heartbeat
from synthprobe.app.simulated import Simulation, stored_decisions, stored_incidents
from synthprobe.app.virtual import run_virtual
from synthprobe.clock import Clock
from synthprobe.core.actions import Action, ActionKind
from synthprobe.core.failures import Failure
from synthprobe.core.outside import Posted
from synthprobe.core.overrides import OverrideRefused
from synthprobe.core.reports import Announced, Finished
from synthprobe.core.results import Outcome, Result, Trigger
from synthprobe.core.routes import Routes
from synthprobe.core.scenario import (
    ActionEvent,
    AlertEvent,
    Event,
    Happening,
    OverrideEvent,
    ReloadEvent,
    RestartEvent,
    RunEvent,
    Scenario,
    SilenceEvent,
    UnsilenceEvent,
)
from synthprobe.core.silences import Silence, SilenceRefused, UnknownSilence
from synthprobe.ports import Tx
from synthprobe.router.router import Router
from synthprobe.router.watchman import Patience
from synthprobe.senders import SENDERS
from synthprobe.stores import checks as check_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores.inline import InlineStore

AGENT = "simulated"
"""The agent whose reports the runs come in."""

ENDLESS = Patience(pulse=1e9, at_least=1e9)
"""What a timeline does not tell of has not stopped: no agent or check is missed."""


class NotPlayable(ValueError):
    """A timeline asks for something that the router refuses; the message says when and why."""


def play(scenario: Scenario, tree: Routes) -> Simulation:
    """Play a whole timeline. Raises `NotPlayable`."""
    return run_virtual(_play, scenario, tree, start=scenario.start)


async def _play(clock: Clock, scenario: Scenario, tree: Routes) -> Simulation:
    stage = _Stage(clock, scenario, tree)
    events = list(scenario.events)
    while True:
        away = await stage.live(events)
        if stage.refused:
            raise stage.refused
        if away is None:
            return await stage.found()
        # Whatever comes meanwhile waits outside, in spools and with those who try again.
        await anyio.sleep(away.total_seconds())


class _Stage:
    """One router after the other over one store, and what left them."""

    def __init__(self, clock: Clock, scenario: Scenario, tree: Routes) -> None:
        self._clock, self._scenario, self._tree = clock, scenario, tree
        self._store = InlineStore()
        self._doors = Doors(clock)
        self._ids = count(1)
        self._silences: dict[str, str] = {}
        self._checks = {check.key: check for check in scenario.checks}
        self._router = self._new_router()
        self.refused: NotPlayable | None = None
        """What a loop's task group would wrap is raised outside it."""

    async def live(self, events: list[Event]) -> timedelta | None:
        """Play events until the process goes away, and return for how long; None at the end of the timeline."""
        self._router = self._new_router()
        async with anyio.create_task_group() as loops:
            loops.start_soon(self._router.run)
            await anyio.lowlevel.checkpoint()
            away = await self._events(events)
            loops.cancel_scope.cancel()
        return away

    async def found(self) -> Simulation:
        """All that came of it."""
        decisions = await self._store.read(lambda: stored_decisions(self._scenario.start))
        incidents = await self._store.read(stored_incidents)
        passed = [each for each in self._doors.passed if not is_heartbeat(each[1])]
        told = tuple(delivered(*each, self._scenario.start, self._tree) for each in passed)
        return Simulation(told, decisions, incidents)

    async def _events(self, events: list[Event]) -> timedelta | None:
        if self._checks and self._clock.now() == self._scenario.start:
            announced = Announced(AGENT, self._clock.now(), tuple(self._checks.values()))
            await self._router.record([announced])
            await self._store.write(partial(_all_passed, announced))
        while events:
            event = events.pop(0)
            await self._until(event.after)
            if isinstance(event.what, RestartEvent):
                return event.what.away
            try:
                await self._happen(event.what)
            except (NotPlayable, SilenceRefused, UnknownSilence, OverrideRefused) as error:
                self.refused = NotPlayable(f"at {event.after.total_seconds():g} s: {error}")
                return None
        await self._until(self._scenario.lasting)
        return None

    async def _until(self, after: timedelta) -> None:
        left = self._scenario.start + after - self._clock.now()
        await anyio.sleep(max(left.total_seconds(), 0.0))

    async def _happen(self, what: Happening) -> None:
        now = self._clock.now()
        match what:
            case AlertEvent():
                # Nobody posts it again, so it lasts until the timeline says that it is over.
                ends_at = now + ALWAYS if what.firing else now
                await self._router.taker.take([Posted(what.labels, what.annotations, ends_at=ends_at, starts_at=now if what.firing else None)])  # fmt: skip
            case RunEvent():
                await self._router.record([Finished(AGENT, self._result(what, now))])
            case SilenceEvent():
                wanted = Silence("", what.matchers, now, now + what.lasting, what.by, what.comment, now)
                self._silences[what.id] = (await self._router.silencer.place(wanted)).id
            case UnsilenceEvent():
                await self._router.silencer.expire(self._silences[what.id])
            case ActionEvent():
                kind, number = ActionKind(what.kind), what.incident
                if await self._store.read(lambda: incident_rows.find(number)) is None:
                    raise NotPlayable(f"there is no incident {number} yet")
                await self._router.act(Action(self._id(), number, kind, what.by, now, what.text, what.to))
            case OverrideEvent():
                await self._router.overrider.add(what.override)
            case ReloadEvent():
                await self._put_in_force(what.routes)

    async def _put_in_force(self, tree: Routes) -> None:
        self._tree = tree
        await self._router.reload(tree)

    def _result(self, run: RunEvent, now: datetime) -> Result:
        check, number = self._checks[run.check], next(self._ids)
        failure = None
        if run.outcome is not Outcome.PASSED:
            failure = Failure(run.kind, run.message or run.kind.value, step=run.step or None)
        return Result(
            run_id=f"run-{number}",
            check=check.key,
            probe=check.probe,
            region=check.region,
            trigger=Trigger.SCHEDULE,
            outcome=run.outcome,
            started_at=now,
            ended_at=now,
            scheduled_at=now + timedelta(microseconds=number),
            trace_id=f"{number:032x}",
            definition=check.definition,
            failure=failure,
            signature=f"{run.kind.value} {run.step}".strip() if failure else "",
        )

    def _new_router(self) -> Router:
        return Router(
            self._store,
            self._tree,
            self._clock,
            transport=self._doors,
            secrets=lambda _name: "",
            public_url="http://simulated/",
            new_id=self._id,
            jitter=lambda most: most,
            patience=ENDLESS,
            senders=dict.fromkeys(SENDERS, KEPT),
        )

    def _id(self) -> str:
        return f"{next(self._ids):016x}"


ALWAYS = timedelta(days=4000)


def _all_passed(announced: Announced) -> Tx[None]:
    """A timeline begins with checks that have passed before: what it makes fail is no new probe's mistake."""
    for check in announced.checks:
        yield from check_rows.passed(check.key, check.definition)
