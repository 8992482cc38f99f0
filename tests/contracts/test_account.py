"""The account's file: many processes, one ceiling; what is gone, newer or broken."""

import multiprocessing
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from synthprobe.core.money import Sums
from synthprobe.stores import shares
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreBusy, StoreError, StoreNewer

STAKE: Sums = {"EUR": Decimal("1.07")}
CEILING: Sums = {"EUR": Decimal("10.00")}
FORKS = multiprocessing.get_context("spawn")


def euros(amount: str) -> Sums:
    """So many."""
    return {"EUR": Decimal(amount)}


def admitted(path: Path, holder: str) -> int:
    """As many runs as there is room for, of a process that opens the account while others do."""
    account, own = Account(path), Decimal()
    while True:
        refusal = account.run(lambda: shares.admit(holder, "card", {"EUR": own}, STAKE, CEILING))  # noqa: B023 - called at once
        if refusal is not None:
            account.close()
            return int(own / STAKE["EUR"])
        own += STAKE["EUR"]


def test_processes_that_begin_together_never_pass_the_ceiling_together(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "account.db"
    with FORKS.Pool(3) as pool:
        runs = pool.starmap(admitted, [(path, name) for name in "abc"])
    assert sum(runs) == 9
    with closing(Account(path)) as account:
        held = [account.run(lambda: shares.of(name)) for name in "abc"]  # noqa: B023 - called at once
    assert sum(each["card"]["EUR"] for each in held if each) == 9 * STAKE["EUR"]


def test_who_is_refused_reads_who_holds_the_rest() -> None:
    account = Account.in_memory()
    account.run(lambda: shares.state("/spool.db", {"card": euros("8.00"), "other": euros("99")}))
    refusal = account.run(lambda: shares.admit("me", "card", euros("1.00"), STAKE, CEILING))
    assert refusal is not None
    assert refusal.text == (
        "9.00 EUR of card are not taken back yet (8.00 by spool.db), and 1.07 more would be over the 10.00 of "
        "`safety.max_open_exposure`"
    )
    assert refusal.passes
    account.run(lambda: shares.publish("/spool.db", "card", {}))
    assert account.run(lambda: shares.admit("me", "card", euros("1.00"), STAKE, CEILING)) is None
    assert account.run(lambda: shares.of("me")) == {"card": euros("2.07")}
    assert account.run(lambda: shares.of("/spool.db")) == {"other": euros("99")}


def test_an_account_that_was_taken_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "account.db"
    with closing(Account(path)) as account:
        account.run(lambda: shares.state("me", {"card": STAKE}))
        for file in tmp_path.glob("account.db*"):
            file.unlink()
        assert account.run(lambda: shares.of("me")) == {}
        assert path.exists()


def test_one_of_a_newer_version_or_that_is_broken_or_held_for_long_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "account.db"
    with closing(Account(path)) as account:
        account.run(lambda: shares.of("me"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(StoreBusy):
                account.run(lambda: shares.of("me"))
            other.execute("rollback")
            assert account.run(lambda: shares.of("me")) == {}
            other.execute("pragma user_version = 99")
    with closing(Account(path)) as account, pytest.raises(StoreNewer, match="newer synthprobe"):
        account.run(lambda: shares.of("me"))
    path.write_bytes(b"no database" * 999)
    with closing(Account(path)) as account, pytest.raises(StoreError, match=r"account\.db"):
        account.run(lambda: shares.of("me"))


def test_a_long_log_is_brought_into_the_file_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, log = tmp_path / "account.db", tmp_path / "account.db-wal"
    with closing(Account(path)) as account:
        account.sync()
        for number in range(20):
            account.run(lambda: shares.state("me", {"card": euros(f"{number}.07")}))  # noqa: B023 - called at once
        account.sync()
        assert not in_file(path), "it is not long"
        monkeypatch.setattr("synthprobe.stores.account.LONGEST_LOG", 1000)
        account.sync()
        assert in_file(path) == [("19.07",)]
        size = log.stat().st_size
        for number in range(15):
            account.run(lambda: shares.state("me", {"card": euros(f"{number}.01")}))  # noqa: B023 - called at once
        assert log.stat().st_size == size, "what is in the file is overwritten"
    assert not log.exists()
    account.sync()
    assert in_file(path) == [("14.01",)]


def in_file(path: Path) -> list[tuple[str, ...]]:
    """The amounts in the file alone."""
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(f"file:{copy}?immutable=1", uri=True)) as read:
        try:
            return read.execute("select amount from shares").fetchall()
        except sqlite3.OperationalError:
            return []
