"""Whoever begins, ends, is killed, comes again or takes up what another left: what is really at stake stays under the ceiling."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from take_backs import entry

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.shares import OnAccount
from synthprobe.core.ledger import Entry
from synthprobe.core.money import Stake
from synthprobe.stores import shares
from synthprobe.stores.account import Account

CEILING = Decimal(5)
HOLDERS = ("s-spool.db", "run-1.db", "run-2.db")

DOINGS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "begin", "begin", "end", "clear", "kill", "come", "take", "restate"]),
        st.integers(0, len(HOLDERS) - 1),
        st.integers(1, 3),
    ),
    min_size=5,
    max_size=40,
)


class World:
    """Holders with what their disks have, and whether they are alive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.account = Account(folder / "s-account.db")
        self.disks: list[dict[str, Entry]] = [{} for _ in HOLDERS]
        self.alive: list[Ledger | None] = [None for _ in HOLDERS]
        self.running: list[list[str]] = [[] for _ in HOLDERS]
        self.runs = 0

    def come(self, who: int, _: int) -> None:
        """A process begins, with what its disk has; a run's file is a new one."""
        if self.alive[who] is None:
            (self.folder / HOLDERS[who]).touch()
            ledger = Ledger(_nowhere, OnAccount(self.account, self.folder / HOLDERS[who]))
            ledger.adopt(self.disks[who].values())
            self.alive[who] = ledger

    def begin(self, who: int, amount: int) -> None:
        """A run begins if it may, and what it makes is on disk at once."""
        if ledger := self.alive[who]:
            self.runs += 1
            run, stake = f"r{self.runs}", {"EUR": Decimal(amount)}
            if ledger.begin(run, "card", stake, {"EUR": CEILING}) is None:
                made = entry(run_id=run, stake=Stake(str(amount), "EUR"))
                self.disks[who][made.id] = made
                anyio.run(ledger.write, made)
                self.running[who].append(run)

    def end(self, who: int, _: int) -> None:
        """A run is over, and leaves what it made."""
        if (ledger := self.alive[who]) and self.running[who]:
            ledger.end(self.running[who].pop())

    def clear(self, who: int, _: int) -> None:
        """All that is owed is taken back."""
        if ledger := self.alive[who]:
            for owed in ledger.owed():
                del self.disks[who][owed.id]
                anyio.run(ledger.close, [owed.id])

    def kill(self, who: int, _: int) -> None:
        """It is killed."""
        self.alive[who], self.running[who] = None, []

    def take(self, who: int, other: int) -> None:
        """It takes up what a dead run left behind."""
        dead = other % len(HOLDERS)
        ledger = self.alive[who]
        if ledger is not None and dead not in (0, who) and self.alive[dead] is None:
            left = tuple(self.disks[dead].values())
            anyio.run(ledger.take, left)
            self.disks[who].update({each.id: each for each in left})
            self.disks[dead] = {}
            (self.folder / HOLDERS[dead]).unlink(missing_ok=True)

    def restate(self, who: int, _: int) -> None:
        """As it does every few seconds."""
        if ledger := self.alive[who]:
            ledger.restate()

    def at_stake(self) -> Decimal:
        """What providers hold really."""
        made = [each.stake.value for disk in self.disks for each in disk.values() if each.stake]
        return sum(made, Decimal())


async def _nowhere(statements: object, reports: object) -> None:
    """The disk is the world's."""


@contextmanager
def world() -> Iterator[World]:
    """A world in a folder that is gone afterwards."""
    with TemporaryDirectory() as folder:
        made = World(Path(folder))
        yield made
        made.account.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOINGS)
def test_what_is_at_stake_stays_under_the_ceiling_and_is_never_more_than_the_account_says(
    doings: list[tuple[str, int, int]],
) -> None:
    with world() as here:
        for who in range(len(HOLDERS)):
            here.come(who, 0)
        for doing, who, number in doings:
            getattr(here, doing)(who, number)
            held = [here.account.run(lambda: shares.of(each)) for each in HOLDERS]  # noqa: B023 - called at once
            said = sum((part["card"]["EUR"] for part in held if part), Decimal())
            assert here.at_stake() <= min(said, CEILING)
        for who in range(len(HOLDERS)):
            here.come(who, 0)
            while here.running[who]:
                here.end(who, 0)
            here.clear(who, 0)
        assert here.account.run(shares.holders) == ()
