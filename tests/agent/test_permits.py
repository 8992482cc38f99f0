"""What the halt file and the budgets permit."""

from datetime import timedelta
from pathlib import Path

import anyio
import click.testing
import httpx
import probing
import pytest
from msgspec import structs

from synthprobe import clock
from synthprobe.agent.marks import Begun
from synthprobe.agent.permits import Permitted
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.cli.halt import halt
from synthprobe.clock import Clock
from synthprobe.core.budgets import Budget
from synthprobe.core.egress import Safety
from synthprobe.core.failures import Kind
from synthprobe.core.probes import Check
from synthprobe.core.results import Outcome, Result, Trigger
from synthprobe.files.halting import halt_in
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing
from virtual import START, run_virtual


def drawing(name: str) -> Check:
    """A check of two requests that draws on a budget."""
    check = probing.check(probing.step("one"), probing.step("two"))
    return structs.replace(check, probe=structs.replace(check.probe, safety=Safety(budget=name)))


def test_checks_of_one_provider_share_its_budget_and_others_do_not_feel_it() -> None:
    permits = Permitted(lambda: False, (Budget("acme", 0.001, 6), Budget("beta", 0.001, 2)), clock.system())
    acme, beta = drawing("acme"), drawing("beta")
    assert [permits.spend(acme, Trigger.SCHEDULE) for _ in range(4)] == [True, True, True, False]
    assert permits.spend(beta, Trigger.SCHEDULE)
    assert permits.spend(probing.check(), Trigger.MANUAL), "who names no budget is not held back"


def test_a_budget_that_nobody_has_set_allows_nothing() -> None:
    assert not Permitted(lambda: False, (), clock.system()).spend(drawing("acme"), Trigger.SCHEDULE)


def test_what_a_day_has_used_outlives_the_process_and_not_the_day() -> None:
    budget, check = Budget("acme", 1000.0, 1000, per_day=10), drawing("acme")

    async def scenario(virtual: Clock) -> None:
        store = InlineStore(SCHEMA)

        async def begins() -> tuple[Permitted, Spool]:
            permits = Permitted(lambda: False, (budget,), virtual)
            spool = Spool(store, "a1", counts=permits)
            permits.recall(await spool.used())
            return permits, spool

        permits, spool = await begins()
        for run in ("one", "two", "three"):
            assert permits.spend(check, Trigger.SCHEDULE)
            await spool.begin(Begun(run, check.key, START))
        permits.draw("acme", 1)
        await spool.settle(())
        assert not permits.unsaved()
        permits, _ = await begins()
        assert permits.spend(check, Trigger.SCHEDULE), "nine of ten"
        assert not permits.spend(check, Trigger.SCHEDULE)
        assert permits.is_drained(check)
        await anyio.sleep(timedelta(days=1).total_seconds())
        permits, _ = await begins()
        assert permits.spend(check, Trigger.SCHEDULE)
        store.close()

    run_virtual(scenario)


def test_what_was_refused_by_the_disk_is_written_with_the_next_that_is_not() -> None:
    permits = Permitted(
        lambda: False, (Budget("acme", 9.0, 9, per_day=99), Budget("beta", 9.0, 9)), clock.system()
    )
    assert permits.unsaved() == []
    for name in ("acme", "beta", "none"):
        permits.draw(name, 2)
    (used,) = permits.unsaved()
    assert (used.name, used.requests) == ("acme", 2)
    assert permits.unsaved() == [used], "until it is on disk"
    permits.draw("acme", 1)
    permits.saved([used])
    assert [each.requests for each in permits.unsaved()] == [3]


def test_halt_makes_a_file_that_says_who_and_why_and_resume_takes_it_away(tmp_path: Path) -> None:
    file = tmp_path / "stop"
    permits = Permitted(file.exists, (), clock.system())

    def ask(*words: str) -> str:
        result = click.testing.CliRunner().invoke(halt, [*words, "--halt", str(file)])
        assert result.exit_code == 0
        return result.output

    assert not permits.halted()
    assert "new runs are halted since" in ask("--reason", "CHG0031337")
    assert permits.halted()
    assert "CHG0031337" in ask("--reason", "another"), "the first halt stays what it was"
    assert "start again" in ask("--resume")
    assert not permits.halted()
    assert "nothing was halted" in ask("--resume")


def test_a_halt_file_that_a_person_made_by_hand_halts_too(tmp_path: Path) -> None:
    file = tmp_path / "stop"
    file.touch()
    assert str(file) in str(halt_in(file))


@pytest.mark.parametrize(("runs", "outcome"), [(0, Outcome.DEGRADED), (3, Outcome.ERRORED)])
def test_too_many_calls_are_our_doing_when_our_own_budget_is_used_up(runs: int, outcome: Outcome) -> None:
    check = drawing("acme")

    async def scenario(virtual: Clock) -> Result:
        permits = Permitted(lambda: False, (Budget("acme", 0.001, 6),), virtual)
        for _ in range(runs):
            assert permits.spend(check, Trigger.SCHEDULE)
        runner = Runner(
            httpx.MockTransport(probing.ok(status=429)),
            Tracing(),
            virtual,
            probing.ids(),
            Secrets({}),
            drained=permits.is_drained,
        )
        return (await runner.run(check, trigger=Trigger.SCHEDULE)).result

    result = run_virtual(scenario)
    assert result.failure is not None
    assert (result.outcome, result.failure.kind) == (outcome, Kind.RATE_LIMITED)
    assert ("our own budget acme" in result.failure.message) is (outcome is Outcome.ERRORED)
