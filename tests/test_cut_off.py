"""Agent and router together on virtual time: a network of ours that is gone blames no target; a target that is gone is told.

The parts are the real ones; only the network and the bus are made up.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio
import httpx
import pytest

from synthprobe.agent.agent import Agent
from synthprobe.agent.references import References
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.clock import Clock
from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.probes import checks
from synthprobe.core.reports import Pulse, Report
from synthprobe.files.probes import load_probe
from synthprobe.files.routes import load_routes
from synthprobe.ports import Sql, Tx
from synthprobe.router.router import Router
from synthprobe.stores.columns import document
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing
from virtual import run_virtual

INTERVAL = timedelta(minutes=1)
RUN = timedelta(seconds=5)
"""How long a run without an answer takes: two starts are within two intervals, their end may not be."""

PROBE = """
name: {name}
owner: cards
schedule: {{every: 1m}}
regions:
  emea: {{base_url: "http://{name}.emea.example"}}
  amer: {{base_url: "http://{name}.amer.example"}}
steps:
  - id: ask
    request: {{url: "${{{{ region.base_url }}}}/health", timeout: 5s}}
    assert: [{{status: 200}}]
"""

ROUTES = """
platform: platform
teams: {cards: {}, platform: {}}
regions:
  emea: {references: ["http://one.emea.example/", "http://two.emea.example/"]}
  amer: {references: ["http://one.amer.example/", "http://two.amer.example/"]}
route:
  receiver: desk
  group_by: [alertname, probe]
  group_wait: 1s
  routes:
    - {matchers: ['owner="platform"'], receiver: crew}
receivers:
  - {name: desk, webhook_configs: [{url: "http://desk.example/"}]}
  - {name: crew, webhook_configs: [{url: "http://crew.example/"}]}
"""

PROBES = ("card", "login", "refund")


class World:
    """Everything that answers, unless it is cut off; and one agent and one router in it."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.cut: set[str] = set()
        self.told: list[tuple[str, float]] = []
        """Host of a receiver, and when."""
        self.store = InlineStore()
        self.routes = load_routes(ROUTES, "routes.yaml")
        self._count = seed * 1_000_000
        transport = httpx.MockTransport(self._answer)
        self.router = Router(
            self.store,
            self.routes,
            clock,
            transport=transport,
            secrets=lambda _: "",
            public_url="http://probe.example",
            new_id=self._id,
            jitter=lambda most: most / 2,
        )
        references = References(transport, clock, lambda: self.routes.regions)
        runner = Runner(transport, Tracing(), clock, self._id, Secrets({}), "a", references)
        self.agent = Agent(
            name="a",
            runs=runner,
            spool=Spool(InlineStore(SCHEMA), "a"),
            deliver=self._deliver,
            clock=clock,
            new_id=self._id,
            jitter=lambda: 0.5,
        )

    async def alerts(self) -> dict[str, Alert]:
        """Each alert by its name, and its probe and region."""

        def query() -> Tx[list[Alert]]:
            rows = yield Sql("select doc from alerts")
            return [document(row, Alert) for row in rows]

        found = await self.store.read(query)
        return {
            " ".join(alert.labels.get(name, "") for name in ("alertname", "probe", "region")): alert
            for alert in found
        }

    def _id(self) -> str:
        self._count += 1
        return f"id-{self._count}"

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host in ("desk.example", "crew.example"):
            self.told.append((host, self.clock.monotonic()))
            return httpx.Response(200)
        if any(host.endswith(name) for name in self.cut):
            await anyio.sleep(0.001 if host.startswith("refund") else 4.0)
            raise httpx.ConnectError("no route")
        await anyio.sleep(0.05)
        return httpx.Response(200)

    async def _deliver(self, frames: Sequence[Report | Pulse]) -> None:
        for frame in frames:
            if isinstance(frame, Pulse):
                self.router.pulse(frame)
        await self.router.record([frame for frame in frames if not isinstance(frame, Pulse)])


