"""Whether a run may be made as far as people decide it: nobody has halted new runs, and its provider's budget has room."""

from typing import Protocol

from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger


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
