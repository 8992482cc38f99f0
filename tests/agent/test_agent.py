"""The whole agent: what reaches the router, in which order, and what a router that is away costs (nothing)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import httpx
import probing

from synthprobe.agent.agent import Agent, check_info
from synthprobe.agent.runner import Runner
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core.probes import Check, Row
from synthprobe.core.reports import Announced, Finished, Pulse, Report
from synthprobe.core.results import Outcome
from synthprobe.stores.inline import InlineStore
from virtual import run_virtual


@dataclass
class Router:
    """Takes what an agent delivers; away when told, and may lose its answer."""

    clock: Clock
    away_until: float = 0.0
    lose_answer: bool = False
    reports: list[Report] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    async def deliver(self, frames: Sequence[Report | Pulse]) -> None:
        if self.clock.monotonic() < self.away_until:
            raise BusError("the router cannot be reached")
        reports = [each for each in frames if not isinstance(each, Pulse)]
        self.pulses += [each for each in frames if isinstance(each, Pulse)]
        self.reports += reports
        if reports:
            self.batches.append(len(reports))
            lost, self.lose_answer = self.lose_answer, False
            if lost:
                raise BusError("the connection was lost before the answer")

    def run_ids(self) -> list[str]:
        """Of the results, in the order delivered."""
        return [each.result.run_id for each in self.reports if isinstance(each, Finished)]


def test_an_agent_announces_its_checks_before_anything_else_and_then_reports() -> None:
    async def scenario(clock: Clock) -> None:
        router = Router(clock)
        await _serve(clock, router, 300, [probing.check(every=60)])
        first, *rest = router.reports
        assert isinstance(first, Announced)
        assert [info.key for info in first.checks] == ["pay/emea"]
        assert len(rest) == 5
        assert all(isinstance(each, Finished) and each.result.outcome is Outcome.PASSED for each in rest)
        assert all(isinstance(each, Finished) and each.spans for each in rest)

    run_virtual(scenario)


def test_while_the_router_is_away_probing_goes_on_and_everything_arrives_in_order_afterwards() -> None:
    async def scenario(clock: Clock) -> None:
        router = Router(clock, away_until=1800)
        await _serve(clock, router, 3600, [probing.check(every=60)])
        starts = [each.result.started_at for each in router.reports if isinstance(each, Finished)]
        assert len(starts) == 60
        assert starts == sorted(starts)
        assert isinstance(router.reports[0], Announced)

    run_virtual(scenario)


def test_a_lost_answer_repeats_reports_and_loses_none() -> None:
    async def scenario(clock: Clock) -> None:
        router = Router(clock, lose_answer=True)
        await _serve(clock, router, 600, [probing.check(every=60)])
        assert isinstance(router.reports[0], Announced)
        assert isinstance(router.reports[1], Announced)
        assert len(set(router.run_ids())) == 10

    run_virtual(scenario)


def test_an_agent_feels_its_pulse_every_second() -> None:
    async def scenario(clock: Clock) -> None:
        router = Router(clock)
        await _serve(clock, router, 60.5, [probing.check(every=5)])
        assert len(router.pulses) == 60
        assert sum(len(pulse.lateness) for pulse in router.pulses) == 12
        assert {pulse.agent for pulse in router.pulses} == {"agent-1"}

    run_virtual(scenario)


def test_what_a_stopped_agent_could_not_deliver_waits_for_the_next_start() -> None:
    async def scenario(clock: Clock) -> None:
        store = InlineStore(SCHEMA)
        gone, back = Router(clock, away_until=1e9), Router(clock)
        check = probing.check(every=60)
        await _serve(clock, gone, 300, [check], store)
        await _serve(clock, back, 300, [check], store)
        store.close()
        assert not gone.reports
        assert len(set(back.run_ids())) == 10

    run_virtual(scenario)


def test_a_check_is_announced_with_all_the_router_must_know() -> None:
    probe = probing.check(
        every=180, owner="cards", labels={"flow": "card"}, runbook="https://runbooks.example"
    ).probe
    row = Row("visa", "scheme", {"scheme": "visa", "fee": True})
    info = check_info(Check(probe, "emea", row), "name: pay")
    assert (info.key, info.every, info.row, info.row_label) == ("pay/emea/visa", 180.0, "visa", "scheme")
    assert info.labels == {"flow": "card", "owner": "cards"}
    assert info.row_values == {"scheme": "visa", "fee": "true"}
    assert (info.file, info.source) == ("probes/pay.yaml", "name: pay")


async def _serve(
    clock: Clock, router: Router, seconds: float, checks: Sequence[Check], store: InlineStore | None = None
) -> None:
    """Serve checks whose target always answers 200, and stop in order."""
    kept = store or InlineStore(SCHEMA)
    agent = Agent(
        name="agent-1",
        runs=_runner(clock),
        spool=Spool(kept, "agent-1"),
        deliver=router.deliver,
        clock=clock,
        new_id=_ID,
        jitter=lambda: 0.5,
    )
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(agent.run, [(check, "source") for check in checks], stop)
        await anyio.sleep(seconds)
        stop.set()
    if store is None:
        kept.close()


def _runner(clock: Clock) -> Runner:
    return probing.runner(clock, lambda request: httpx.Response(200))


_ID = probing.ids()
