"""An agent and `synthprobe run`s of one machine draw on one ceiling and one budget, whichever of them is killed."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from card import CARD, WARM

from payments.faults import Fault, Kind
from payments.starting import PaymentServer, payment_server
from synthprobe.cli import synthprobe

ROUTES = """
platform: platform
teams: {platform: {}}
regions: {emea: {}}
route: {receiver: ops, group_by: [alertname], group_wait: 1s, group_interval: 5s, repeat_interval: 1h}
receivers: [{name: ops}]
"""
CEILING = Decimal("2.14")
"""Of two runs."""


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[PaymentServer]:
    with payment_server() as started:
        quick = CARD.replace("URL", started.url).replace('"50.00"}', f'"{CEILING}"}}, budget: acme')
        slow = quick.replace("timeout: 900ms", "timeout: 90s").replace("600ms", "60s")
        (tmp_path / "card.yaml").write_text(quick)
        (tmp_path / "by-hand.yaml").write_text(slow.replace("every: 1s", "every: 5m"))
        (tmp_path / "routes.yaml").write_text(ROUTES)
        yield started


def be(folder: Path, log: str, *words: str) -> None:
    """Be a command of the product."""
    out = os.open(folder / log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    synthprobe([*words, "--store", f"sqlite:///{folder / 's.db'}", "--undo-patience", "1s"])


@contextmanager
def process(folder: Path, log: str, *words: str) -> Iterator[BaseProcess]:
    """A process of its own, gone at the end."""
    started = WARM.Process(target=be, args=(folder, log, *words))
    started.start()
    try:
        yield started
    finally:
        started.kill()
        started.join()


def agent(folder: Path, *more: str) -> tuple[str, ...]:
    """The words of an agent without a router: what it finds waits in its spool."""
    words = ("--bus", str(folder / "bus.sock"), "--probes", str(folder / "card.yaml"))
    return ("agent", *words, "--routes", str(folder / "routes.yaml"), "--allow-loopback", "1", *more)


def by_hand(folder: Path, name: str, wait: str = "0s") -> tuple[int, str]:
    """One run; how it ended, and what it said."""
    with process(folder, name, "run", str(folder / "by-hand.yaml"), "--wait", wait) as run:
        run.join(60)
        assert run.exitcode is not None
        return run.exitcode, (folder / name).read_text()


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    """What the account says."""
    with closing(sqlite3.connect(f"file:{folder / 's-account.db'}?mode=ro", uri=True)) as account:
        return account.execute(query).fetchall()


def until(holds: Callable[[], bool], provider: PaymentServer) -> None:
    """Wait until something is so, and see to it that never too much is at stake."""
    end = time.perf_counter() + 60
    while not holds():
        assert time.perf_counter() < end
        held = sum(Decimal(payment.at_stake) for payment in provider.ledger().payments)
        assert held <= CEILING
        time.sleep(0.02)


@pytest.mark.timeout(120)
def test_together_they_stay_under_the_ceiling_and_what_a_killed_run_held_counts_until_an_agent_took_it_back(
    provider: PaymentServer, tmp_path: Path
) -> None:
    provider.fault(Fault(operation="capture", kind=Kind.HANG, seconds=60, times=None))
    with ExitStack() as stack:
        runs = [
            stack.enter_context(
                process(tmp_path, name, "run", str(tmp_path / "by-hand.yaml"), "--wait", "0s")
            )
            for name in ("one", "two")
        ]
        until(lambda: len(provider.calls("capture")) == 2, provider)
        stack.enter_context(process(tmp_path, "agent", *agent(tmp_path, "--budgets", "acme=9999/s")))
        log = tmp_path / "agent"
        until(
            lambda: log.exists() and "card/emea was not started: 2.14 EUR of card" in log.read_text(),
            provider,
        )
        code, said = by_hand(tmp_path, "three")
        assert code == 3
        assert "skipped (exposure): 2.14 EUR of card are not taken back yet (1.07 by" in said
        runs[0].kill()
        runs[0].join()
        held = rows(tmp_path, "select amount from shares where holder like 's-undo/run-%'")
        assert held == [("1.07",)] * 2, "nobody has taken back what it made yet"
        before = len(provider.calls("capture"))
        until(lambda: len(provider.calls("capture")) > before, provider)
        assert "which `synthprobe run` had left behind" in log.read_text()
        assert runs[1].is_alive(), "what is not over is not taken"
        assert provider.calls("cancel")
        provider.mend()
        runs[1].terminate()
        until(lambda: all(each.status == "CANCELLED" for each in provider.ledger().payments[:2]), provider)
        until(lambda: rows(tmp_path, "select * from shares") == [], provider)
    assert [(each.status, each.cancels) for each in provider.ledger().payments[:2]] == [("CANCELLED", 1)] * 2


def test_an_agent_and_a_run_by_hand_draw_on_one_budget_and_the_run_comes_last(
    provider: PaymentServer, tmp_path: Path
) -> None:
    budgets = ("--budgets", "acme=1/h,burst=9,day=500")
    with process(tmp_path, "first", "run", str(tmp_path / "by-hand.yaml"), *budgets) as run:
        run.join(60)
        assert run.exitcode == 0, (tmp_path / "first").read_text()
    with process(tmp_path, "agent", *agent(tmp_path, *budgets)):
        log = tmp_path / "agent"
        until(lambda: log.exists() and "the budget acme is used up" in log.read_text(), provider)
        assert len(provider.calls("authorise")) == 3, "of three requests each"
        assert rows(tmp_path, "select name, used from budgets") == [("acme", 9)]
        code, said = by_hand(tmp_path, "last", "0.1s")
    assert code == 3
    assert "waits: the budget acme is used up" in said
    assert "skipped (budget): the budget acme is used up" in said, "as the agent has it set"
    assert len(provider.calls("authorise")) == 3


@pytest.mark.long
@pytest.mark.timeout(120)
def test_while_the_account_is_broken_nothing_starts_that_moves_money_and_what_was_made_is_taken_back(
    provider: PaymentServer, tmp_path: Path
) -> None:
    provider.fault(Fault(operation="capture", kind=Kind.HANG, seconds=60, times=None))
    with process(tmp_path, "one", "run", str(tmp_path / "by-hand.yaml")) as run:
        until(lambda: len(provider.calls("capture")) == 1, provider)
        run.kill()
        run.join()
    provider.mend()
    account, log = tmp_path / "s-account.db", tmp_path / "agent"
    for file in tmp_path.glob("s-account.db*"):
        file.unlink()
    account.write_bytes(b"garbage" * 999)
    with process(tmp_path, "agent", *agent(tmp_path, "--budgets", "acme=9999/s")):
        until(lambda: provider.ledger().payments[0].status == "CANCELLED", provider)
        until(
            lambda: "card/emea was not started: nobody can say what is at stake" in log.read_text(), provider
        )
        assert "delete it with its -wal and -shm" in log.read_text()
        assert len(provider.calls("authorise")) == 1
        account.unlink()
        until(lambda: len(provider.calls("authorise")) > 1, provider)
