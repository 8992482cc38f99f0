"""An agent that moves money on the reference payment server is killed at fifty instants; in the end every cent is back."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from card import CARD, WARM

from payments.faults import Fault, Kind
from payments.starting import PaymentServer, PaymentTruth, payment_server
from synthprobe.cli import synthprobe

KILLS = 50
IDLE = "name: idle\nschedule: {every: 1h}\nregions: [emea]\nsteps: [{id: rest, pause: 1ms}]\n"
ROUTES = """
platform: platform
teams: {platform: {}}
regions: {emea: {}}
route: {receiver: ops, group_by: [alertname], group_wait: 1s, group_interval: 5s, repeat_interval: 1h}
receivers: [{name: ops}]
"""
ILLS = (Kind.LOSE, Kind.LOSE, Kind.RESET, Kind.STATUS, Kind.CUT, Kind.KEEP, Kind.KEEP_DONE)
OPERATIONS = ("authorise", "capture", "refund", "cancel", "search")


def serve(folder: Path) -> None:
    """Be an agent without a router: what it finds waits in its spool."""
    log = os.open(folder / "agent.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    command = ["agent", "--bus", str(folder / "bus.sock"), "--probes", str(folder / "card.yaml")]
    command += ["--routes", str(folder / "routes.yaml"), "--spool", str(folder / "spool.db")]
    synthprobe([*command, "--allow-loopback", "1", "--undo-patience", "4s"])


@contextmanager
def agent(folder: Path, probe: str) -> Iterator[BaseProcess]:
    """A process of its own, forked from one that has everything imported: a life costs little more than its work."""
    (folder / "card.yaml").write_text(probe)
    (folder / "routes.yaml").write_text(ROUTES)
    process = WARM.Process(target=serve, args=(folder,))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def until(holds: Callable[[], bool], within: float = 120.0) -> None:
    """Wait until something is so."""
    end = time.perf_counter() + within
    while not holds():
        assert time.perf_counter() < end, f"not within {within:g} s"
        time.sleep(0.01)


def owed(folder: Path) -> int:
    """Entries of the ledger on disk."""
    with closing(sqlite3.connect(f"file:{folder / 'spool.db'}?mode=ro", uri=True)) as spool:
        return int(spool.execute("select count(*) from ledger").fetchone()[0])


def is_over(payment: PaymentTruth) -> bool:
    """Whether nothing of it is held any more."""
    return payment.at_stake == "0.00" and payment.status != "AUTHORISED"


def storm(provider: PaymentServer, folder: Path, dice: random.Random) -> None:
    """Kill it so many times, each time a random number of calls after it began to make some, while answers are lost."""
    probe = CARD.replace("URL", provider.url)
    for _ in range(KILLS):
        provider.settings(search_lag=dice.choice([0, 0, 0.2, 1.0]))
        for operation in dice.sample(OPERATIONS, 2):
            provider.fault(Fault(operation=operation, kind=dice.choice(ILLS), skip=dice.randint(0, 2)))
        before, calls = len(provider.calls()), dice.randint(1, 7)
        with agent(folder, probe) as process:
            until(lambda: len(provider.calls()) >= before + calls)  # noqa: B023 - called before the next turn
            time.sleep(dice.uniform(0, 0.03))
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_after_fifty_kills_every_captured_payment_is_refunded_once_and_every_other_one_cancelled(
    tmp_path: Path,
) -> None:
    with payment_server() as provider:
        storm(provider, tmp_path, random.Random(4))
        provider.mend()
        # The probe file is gone by now: the ledger needs it no more.
        with agent(tmp_path, IDLE):
            truth = provider.until(lambda found: all(map(is_over, found.payments)), within=120)
            until(lambda: owed(tmp_path) == 0, within=120)
        assert len(truth.payments) > KILLS / 3
        for payment in provider.ledger().payments:
            captured = payment.captured != "0.00"
            assert payment.refunded == payment.captured, payment
            assert (payment.refunds, payment.cancels) == ((1, 0) if captured else (0, 1)), payment
