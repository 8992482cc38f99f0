"""Ledgers that share an account: together they stay under the ceiling, and what is nobody's any more counts no more."""

import logging
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.shares import OnAccount
from synthprobe.core.money import Sums
from synthprobe.stores import shares
from synthprobe.stores.account import Account

CEILING: Sums = {"EUR": Decimal("5.00")}


def euros(amount: str) -> Sums:
    """So many."""
    return {"EUR": Decimal(amount)}


async def _nowhere(statements: object, reports: object) -> None:
    """Nothing is to be kept."""


@pytest.fixture
def ledger(tmp_path: Path) -> Callable[[str], Ledger]:
    """Ledgers by the name of their file, which is there."""

    def made(name: str) -> Ledger:
        (tmp_path / name).touch()
        one = Ledger(_nowhere, OnAccount(Account(tmp_path / "account.db"), tmp_path / name))
        one.restate()
        return one

    return made


def begins(ledger: Ledger, run_id: str, stake: str = "2.00") -> bool:
    """Whether a run may begin."""
    return ledger.begin(run_id, "card", euros(stake), CEILING) is None


def test_all_runs_of_a_probe_draw_on_one_ceiling_whoever_makes_them(ledger: Callable[[str], Ledger]) -> None:
    agent, run = ledger("spool.db"), ledger("run-1.db")
    assert begins(agent, "a")
    assert begins(run, "b")
    assert not begins(agent, "c")
    assert not begins(run, "d")
    run.end("b")
    assert begins(agent, "c")
    assert agent.exposure("card") == euros("4.00")


def test_what_a_killed_process_had_at_stake_counts_until_its_file_is_gone(
    ledger: Callable[[str], Ledger], tmp_path: Path
) -> None:
    killed, agent = ledger("run-1.db"), ledger("spool.db")
    assert begins(killed, "a", "4.00")
    assert not begins(agent, "b")
    (tmp_path / "run-1.db").unlink()
    assert begins(agent, "b")


def test_a_process_that_follows_one_that_was_killed_says_anew_what_is_at_stake(
    ledger: Callable[[str], Ledger],
) -> None:
    assert begins(ledger("spool.db"), "a", "4.00")
    assert begins(ledger("spool.db"), "b", "4.00")


def test_while_nobody_can_say_what_others_have_only_what_moves_no_money_starts(
    ledger: Callable[[str], Ledger], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    agent, account = ledger("spool.db"), tmp_path / "account.db"
    assert begins(agent, "a")
    for file in tmp_path.glob("account.db*"):
        file.unlink()
    account.write_bytes(b"no database" * 999)
    with caplog.at_level(logging.ERROR):
        agent.end("a")
        refusal = agent.begin("b", "card", euros("1.00"), CEILING)
        assert refusal is not None
        assert "nobody can say what is at stake" in refusal.text
        assert str(account) in agent.trouble
        assert agent.begin("c", "health", {}, {}) is None
    account.unlink()
    agent.restate()
    assert agent.trouble == ""
    assert begins(agent, "b", "5.00"), "the run that ended meanwhile counts no more"
    assert Account(account).run(lambda: shares.of("spool.db")) == {"card": euros("5.00")}
