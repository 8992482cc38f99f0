"""Keeps what may be open under its ceiling: a run that would put more at stake is not started."""

from synthprobe.agent.ledger import Ledger
from synthprobe.core.accounts import Refusal
from synthprobe.core.money import NoMoney, Sums, sums
from synthprobe.core.probes import Check
from synthprobe.core.stakes import ceiling, stakes_of
from synthprobe.core.templates import LookupFailed


class Exposure:
    """Asked before each run, whatever started it; all runs of a probe draw on the same ceiling."""

    def __init__(self, ledger: Ledger, undo_grace: float = 0.0) -> None:
        self._ledger = ledger
        self._undo_grace = undo_grace
        self._known: dict[str, tuple[Check, Sums, Sums]] = {}

    def admit(self, check: Check, run_id: str) -> Refusal | None:
        """Why a run must not start, if it must not; one that may counts from now on, until the ledger ends it."""
        if self._ledger.is_running(run_id):
            return None
        most, stake = self._of(check)
        return self._ledger.begin(run_id, check.probe.name, stake, most)

    def release(self, run_id: str) -> None:
        """A run that was admitted is over, or was not made."""
        self._ledger.end(run_id)

    def kept_for_undo(self) -> float:
        """Seconds of the grace that runs under way need to take back what they made."""
        return self._undo_grace if self._ledger.has_of_runs_under_way() else 0.0

    def _of(self, check: Check) -> tuple[Sums, Sums]:
        """A check's ceiling, and what its run puts at stake; the same until its file is another."""
        known = self._known.get(check.key)
        if known is None or known[0] is not check:
            known = self._known[check.key] = (check, ceiling(check.probe.safety), _stake(check))
        return known[1], known[2]


def _stake(check: Check) -> Sums:
    """What cannot be known before the run is refused when its step comes."""
    try:
        return sums(stakes_of(check))
    except (LookupFailed, NoMoney):
        return {}
