"""What the halt file and the budgets permit."""

from pathlib import Path

import click.testing
import probing
from msgspec import structs

from synthprobe import clock
from synthprobe.agent.permits import Permitted
from synthprobe.cli.halt import halt
from synthprobe.core.budgets import Budget
from synthprobe.core.egress import Safety
from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger
from synthprobe.files.halting import halt_in


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
