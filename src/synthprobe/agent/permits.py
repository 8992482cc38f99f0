"""Whether a run may be made as far as people decide it: nobody has halted new runs, and its provider's budget has room.

Undo is never refused: what it asks of a provider is only counted, and missing to the others.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from synthprobe.clock import Clock
from synthprobe.core.budgets import Budget, Used, draw, full, resumed
from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger
from synthprobe.core.sparing import sparingly
from synthprobe.core.steps import requests_of

log = logging.getLogger(__name__)


class Permits(Protocol):
    """Asked before each run; undo is never asked."""

    def halted(self) -> bool:
        """Whether a person has stopped new runs."""
        ...

    def spend(self, check: Check, trigger: Trigger) -> bool:
        """Whether the budget has room for a run; if so it is spent."""
        ...


class Free:
    """No halt and no budget."""

    def halted(self) -> bool:
        """Never."""
        return False

    def spend(self, check: Check, trigger: Trigger) -> bool:
        """Always."""
        return True


FREE = Free()


class Permitted:
    """What the halt file and the budgets of the settings permit."""

    def __init__(self, halted: Callable[[], bool], budgets: Iterable[Budget], clock: Clock) -> None:
        self._halted = halted
        self._clock = clock
        self._budgets = {budget.name: budget for budget in budgets}
        self._drawn = {
            name: full(budget, clock.monotonic(), clock.now()) for name, budget in self._budgets.items()
        }
        self._saved: dict[str, Used] = {}

    def halted(self) -> bool:
        """Whether a person has stopped new runs."""
        return self._halted()

    def spend(self, check: Check, trigger: Trigger) -> bool:
        """Whether the budget that the check's file names has room for all its requests; if so it is spent."""
        name = check.probe.safety.budget
        budget = self._budgets.get(name)
        if budget is None:
            return not name or self._unknown(check, name)
        at, now = self._clock.monotonic(), self._clock.now()
        self._drawn[name], may = draw(
            budget, self._drawn[name], requests_of(check.probe.steps), trigger, at, now
        )
        if not may:
            log.info("%s was not started: the budget %s is used up", check.key, name)
        return may

    def draw(self, name: str, requests: int) -> None:
        """Count what undo is about to ask of a budget's provider."""
        if budget := self._budgets.get(name):
            at, now = self._clock.monotonic(), self._clock.now()
            self._drawn[name], _ = draw(budget, self._drawn[name], requests, None, at, now)

    def recall(self, used: Iterable[Used]) -> None:
        """Go on with what an earlier process has used of a day."""
        for each in used:
            if budget := self._budgets.get(each.name):
                self._drawn[each.name] = resumed(budget, each, self._clock.monotonic(), self._clock.now())

    def unsaved(self) -> Sequence[Used]:
        """What the days that have an end have used and is not on disk yet."""
        days = (name for name, budget in self._budgets.items() if budget.per_day is not None)
        used = (Used(name, self._drawn[name].day, self._drawn[name].used) for name in days)
        return [each for each in used if each.requests and self._saved.get(each.name) != each]

    def saved(self, used: Iterable[Used]) -> None:
        """This is on disk."""
        self._saved.update({each.name: each for each in used})

    def is_drained(self, check: Check) -> bool:
        """Whether the check's budget is so used up that its provider's patience may be, too."""
        budget = self._budgets.get(check.probe.safety.budget)
        if budget is None:
            return False
        at, now = self._clock.monotonic(), self._clock.now()
        drawn, _ = draw(budget, self._drawn[budget.name], 0, None, at, now)
        requests = requests_of(check.probe.steps)
        spent = budget.per_day is not None and drawn.used + requests > budget.per_day
        return spent or drawn.left < min(requests, budget.burst)

    def _unknown(self, check: Check, name: str) -> bool:
        """Nobody knows what the provider allows, so nothing is asked of it."""
        log.warning(
            "%s was not started: no budget `%s` is set (SYNTHPROBE_BUDGETS)",
            check.key,
            name,
            extra=sparingly(f"budget {name}"),
        )
        return False
