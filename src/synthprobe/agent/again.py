"""Which checks run between their slots, too, because they fail: `while_failing`."""

from msgspec import Struct

from synthprobe.clock import Clock
from synthprobe.core.probes import Check
from synthprobe.core.results import Outcome, Result


class _Failing(Struct, frozen=True):
    pause: float
    until: float
    """On the monotonic clock."""


class Again:
    """The checks that fail now, and how often each runs until when."""

    def __init__(self, clock: Clock) -> None:
        self._monotonic = clock.monotonic
        self._failing: dict[str, _Failing] = {}

    def begins(self, check: Check, result: Result) -> bool:
        """Take note of a result; whether a check begins to fail with it."""
        wanted = check.probe.while_failing
        if wanted is None or result.outcome in (Outcome.PASSED, Outcome.DEGRADED):
            self._failing.pop(check.key, None)
            return False
        if result.outcome is not Outcome.FAILED or check.key in self._failing:
            return False
        until = self._monotonic() + wanted.lasting.total_seconds()
        self._failing[check.key] = _Failing(wanted.every.total_seconds(), until)
        return True

    def fails(self, key: str) -> bool:
        """Whether a check has not been well again since."""
        return key in self._failing

    def forget(self, key: str) -> None:
        """The check is run no longer."""
        self._failing.pop(key, None)

    def pause(self, key: str) -> float | None:
        """Seconds until the check's next extra run; None when there is to be none."""
        failing = self._failing.get(key)
        if failing is None or self._monotonic() + failing.pause > failing.until + _SLACK:
            return None
        return failing.pause


_SLACK = 0.001
"""Seconds by which a timer may be late without costing the last run."""
