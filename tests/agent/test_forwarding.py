"""When the spool's reports go to the router: passed runs together, what did not pass at once."""

from collections.abc import Sequence

import anyio
import pytest
from test_spool import finished

from synthprobe.agent.forwarder import GATHER, WAITING_AFTER, Forwarder
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core.reports import Finished, Pulse, Report
from synthprobe.core.results import Outcome
from synthprobe.ports import Sql, Tx
from synthprobe.stores.errors import StoreError
from synthprobe.stores.inline import InlineStore
from virtual import run_virtual


@pytest.mark.parametrize(
    ("outcome", "within"),
    [
        pytest.param(Outcome.PASSED, GATHER, id="a pass waits for company"),
        pytest.param(Outcome.FAILED, 0.0, id="a failure does not wait"),
        pytest.param(Outcome.DEGRADED, 0.0, id="a degraded run does not wait"),
        pytest.param(Outcome.ERRORED, 0.0, id="trouble of ours does not wait"),
    ],
)
def test_a_report_is_delivered_after_a_pass_as_soon_as_its_outcome_asks_for(
    outcome: Outcome, within: float
) -> None:
    delivered: list[tuple[float, tuple[str, ...]]] = []

    async def scenario(clock: Clock) -> None:
        async def deliver(frames: Sequence[Report | Pulse]) -> None:
            runs = tuple(frame.result.run_id for frame in frames if isinstance(frame, Finished))
            delivered.append((round(clock.monotonic(), 3), runs))

        spool = Spool(InlineStore(SCHEMA), "agent-1")
        forwarder = Forwarder(spool, deliver, clock, lambda: 0.0, _no_pulse)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(forwarder.run)
            await anyio.sleep(1)
            await spool.finish(finished("first"))
            await spool.finish(finished("second", outcome))
            await anyio.sleep(1)
            tasks.cancel_scope.cancel()

    run_virtual(scenario)
    assert delivered == [(1 + within, ("first", "second"))]


def _no_pulse(lag: float, waiting: int) -> Pulse:
    raise AssertionError("nobody asked how the agent feels")


def test_results_that_wait_for_a_while_are_told_with_the_reason_until_they_are_taken() -> None:
    told: list[str] = []
    refusal = ["the router refused the reports: disk is full"]

    async def scenario(clock: Clock) -> None:
        async def deliver(_: Sequence[Report | Pulse]) -> None:
            if refusal:
                raise BusError(refusal[0])

        spool = Spool(InlineStore(SCHEMA), "agent-1")
        forwarder = Forwarder(spool, deliver, clock, lambda: 0.0, _no_pulse)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(forwarder.run)
            await spool.finish(finished("first"))
            await anyio.sleep(WAITING_AFTER - 1)
            told.append(forwarder.trouble)
            await anyio.sleep(2)
            told.append(forwarder.trouble)
            refusal.clear()
            await anyio.sleep(60)
            told.append(forwarder.trouble)
            tasks.cancel_scope.cancel()

    run_virtual(scenario)
    assert told == ["", "results wait in the spool: the router refused the reports: disk is full", ""]


def test_a_spool_that_cannot_be_written_says_so_until_it_can() -> None:
    async def scenario(_: Clock) -> None:
        store = InlineStore(SCHEMA)
        spool = Spool(store, "agent-1")
        await store.write(lambda: _run("alter table reports rename to away"))
        with pytest.raises(StoreError):
            await spool.finish(finished("first"))
        assert "reports" in spool.trouble
        await store.write(lambda: _run("alter table away rename to reports"))
        await spool.finish(finished("first"))
        assert spool.trouble == ""

    run_virtual(scenario)


def _run(statement: str) -> Tx[None]:
    yield Sql(statement)
