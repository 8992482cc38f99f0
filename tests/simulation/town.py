"""The whole product in one seeded virtual world: one agent and one router, which die and come back, in bad weather."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import anyio
from dice import Dice, History
from mortal import MortalStore, Process
from parties import PHONE, Receivers, Targets
from people import People
from plans import CHECKS, HOSTS, LINE, PHONES, RECEIVERS, TREE, Plan
from wires import Bus

from proven import proven_store
from synthprobe.agent.agent import Agent
from synthprobe.agent.making import Limits
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core.reports import Finished
from synthprobe.core.results import Result
from synthprobe.router.facts import Fact
from synthprobe.router.router import Router
from synthprobe.senders import SENDERS
from synthprobe.stores.errors import StoreError
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing


class Town:
    """Stores, bus, targets, receivers and weather; processes come and go."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.dice = Dice(seed)
        self.history = History(clock)
        self.bus = Bus(self.dice)
        self.targets = Targets(HOSTS, self.dice)
        self.receivers = Receivers((*RECEIVERS, LINE, *PHONES), self.dice, self.history)
        self.people = People(clock, self.dice, self.history)
        self.store = proven_store()
        self.spool = InlineStore(SCHEMA)
        self.agent = Process()
        self.router = Process()
        self.made: dict[str, Result] = {}
        """Every run that came to a result."""
        self.kept: set[str] = set()
        """Those whose result the spool has taken, and said so."""
        self.plan = CHECKS
        """What the probe files say now."""
        self.tree = TREE
        """What the routes file says now."""
        self.removed = False
        """Whether the probe `login` was ever taken away."""
        self.settled_at = clock.now()
        """From here on every slot must be run."""
        self._stop = anyio.Event()
        self._closing = False

    async def keep_agent(self) -> None:
        """Start the agent again whenever it ends."""
        while not self._closing:
            await self._life("agent", self._agent)
            await anyio.sleep(self._down_for())

    async def keep_router(self) -> None:
        """Start the router again whenever it ends."""
        while True:
            await self._life("router", self._router)
            self.bus.hang_up()
            await anyio.sleep(self._down_for())

    def stop_agent(self, *, for_good: bool = False) -> None:
        """Ask it to end in order."""
        self._closing = self._closing or for_good
        self._stop.set()

    def close(self) -> None:
        """Forget both stores."""
        self.store.close()
        self.spool.close()

    def _down_for(self) -> float:
        return 0.5 if self.dice.calm else self.dice.choose([0.2, 0.2, 1.0, 5.0, self.dice.seconds(5, 60)])

    async def _life(self, name: str, body: Callable[[Process], Awaitable[None]]) -> None:
        self.history.note(name, "starts")
        process = Process()
        setattr(self, name, process)
        try:
            await process.live(body)
        except* StoreError:
            self.history.note(name, "cannot begin")
        self.history.note(name, "ended" if process.alive else "died")
        process.alive = False

    async def _agent(self, process: Process) -> None:
        self._stop = anyio.Event()
        if self._closing:
            self._stop.set()
        spool = _Watched(self, MortalStore(self.spool, process, self.dice))
        transport = self.targets.transport(process)
        runner = Runner(
            transport, Tracing(self.dice.bits), self.clock, self.dice.identity, Secrets({}), "sim"
        )

        async def deliver(frames: object) -> None:
            await self.bus.deliver(process, frames)  # type: ignore[arg-type]

        agent = Agent(
            name="sim",
            runs=runner,
            spool=spool,
            deliver=deliver,
            clock=self.clock,
            new_id=self.dice.identity,
            jitter=self.dice.fraction,
            limits=Limits(concurrency=3, grace=timedelta(seconds=5)),
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow_plan, agent, self.plan)
            await agent.run(self.plan, self._stop)
            tasks.cancel_scope.cancel()

    async def _follow_plan(self, agent: Agent, served: Plan) -> None:
        while True:
            await anyio.sleep(3)
            if (wanted := self.plan) is not served:
                with suppress(StoreError):
                    await agent.serve(wanted)
                    served = wanted

    async def _router(self, process: Process) -> None:
        router = Router(
            MortalStore(self.store, process, self.dice),
            self.tree,
            self.clock,
            transport=self.receivers.transport(process),
            secrets=lambda _: "",
            public_url="http://sim.example",
            new_id=self.dice.identity,
            jitter=lambda most: most * self.dice.fraction(),
            listeners=(self._hear,),
            senders={**SENDERS, "apprise": PHONE},
        )
        self.people.face(router, process)
        async with anyio.create_task_group() as tasks:
            self.bus.listen(router, process, tasks)
            tasks.start_soon(self._follow_tree, router)
            await router.run()

    async def _follow_tree(self, router: Router) -> None:
        served = self.tree
        while True:
            await anyio.sleep(3)
            if (wanted := self.tree) is not served:
                with suppress(StoreError):
                    await router.reload(wanted)
                    served = wanted

    def _hear(self, fact: Fact) -> None:
        self.history.note("fact", type(fact).__name__)


class _Watched(Spool):
    """A spool that tells the town what it has taken."""

    def __init__(self, town: Town, store: MortalStore) -> None:
        super().__init__(store, "sim")
        self._town = town

    async def finish(self, finished: Finished, *, fires: bool = False) -> None:
        result = finished.result
        self._town.made[result.run_id] = result
        await super().finish(finished, fires=fires)
        self._town.kept.add(result.run_id)
        self._town.history.note("kept", result.check, result.run_id, result.outcome, result.scheduled_at)
