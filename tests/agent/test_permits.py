"""What the halt file and the budgets permit."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import anyio
import click.testing
import httpx
import probing
import pytest
from msgspec import structs

from synthprobe import clock
from synthprobe.agent.permits import Permitted
from synthprobe.agent.runner import Runner
from synthprobe.agent.secrets import Secrets
from synthprobe.agent.spool import SCHEMA, Spool
from synthprobe.cli.halt import halt
from synthprobe.clock import Clock
from synthprobe.core.accounts import Refusal, Why
from synthprobe.core.budgets import Budget
from synthprobe.core.egress import Safety
from synthprobe.core.failures import Kind
from synthprobe.core.probes import Check
from synthprobe.core.results import Outcome, Result, Trigger
from synthprobe.files.halting import halt_in
from synthprobe.ports import Sql, SqlValue, Tx
from synthprobe.stores.account import Account
from synthprobe.stores.inline import InlineStore
from synthprobe.telemetry.tracing import Tracing
from virtual import START, run_virtual


def drawing(name: str) -> Check:
    """A check of two requests that draws on a budget."""
    check = probing.check(probing.step("one"), probing.step("two"))
    return structs.replace(check, probe=structs.replace(check.probe, safety=Safety(budget=name)))


def may(permits: Permitted, check: Check, trigger: Trigger = Trigger.SCHEDULE) -> bool:
    """Whether a run may start as far as its budget goes."""
    return permits.spend(check, trigger) is None


def test_checks_of_one_provider_share_its_budget_and_others_do_not_feel_it() -> None:
    permits = Permitted(lambda: False, (Budget("acme", 0.001, 6), Budget("beta", 0.001, 2)), clock.system())
    acme, beta = drawing("acme"), drawing("beta")
    assert [may(permits, acme) for _ in range(4)] == [True, True, True, False]
    assert may(permits, beta)
    assert may(permits, probing.check(), Trigger.MANUAL), "who names no budget is not held back"


def test_a_budget_that_nobody_has_set_allows_nothing() -> None:
    refused = Permitted(lambda: False, (), clock.system()).spend(drawing("acme"), Trigger.SCHEDULE)
    assert refused == Refusal(Why.BUDGET, "no budget `acme` is set (SYNTHPROBE_BUDGETS)")


def test_processes_of_one_machine_draw_on_one_bucket_and_one_day(tmp_path: Path) -> None:
    budget, check = Budget("acme", 0.01, 100, per_day=8), drawing("acme")

    async def scenario(virtual: Clock) -> None:
        def begins() -> Permitted:
            return Permitted(lambda: False, (budget,), virtual, Account(tmp_path / "account.db"))

        one, other = begins(), begins()
        assert may(one, check)
        assert may(other, check)
        one.draw("acme", 1)
        one.draw("unheard-of", 9)
        assert begins().spend(check, Trigger.MANUAL) is None, "six of eight, less what is kept for undo"
        refused = other.spend(check, Trigger.SCHEDULE)
        assert refused is not None
        assert not refused.passes, "no waiting helps before midnight"
        assert "allows in a day is used up" in refused.text
        assert other.is_drained(check)
        await anyio.sleep(timedelta(days=1).total_seconds())
        assert may(begins(), check)

    run_virtual(scenario)


def test_what_an_earlier_version_counted_in_its_spool_is_counted_on(tmp_path: Path) -> None:
    budget, check = Budget("acme", 1000.0, 1000, per_day=10), drawing("acme")

    async def scenario(virtual: Clock) -> None:
        store = InlineStore(SCHEMA)
        today = START.date()
        for name, day in (("acme", today), ("beta", today), ("gamma", today - timedelta(days=1))):
            values = {"name": name, "day": day.isoformat()}
            await store.write(lambda: statement("insert into budgets values (:name, :day, 7)", values))  # noqa: B023 - called at once
        budgets = (budget, Budget("gamma", 9.0, 9, per_day=9))
        permits = Permitted(lambda: False, budgets, virtual, Account(tmp_path / "account.db"))
        spool = Spool(store, "a1")
        await spool.forget_used(permits.recall(await spool.used()))
        assert [each.name for each in await spool.used()] == ["beta"], "nobody has set that one"
        assert may(permits, check), "nine of ten"
        assert not may(permits, check)
        assert may(permits, drawing("gamma")), "that was yesterday"
        store.close()

    run_virtual(scenario)


def test_nothing_is_asked_of_a_provider_while_nobody_can_say_what_is_left_of_its_budget_but_undo_is_sent(
    tmp_path: Path,
) -> None:
    file = tmp_path / "account.db"
    file.write_bytes(b"not a database" * 99)
    permits = Permitted(lambda: False, (Budget("acme", 9.0, 9),), clock.system(), Account(file))
    refused = permits.spend(drawing("acme"), Trigger.SCHEDULE)
    assert refused is not None
    assert str(file) in refused.text
    permits.draw("acme", 3)
    assert not permits.is_drained(drawing("acme"))
    assert may(permits, probing.check()), "who names no budget is not held back"
    file.unlink()
    assert may(permits, drawing("acme"))


def statement(text: str, values: Mapping[str, SqlValue]) -> Tx[None]:
    """A transaction of one statement."""
    yield Sql(text, values)


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
            assert may(permits, check)
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