async def live(world: World, seconds: float) -> None:
    """Let agent and router work for so long."""
    texts = [PROBE.format(name=name) for name in PROBES]
    served = [(check, text) for text in texts for check in checks(load_probe(text, "probes/p.yaml"))]
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.router.run)
        tasks.start_soon(world.agent.run, served, stop)
        await anyio.sleep(seconds)
        stop.set()
        tasks.cancel_scope.cancel()


SEEDS = pytest.mark.parametrize("seed", range(5))


@SEEDS
def test_with_prober_and_references_cut_off_no_target_alert_moves_and_the_region_is_told_as_unwell(
    seed: int,
) -> None:
    async def scenario(clock: Clock) -> None:
        world = World(clock, seed)

        async def weather() -> None:
            await anyio.sleep(125 + seed)
            world.cut = {".emea.example"}

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(weather)
            await live(world, 900)
        found = await world.alerts()
        assert set(found) == {"RegionUnwell  emea"}
        unwell = found["RegionUnwell  emea"]
        assert unwell.state is AlertState.FIRING
        assert unwell.full_labels["owner"] == "platform"
        assert unwell.starts_at
        assert unwell.starts_at <= _start(clock) + timedelta(seconds=125 + seed) + 2 * INTERVAL
        assert {host for host, _ in world.told} == {"crew.example"}

    run_virtual(scenario, seed=seed)


@SEEDS
def test_a_network_that_goes_bit_by_bit_blames_no_target_that_answered_before(seed: int) -> None:
    """One target is down already, so that references are asked and answer; then everything goes."""

    async def scenario(clock: Clock) -> None:
        world = World(clock, seed)

        async def weather() -> None:
            await anyio.sleep(60)
            world.cut = {"card.emea.example"}
            await anyio.sleep(240 + 7 * seed)
            world.cut = {".emea.example"}

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(weather)
            await live(world, 900)
        found = await world.alerts()
        assert set(found) == {"ProbeFailed card emea", "RegionUnwell  emea"}
        assert {alert.state for alert in found.values()} == {AlertState.FIRING}

    run_virtual(scenario, seed=seed)


@SEEDS
@pytest.mark.parametrize("where", ["card.emea.example", "refund.emea.example", "login.amer.example"])
def test_with_only_the_target_cut_off_its_alert_fires_within_two_intervals(where: str, seed: int) -> None:
    async def scenario(clock: Clock) -> None:
        world = World(clock, seed)

        async def weather() -> None:
            await anyio.sleep(120 + 11 * seed)
            world.cut = {where}

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(weather)
            await live(world, 120 + 11 * seed + 140)
        probe, region, _ = where.split(".")
        found = await world.alerts()
        assert set(found) == {f"ProbeFailed {probe} {region}"}
        fired = found[f"ProbeFailed {probe} {region}"]
        assert fired.state is AlertState.FIRING
        assert fired.starts_at
        gone = _start(clock) + timedelta(seconds=120 + 11 * seed)
        assert fired.starts_at <= gone + 2 * INTERVAL + RUN
        assert {host for host, _ in world.told} == {"desk.example"}

    run_virtual(scenario, seed=seed)


@SEEDS
def test_when_the_network_is_back_the_region_is_well_and_nothing_else_was_ever_told(seed: int) -> None:
    async def scenario(clock: Clock) -> None:
        world = World(clock, seed)

        async def weather() -> None:
            await anyio.sleep(125)
            world.cut = {".example"}
            await anyio.sleep(300)
            world.cut = set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(weather)
            await live(world, 900)
        found = await world.alerts()
        assert set(found) == {"RegionUnwell  emea", "RegionUnwell  amer"}
        assert {alert.state for alert in found.values()} == {AlertState.RESOLVED}

    run_virtual(scenario, seed=seed)


def _start(clock: Clock) -> datetime:
    return clock.now() - timedelta(seconds=clock.monotonic())
