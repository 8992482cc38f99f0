"""What the scheduler needs of others: who makes runs, what a run may put at stake, and how many at once."""

from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from synthprobe.core.accounts import Refusal
from synthprobe.core.probes import Check
from synthprobe.core.reports import Finished
from synthprobe.core.results import Trigger


class Runs(Protocol):
    """Makes runs: the runner."""

    async def run(
        self, check: Check, *, trigger: Trigger, scheduled_at: datetime | None, run_id: str
    ) -> Finished:
        """One run."""
        ...


class Admission(Protocol):
    """Says whether a run may start: the exposure ceiling."""

    def admit(self, check: Check, run_id: str) -> Refusal | None:
        """Why it may not, if it may not; otherwise it counts until it is released."""
        ...

    def release(self, run_id: str) -> None:
        """It is over, or was not made."""
        ...

    def kept_for_undo(self) -> float:
        """Seconds of the grace that runs under way need to take back what they made."""
        ...


class Limits(Struct, frozen=True):
    """How much runs at once, and how long runs may take to end when the agent stops."""

    concurrency: int = 200
    grace: timedelta = timedelta(seconds=10)


DEFAULT_LIMITS = Limits()
