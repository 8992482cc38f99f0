"""Whether a run may be made as far as people decide it: nobody has halted new runs, and its provider's budget has room.

Undo is never refused: what it asks of a provider is only counted, and missing to the others.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from synthprobe.clock import Clock
from synthprobe.core.accounts import Refusal, Why
from synthprobe.core.budgets import Budget, Used, is_drained
from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger
from synthprobe.core.sparing import sparingly
from synthprobe.core.steps import requests_of
from synthprobe.stores import budgets as rows
from synthprobe.stores.account import Account
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)


class Permits(Protocol):
    """Asked before each run; undo is never asked."""

    def halted(self) -> bool:
        """Whether a person has stopped new runs."""
        ...

    def spend(self, check: Check, trigger: Trigger) -> Refusal | None:
        """Why a run may not start for its budget, if it may not; otherwise its requests are drawn."""
        ...


class Free:
    """No halt and no budget."""

    def halted(self) -> bool:
        """Never."""
        return False

    def spend(self, check: Check, trigger: Trigger) -> Refusal | None:
        """Nothing is counted."""
        return None


FREE = Free()


class Permitted:
    """What the halt file and the budgets of the settings permit; what is left of these the account knows."""

    def __init__(
        self,
        halted: Callable[[], bool],
        budgets: Iterable[Budget],
        clock: Clock,
        account: Account | None = None,
    ) -> None:
        self._halted = halted
        self._clock = clock
        self._budgets = {budget.name: budget for budget in budgets}
        self._account = account or Account.in_memory()

    def halted(self) -> bool:
        """Whether a person has stopped new runs."""
        return self._halted()

    def spend(self, check: Check, trigger: Trigger) -> Refusal | None:
        """Draw all requests of a run on the budget that the check's file names, if it has room."""
        name = check.probe.safety.budget
        if not name:
            return None
        if (budget := self._budgets.get(name)) is None:
            # Nobody knows what the provider allows, so nothing is asked of it.
            return Refusal(Why.BUDGET, f"no budget `{name}` is set (SYNTHPROBE_BUDGETS)")
        requests = requests_of(check.probe.steps)
        try:
            return self._account.run(lambda: rows.spend(budget, requests, trigger, self._clock))
        except StoreError as error:
            return Refusal(Why.BUDGET, f"nobody can say what is left of the budget {name}: {error}")

    def draw(self, name: str, requests: int) -> None:
        """Count what undo is about to ask of a budget's provider; whatever becomes of that, undo goes on."""
        if budget := self._budgets.get(name):
            try:
                self._account.run(lambda: rows.count(budget, requests, self._clock))
            except StoreError as error:
                log.warning("what undo asks of %s is not counted: %s", name, error, extra=sparingly("count"))

    def publish(self) -> None:
        """Let others on this machine know how budgets are set. Raises `StoreError`."""
        if self._budgets:
            self._account.run(lambda: rows.set_terms(self._budgets.values()))

    def recall(self, used: Iterable[Used]) -> tuple[str, ...]:
        """Count what was counted elsewhere so far, as agents did in their spools; of which budgets. Raises `StoreError`."""
        known = [(budget, each) for each in used if (budget := self._budgets.get(each.name))]
        for budget, each in known:
            self._account.run(lambda: rows.recall(budget, each, self._clock))  # noqa: B023 - called at once
        return tuple(budget.name for budget, _ in known)

    def is_drained(self, check: Check) -> bool:
        """Whether the check's budget is so used up that its provider's patience may be, too."""
        budget = self._budgets.get(check.probe.safety.budget)
        if budget is None:
            return False
        try:
            left = self._account.run(lambda: rows.left_of(budget, self._clock))
        except StoreError:
            return False
        return is_drained(budget, left, requests_of(check.probe.steps))
