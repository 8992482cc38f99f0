"""The places for runs of one agent: which checks run, whether another may, and when none does any more."""

import logging

import anyio

from synthprobe.agent.making import Admission, Limits
from synthprobe.agent.permits import Permits
from synthprobe.core.probes import Check
from synthprobe.core.results import Trigger
from synthprobe.core.sparing import sparingly

log = logging.getLogger(__name__)


class Places:
    """One place for each run under way, at most one a check."""

    def __init__(self, limits: Limits, permits: Permits, admission: Admission | None) -> None:
        self._limits = limits
        self._permits = permits
        self._admission = admission
        self._taken: dict[str, Trigger] = {}
        self._idle = anyio.Event()

    def __len__(self) -> int:
        return len(self._taken)

    @property
    def is_full(self) -> bool:
        """Whether as many runs as allowed are under way."""
        return len(self._taken) >= self._limits.concurrency

    def holds(self, key: str) -> Trigger | None:
        """Why a check runs just now, if it does."""
        return self._taken.get(key)

    def refusal(self, check: Check, run_id: str, trigger: Trigger) -> str:
        """Why a run may not start, in a word: too much is at stake already, or its budget is used up."""
        refused = self._admission.admit(check, run_id) if self._admission is not None else None
        if refused is None and (refused := self._permits.spend(check, trigger)):
            self._release(run_id)
        if refused is None:
            return ""
        log.warning(
            "%s was not started: %s", check.key, refused.text, extra=sparingly(f"{refused.why} {check.key}")
        )
        return refused.why.value

    def take(self, key: str, trigger: Trigger) -> None:
        """A run begins."""
        self._taken[key] = trigger

    def leave(self, key: str, run_id: str) -> None:
        """It is over."""
        del self._taken[key]
        self._release(run_id)
        if not self._taken:
            self._idle.set()

    async def until_idle(self) -> None:
        """Wait for the end of all runs, as far as the grace goes that undo leaves of it."""
        kept = self._admission.kept_for_undo() if self._admission is not None else 0.0
        with anyio.move_on_after(max(0.0, self._limits.grace.total_seconds() - kept)):
            while self._taken:
                self._idle = anyio.Event()
                await self._idle.wait()

    def _release(self, run_id: str) -> None:
        if self._admission is not None:
            self._admission.release(run_id)
