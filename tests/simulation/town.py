"""The whole product in one seeded virtual world: one agent and one router, which die and come back, in bad weather."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import anyio
from dice import Dice, History
from mortal import MortalStore, Process
from msgspec.structs import replace
from parties import Receivers, Targets
from wires import Bus

from synthprobe.agent.agent import Agent
from synthprobe.agent.runner import Runner
from synthprobe.agent.scheduler import Limits
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core.probes import Check, checks
from synthprobe.core.reports import Finished
from synthprobe.core.results import Result
from synthprobe.core.routes import Routes
from synthprobe.files.probes import load_probe
from synthprobe.files.routes import load_routes
from synthprobe.router.facts import Fact
from synthprobe.router.router import Router
from synthprobe.stores.errors import StoreError
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing

PROBE = """
name: {name}
owner: cards
schedule: {{every: {every}, overlap: {overlap}}}
timeout: {timeout}
regions:
  emea: {{base_url: "http://{name}.emea.example"}}
  amer: {{base_url: "http://{name}.amer.example"}}
steps:
  - id: ask
    request:
      url: ${{{{ region.base_url }}}}/health
      timeout: 40s
    retry: {{on: [connect], max: 1, backoff: 1s}}
    assert:
      - status: 200
alert: {{fail_after: 2, recover_after: 2}}
"""

ROUTES = """
teams: {cards: {}}
regions: {emea: {}, amer: {}}
route:
  receiver: ops
  group_by: [alertname, probe]
  group_wait: 5s
  group_interval: 20s
  repeat_interval: 2m
  routes:
    - {matchers: ['probe="pay"'], receiver: desk, continue: true}
    - {matchers: ['severity="critical"'], receiver: ops}
receivers:
  - {name: ops, webhook_configs: [{url: "http://ops.example/hook"}]}
  - {name: desk, webhook_configs: [{url: "http://desk.example/hook"}]}
"""

ASKED = (("pay", "15s", "skip", "8s"), ("login", "20s", "queue", "30s"))
"""Name, interval, overlap and timeout of each probe: one ends before its next slot, the other may not."""

HOSTS = tuple(f"{name}.{region}.example" for name, *_ in ASKED for region in ("emea", "amer"))
RECEIVERS = ("ops.example", "desk.example")


def probes() -> tuple[tuple[Check, str], ...]:
    """Every check with its source."""
    found: list[tuple[Check, str]] = []
    for name, every, overlap, timeout in ASKED:
        text = PROBE.format(name=name, every=every, overlap=overlap, timeout=timeout)
        probe = load_probe(text, f"probes/{name}.yaml")
        found += [(check, text) for check in checks(probe)]
    return tuple(found)


def routes() -> Routes:
    """Two routes, of which one probe takes both."""
    return replace(load_routes(ROUTES, "routes.yaml"), reopen_within=timedelta(minutes=1))


CHECKS = probes()
TREE = routes()


class Town:
    """Stores, bus, targets, receivers and weather; processes come and go."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.dice = Dice(seed)
        self.history = History(clock)
        self.bus = Bus(self.dice)
        self.targets = Targets(HOSTS, self.dice)
        self.receivers = Receivers(RECEIVERS, self.dice, self.history)
        self.store = InlineStore()
        self.spool = InlineStore(SCHEMA)
        self.agent = Process()
        self.router = Process()
        self.made: dict[str, Result] = {}
        """Every run that came to a result."""
        self.kept: set[str] = set()
        """Those whose result the spool has taken, and said so."""
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
        return 0.5 if self.dice.calm else self.dice.choose([0.2, 0.2, 1.0, 5.0, self.dice.seconds(5, 90)])

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
        await agent.run(CHECKS, self._stop)

    async def _router(self, process: Process) -> None:
        router = Router(
            MortalStore(self.store, process, self.dice),
            TREE,
            self.clock,
            transport=self.receivers.transport(process),
            secrets=lambda _: "",
            public_url="http://sim.example",
            new_id=self.dice.identity,
            jitter=lambda most: most * self.dice.fraction(),
            listeners=(self._hear,),
        )
        async with anyio.create_task_group() as tasks:
            self.bus.listen(router, process, tasks)
            await router.run()

    def _hear(self, fact: Fact) -> None:
        self.history.note("fact", type(fact).__name__)


class _Watched(Spool):
    """A spool that tells the town what it has taken."""

    def __init__(self, town: Town, store: MortalStore) -> None:
        super().__init__(store, "sim")
        self._town = town

    async def finish(self, finished: Finished) -> None:
        result = finished.result
        self._town.made[result.run_id] = result
        await super().finish(finished)
        self._town.kept.add(result.run_id)
        self._town.history.note("kept", result.check, result.run_id, result.outcome, result.scheduled_at)


def quiet() -> None:
    """Thousands of expected warnings would only hide the one that is not."""
    with suppress(ValueError):
        logging.getLogger("synthprobe").setLevel(logging.CRITICAL)
