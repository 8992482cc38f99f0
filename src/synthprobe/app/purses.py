"""What a `synthprobe run` draws on: the account of its machine, or that of a server."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from synthprobe.agent.permits import Permitted
from synthprobe.agent.shares import OnAccount, Shares
from synthprobe.clock import Clock
from synthprobe.core.accounts import Refusal, Why
from synthprobe.core.budgets import Budget
from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger
from synthprobe.files.halting import halt_in
from synthprobe.settings.values import Settings
from synthprobe.stores import budgets as rows
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError


class Purse(Protocol):
    """Asked before each run, in a thread: it may wait for a disk or a server. Undo is never asked."""

    untold: str
    """What the account does not know in the end, if there is anything."""

    def share(self, ledger: Path) -> Shares:
        """What the ledger in this file has of the account."""
        ...

    def halt(self) -> Refusal | None:
        """That a person has stopped new runs, if one has."""
        ...

    def spend(self, check: Check, trigger: Trigger) -> Refusal | None:
        """Why a run may not start for its budget, if it may not; otherwise its requests are drawn."""
        ...

    def draw(self, name: str, requests: int) -> None:
        """Count what undo asks of a budget's provider; never waits."""
        ...

    def is_drained(self, check: Check) -> bool:
        """Whether the check's budget is so used up that its provider's patience may be, too."""
        ...

    def succeed(self, ledgers: Iterable[str]) -> None:
        """What these ledgers held is in this process's now."""
        ...

    def kept(self) -> AbstractAsyncContextManager[None]:
        """Keeps the account told for as long as it lasts."""
        ...


class OwnPurse:
    """The account of this machine."""

    untold = ""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._account = Account(settings.account)
        self._halt = settings.halt
        self._knows_budgets = bool(budgets := _known(self._account, settings.budgets))
        self._permits = Permitted(settings.halt.exists, budgets, clock, self._account)
        self.draw = self._permits.draw
        self.is_drained = self._permits.is_drained

    def share(self, ledger: Path) -> Shares:
        """Counted for as long as there is that file."""
        return OnAccount(self._account, ledger)

    def halt(self) -> Refusal | None:
        """As the halt file says."""
        found = halt_in(self._halt)
        return Refusal(Why.HALT, str(found)) if found else None

    def spend(self, check: Check, trigger: Trigger) -> Refusal | None:
        """As agents do; where nobody has set any budget, as on a developer's machine, nothing is counted."""
        return self._permits.spend(check, trigger) if self._knows_budgets else None

    def succeed(self, ledgers: Iterable[str]) -> None:
        """Their files are gone, and so are their shares."""

    def kept(self) -> AbstractAsyncContextManager[None]:
        """There is nothing to be done meanwhile."""
        return self._closing()

    @asynccontextmanager
    async def _closing(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._account.close()


def _known(account: Account, own: tuple[Budget, ...]) -> tuple[Budget, ...]:
    """The budgets as the agents of this machine have them set, and as this process has."""
    try:
        set_ = account.run(rows.terms) if account.path and account.path.exists() else ()
    except StoreError:
        set_ = ()
    return tuple({budget.name: budget for budget in (*set_, *own)}.values())
