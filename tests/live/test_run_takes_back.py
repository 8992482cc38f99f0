"""`synthprobe run` takes back what it did, also when it is stopped or killed, and says what it could not."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from card import CARD, WARM
from click.testing import CliRunner

from payments.faults import Fault, Kind
from payments.starting import PaymentServer, PaymentTruth, payment_server
from synthprobe.cli import synthprobe

NOT_UNDONE = 5


@pytest.fixture(scope="module")
def server() -> Iterator[PaymentServer]:
    with payment_server() as started:
        yield started


@pytest.fixture
def provider(server: PaymentServer, tmp_path: Path) -> Iterator[PaymentServer]:
    text = CARD.replace("URL", server.url)
    for short, long in (
        ("every: 1s", "every: 1m"),
        ("900ms", "30s"),
        ("600ms", "20s"),
        ("2s\nregions", "400ms\nregions"),
    ):
        assert short in text
        text = text.replace(short, long)
    (tmp_path / "card.yaml").write_text(text)
    yield server
    server.mend()


def words(folder: Path) -> list[str]:
    return [
        "run",
        str(folder / "card.yaml"),
        "--store",
        f"sqlite:///{folder / 's.db'}",
        "--undo-patience",
        "1s",
    ]


def go(folder: Path) -> None:
    """Be a `synthprobe run`."""
    os.dup2(os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    synthprobe(words(folder))


def newest(provider: PaymentServer) -> PaymentTruth:
    return provider.ledger().payments[-1]


def ledgers(folder: Path) -> list[Path]:
    return list((folder / "s-undo").glob("*"))


def until(holds: Callable[[], bool]) -> None:
    end = time.perf_counter() + 30
    while not holds():
        assert time.perf_counter() < end
        time.sleep(0.01)


def stop(folder: Path, provider: PaymentServer, how: signal.Signals) -> int:
    """Send a signal to a run whose capture hangs; how it ended."""
    provider.fault(Fault(operation="capture", kind=Kind.HANG, seconds=30))
    before = len(provider.calls("capture"))
    process = WARM.Process(target=go, args=(folder,))
    process.start()
    until(lambda: len(provider.calls("capture")) > before)
    assert process.pid is not None
    os.kill(process.pid, how)
    process.join(60)
    provider.mend()
    assert process.exitcode is not None
    return process.exitcode


def test_a_run_that_passes_leaves_nothing_behind(provider: PaymentServer, tmp_path: Path) -> None:
    found = CliRunner().invoke(synthprobe, words(tmp_path))
    assert found.exit_code == 0, found.output
    assert "refund passed" in found.output
    assert not ledgers(tmp_path)


def test_what_cannot_be_taken_back_is_exit_5_and_the_next_run_goes_on_with_it(
    provider: PaymentServer, tmp_path: Path
) -> None:
    provider.fault(Fault(operation="capture", kind=Kind.LOSE, times=2))
    provider.fault(Fault(operation="refund", kind=Kind.STATUS, times=None))
    found = CliRunner().invoke(synthprobe, words(tmp_path))
    assert found.exit_code == NOT_UNDONE
    assert "not taken back: card authorise (1.07 EUR) of run " in found.output
    assert ": the act was answered 503" in found.output
    assert "s-undo" in found.output
    left = newest(provider)
    assert (left.status, left.refunds) == ("CAPTURED", 0)
    provider.mend()
    assert CliRunner().invoke(synthprobe, words(tmp_path)).exit_code == 0
    (taken_up,) = (each for each in provider.ledger().payments if each.id == left.id)
    assert (taken_up.status, taken_up.refunds) == ("REFUNDED", 1)
    assert not ledgers(tmp_path)


def test_a_run_that_is_told_to_stop_takes_back_what_it_made_first(
    provider: PaymentServer, tmp_path: Path
) -> None:
    assert stop(tmp_path, provider, signal.SIGTERM) == 128 + signal.SIGTERM
    said = (tmp_path / "log").read_text()
    assert "interrupted: 0 of 1 runs came to a result; nothing is left to take back" in said
    assert (newest(provider).status, newest(provider).cancels) == ("CANCELLED", 1)
    assert not ledgers(tmp_path)


def test_what_a_killed_run_made_is_taken_back_by_the_next(provider: PaymentServer, tmp_path: Path) -> None:
    assert stop(tmp_path, provider, signal.SIGKILL) == -signal.SIGKILL
    left = newest(provider)
    assert left.status == "AUTHORISED"
    assert ledgers(tmp_path)
    assert CliRunner().invoke(synthprobe, words(tmp_path)).exit_code == 0
    (taken_up,) = (each for each in provider.ledger().payments if each.id == left.id)
    assert (taken_up.status, taken_up.cancels) == ("CANCELLED", 1)
    assert not ledgers(tmp_path)
