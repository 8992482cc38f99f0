"""Money moved by an agent that is killed again and again while every answer may be lost: in the end nothing is held.

`pytest tests/simulation/test_kills.py -k "kills and 17"` repeats seed 17.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal

import anyio
import pytest
from purse import Purse

from synthprobe.agent.ledger import stored
from synthprobe.clock import Clock
from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import Outcome, UndoState
from synthprobe.stores import shares
from virtual import run_virtual

SEEDS = range(60)
QUICK = 1
LONG = 20
"""So many of them in `make test-all`, all in `make soak`."""
KILLS = 50
CALM = 22 * 60.0
"""Seconds in which all that is open comes to its end: the patience between two attempts, as long until a key is worn out,
as long until nothing of it can take effect any more, and then some."""


def live(seed: int, story: Callable[[Purse], Awaitable[None]]) -> Purse:
    """One story, from the first slot until the agent has ended."""

    async def main(clock: Clock) -> Purse:
        async with anyio.create_task_group() as tasks:
            purse = Purse(clock, seed, tasks)
            tasks.start_soon(purse.keep_agent)
            await story(purse)
            purse.stop(for_good=True)
            await anyio.sleep(60)
            purse.owed = [entry.id for entry in (await purse.spool.read(stored))[0]]
            tasks.cancel_scope.cancel()
        return purse

    return run_virtual(main, seed=seed + 1)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    log = logging.getLogger("synthprobe")
    before = log.level
    log.setLevel(logging.CRITICAL)
    yield
    log.setLevel(before)


async def fifty_kills(purse: Purse) -> None:
    """A storm of lost answers and kills, then a calm without new runs' troubles."""
    for _ in range(KILLS):
        purse.bank.lag = purse.dice.choose([0.0, 0.0, 2.0, 8.0, 25.0])
        await anyio.sleep(purse.dice.seconds(0.5, 25))
        (purse.kill if purse.dice.strikes(0.9) else purse.stop)()
    purse.dice.calm, purse.bank.lag = True, 1.0
    await anyio.sleep(CALM)


def nothing_is_held(purse: Purse) -> None:
    """Every captured payment was refunded once in full, every other one cancelled, and nothing is owed."""
    for payment in purse.bank.payments.values():
        ends = (payment.status, payment.captures, payment.refunds, payment.cancels)
        assert ends in (("REFUNDED", 1, 1, 0), ("CANCELLED", 0, 0, 1)), payment
    assert purse.bank.at_stake() == 0
    assert purse.owed == []
    assert purse.account.run(shares.holders) == ()
    assert purse.pulse is not None
    assert purse.pulse.undo_pending == 0


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(
            seed, marks=() if seed < QUICK else pytest.mark.long if seed < LONG else pytest.mark.soak
        )
        for seed in SEEDS
    ],
)
def test_after_fifty_kills_and_lost_answers_every_cent_is_back_exactly_once(seed: int) -> None:
    purse = live(seed, fifty_kills)
    assert purse.kills > KILLS / 2
    assert len(purse.bank.payments) > 20
    assert purse.bank.most_at_stake <= Decimal("6.00"), "more was open than the ceiling allows"
    nothing_is_held(purse)


def test_while_nothing_can_be_paid_back_runs_stop_at_the_ceiling_and_go_on_by_themselves() -> None:
    counts: list[int] = []

    async def refunds_are_down(purse: Purse) -> None:
        purse.dice.calm = True
        await anyio.sleep(120)
        purse.bank.down = {"refund", "cancel"}
        await anyio.sleep(20 * 60)
        counts.append(len(purse.bank.payments))
        await anyio.sleep(10 * 60)
        counts.append(len(purse.bank.payments))
        assert purse.bank.at_stake() > Decimal("4.93"), "they did not stop at the ceiling, but before"
        purse.bank.down = set()
        await anyio.sleep(20 * 60)
        counts.append(len(purse.bank.payments))

    purse = live(1, refunds_are_down)
    stopped, still, after = counts
    assert stopped == still < after - 30
    assert purse.fates()["skipped(exposure)"] >= 60
    assert purse.bank.most_at_stake <= Decimal("6.00")
    assert all(run.result.outcome is not Outcome.ERRORED for run in purse.runs())
    nothing_is_held(purse)


def test_what_is_not_taken_back_is_told_with_its_reason_and_told_again_when_it_is() -> None:
    async def refunds_are_down(purse: Purse) -> None:
        purse.dice.calm = True
        purse.bank.down = {"refund"}
        await anyio.sleep(15 * 60)
        purse.bank.down = set()
        await anyio.sleep(CALM)

    told: dict[str, list[LedgerLine]] = {}
    for report in live(2, refunds_are_down).lines():
        for line in report.lines:
            told.setdefault(line.id, []).append(line)
    assert any("503" in line.why for lines in told.values() for line in lines)
    for lines in told.values():
        assert [line.state for line in lines[:-1]] == [UndoState.OWED] * (len(lines) - 1)
        assert lines[-1].state is UndoState.DONE
        assert lines[0].why == "refund was sent, did not pass, and may still take effect"
        assert "503" in lines[-2].why or lines[-2].why == lines[0].why
        assert [line.failures for line in lines[:-1]] == sorted(line.failures for line in lines[:-1])
