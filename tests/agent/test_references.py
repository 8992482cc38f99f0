"""A failure is blamed on a target only while the network here works: the region's references say whether it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import anyio
import httpx
import probing
import pytest

from synthprobe.agent.references import References
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.clock import Clock
from synthprobe.core.exchanges import Phases
from synthprobe.core.failures import Kind, Unwell
from synthprobe.core.results import Outcome, Result, StepOutcome, Trigger
from synthprobe.core.routes import Region
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.failures import WireFailure
from synthprobe.wire.sighting import Sighting
from virtual import START, run_virtual

HOSTS = ("one.example", "two.example")
MINUTE = timedelta(minutes=1)


@dataclass
class Network:
    """Hosts that answer, unless they are down; it notes who was called when."""

    clock: Clock
    down: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    silent_for: float = 0.0
    status: int = 200
    calls: list[tuple[float, str, str]] = field(default_factory=list)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        self.calls.append((self.clock.monotonic(), request.method, host))
        if host in self.blocked:
            sighting = Sighting(START, 0.0, Phases())
            raise WireFailure(Kind.BLOCKED, "connect", f"{host} must not be called", sighting)
        if host in self.down:
            await anyio.sleep(self.silent_for)
            raise httpx.ConnectError("connection refused")
        return httpx.Response(self.status)

    def asked(self) -> list[float]:
        """When the first reference was asked."""
        return [at for at, _, host in self.calls if host == HOSTS[0]]

    def references(self, *hosts: str) -> References:
        """Those of `emea`."""
        urls = tuple(f"https://{host}/" for host in hosts)
        regions = {"emea": Region("emea", references=urls)}
        return References(httpx.MockTransport(self.answer), self.clock, lambda: regions)

    async def run(self, references: References) -> Result:
        """A run of a check whose target is `pay.example`."""
        transport, tracing = httpx.MockTransport(self.answer), Tracing()
        runner = Runner(
            transport, tracing, self.clock, probing.ids(), Secrets({}), "agent-1", references=references
        )
        return (await runner.run(probing.check(), trigger=Trigger.MANUAL)).result


def on(scenario: Callable[[Network], Awaitable[None]]) -> None:
    """Play a scenario on virtual time."""

    async def main(clock: Clock) -> None:
        await scenario(Network(clock))

    run_virtual(main)


def test_a_failure_is_ours_when_no_reference_answers() -> None:
    async def scenario(network: Network) -> None:
        network.down = {"pay.example", *HOSTS}
        result = await network.run(network.references(*HOSTS))
        assert result.outcome is Outcome.ERRORED
        assert result.failure
        assert (result.failure.kind, result.failure.verdict) == (Kind.PROBER_UNWELL, Unwell.REGION)
        assert result.failure.message == (
            "emea is unwell, none of its 2 references answers either: connection refused"
        )
        assert result.failure.step == "pay"
        assert result.steps[0].outcome is StepOutcome.ERRORED
        assert result.steps[0].failure
        assert result.steps[0].failure.kind is Kind.CONNECT_REFUSED

    on(scenario)


@pytest.mark.parametrize("status", [200, 301, 404, 503])
def test_one_reference_that_answers_whatever_blames_the_target(status: int) -> None:
    async def scenario(network: Network) -> None:
        network.down, network.status = {"pay.example", HOSTS[0]}, status
        result = await network.run(network.references(*HOSTS))
        assert result.outcome is Outcome.FAILED
        assert result.failure
        assert result.failure.kind is Kind.CONNECT_REFUSED

    on(scenario)


def test_a_target_that_answers_wrongly_is_blamed_unasked() -> None:
    async def scenario(network: Network) -> None:
        network.down, network.status = set(HOSTS), 500
        assert (await network.run(network.references(*HOSTS))).outcome is Outcome.FAILED
        assert not network.asked()

    on(scenario)


def test_without_references_a_failure_is_the_targets() -> None:
    async def scenario(network: Network) -> None:
        network.down = {"pay.example"}
        assert (await network.run(network.references())).outcome is Outcome.FAILED

    on(scenario)


def test_a_reference_that_must_not_be_called_proves_nothing() -> None:
    async def scenario(network: Network) -> None:
        network.down, network.blocked = {"pay.example"}, set(HOSTS)
        assert (await network.run(network.references(*HOSTS))).outcome is Outcome.FAILED

    on(scenario)


def test_the_run_ended_before_its_references_were_asked() -> None:
    async def scenario(network: Network) -> None:
        network.down, network.silent_for = {"pay.example", *HOSTS}, 2.0
        result = await network.run(network.references(*HOSTS))
        assert result.outcome is Outcome.ERRORED
        assert result.duration == pytest.approx(2.0)

    on(scenario)


def test_references_that_say_nothing_are_waited_for_only_so_long() -> None:
    async def scenario(network: Network) -> None:
        network.down, network.silent_for = set(HOSTS), 3600
        assert await network.references(*HOSTS).unwell("emea", MINUTE)
        assert network.clock.monotonic() <= 5

    on(scenario)


def test_many_failures_at_once_ask_once() -> None:
    async def scenario(network: Network) -> None:
        network.down = set(HOSTS)
        references = network.references(*HOSTS)
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(references.unwell, "emea", MINUTE)
        assert network.asked() == [0.0]
        assert {method for _, method, _ in network.calls} == {"HEAD"}

    on(scenario)


def test_references_are_asked_every_ten_seconds_at_most_however_many_checks_fail() -> None:
    async def scenario(network: Network) -> None:
        references = network.references(*HOSTS)
        async with anyio.create_task_group() as tasks:
            for _ in range(300):
                tasks.start_soon(references.unwell, "emea", MINUTE)
                await anyio.sleep(0.2)
        asked = network.asked()
        assert len(asked) >= 6
        assert min(later - earlier for earlier, later in pairwise(asked)) >= 9.999

    on(scenario)


def test_an_old_answer_never_blames_the_target_for_a_network_that_has_gone_since() -> None:
    async def scenario(network: Network) -> None:
        references = network.references(*HOSTS)
        assert not await references.unwell("emea", MINUTE)
        await anyio.sleep(5)
        network.down = set(HOSTS)
        assert await references.unwell("emea", MINUTE)
        assert network.clock.monotonic() == 10

    on(scenario)


def test_a_frequent_check_waits_half_its_interval_at_most() -> None:
    async def scenario(network: Network) -> None:
        references = network.references(*HOSTS)
        await references.unwell("emea", MINUTE)
        await anyio.sleep(3)
        await references.unwell("emea", timedelta(seconds=1))
        assert network.asked() == [0.0, 3.5]

    on(scenario)
