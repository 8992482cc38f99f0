"""Where a ledger says what it may have at stake, and asks before that becomes more."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from synthprobe.core.accounts import Refusal, Why, over_ceiling
from synthprobe.core.money import Sums, added
from synthprobe.core.sparing import sparingly
from synthprobe.stores import shares
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)


class Shares(Protocol):
    """What a ledger needs of the account."""

    trouble: str
    """Why what is at stake cannot be said, if it cannot."""

    def admit(self, probe: str, own: Sums, stake: Sums, ceiling: Sums) -> Refusal | None:
        """Why a run must not start, if it must not; otherwise its stake counts from now on, with `own`."""
        ...

    def publish(self, probe: str, own: Sums) -> None:
        """What is at stake of a probe is another now; never fails."""
        ...

    def state(self, own: Mapping[str, Sums]) -> None:
        """What is at stake of all probes, whatever was said before; never fails."""
        ...


class Alone:
    """Of who shares an account with nobody."""

    trouble = ""

    def admit(self, probe: str, own: Sums, stake: Sums, ceiling: Sums) -> Refusal | None:
        """Only what is its own counts."""
        return over_ceiling(probe, own, {}, stake, ceiling)

    def publish(self, probe: str, own: Sums) -> None:
        """Nobody asks."""

    def state(self, own: Mapping[str, Sums]) -> None:
        """Nobody asks."""


class OnAccount:
    """The share of one ledger in the account of its machine.

    While the account cannot be used, nothing starts that puts money at stake: nobody could say what others have. What
    could not be said then is said with the next `state`.
    """

    def __init__(self, account: Account, holder: Path) -> None:
        """`holder` is the file of the ledger: its share is forgotten when that is gone."""
        self._account = account
        self._holder = account.name_of(holder)
        self._said: dict[str, Sums] | None = None
        """What the account has of it; None: nobody knows, until all is said again."""
        self.trouble = ""

    def admit(self, probe: str, own: Sums, stake: Sums, ceiling: Sums) -> Refusal | None:
        """Ask for more; twice where a share turns out to be nobody's any more."""
        try:
            refusal = self._admit(probe, own, stake, ceiling)
            if refusal is not None and self._forget_the_gone():
                refusal = self._admit(probe, own, stake, ceiling)
        except StoreError as error:
            return Refusal(Why.EXPOSURE, self._in_trouble(error))
        if refusal is None and self._said is not None:
            self._said[probe] = added(own, stake)
        return refusal

    def publish(self, probe: str, own: Sums) -> None:
        """Say it, if it is news."""
        if self._said is None or self._said.get(probe, {}) == own:
            return
        try:
            self._account.run(lambda: shares.publish(self._holder, probe, own))
        except StoreError as error:
            self._in_trouble(error)
            self._said = None
        else:
            self._said[probe] = own

    def state(self, own: Mapping[str, Sums]) -> None:
        """Say it all, and forget whose ledger is gone."""
        try:
            self._account.run(lambda: shares.state(self._holder, own))
            self._forget_the_gone()
        except StoreError as error:
            self._in_trouble(error)
            self._said = None
        else:
            self._said, self.trouble = dict(own), ""

    def _admit(self, probe: str, own: Sums, stake: Sums, ceiling: Sums) -> Refusal | None:
        refusal = self._account.run(lambda: shares.admit(self._holder, probe, own, stake, ceiling))
        self.trouble = ""
        return refusal

    def _forget_the_gone(self) -> bool:
        """Forget the shares of ledgers whose file is gone: nothing is left of them; whether there were any."""
        gone = [
            holder
            for holder in self._account.run(shares.holders)
            if holder != self._holder and not self._account.has_ledger(holder)
        ]
        if gone:
            self._account.run(lambda: shares.forget(gone))
        return bool(gone)

    def _in_trouble(self, error: StoreError) -> str:
        self.trouble = f"nobody can say what is at stake, so no run starts that puts more there: {error}"
        log.error("%s", self.trouble, extra=sparingly("account"))
        return self.trouble
