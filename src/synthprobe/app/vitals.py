"""Whether this process and its agents make progress: what `/healthz` says."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from synthprobe.clock import Clock
from synthprobe.core.reports import ConfigProblem, Pulse
from synthprobe.web.health import Health, Part

STUCK_AFTER = {
    "dispatcher": 60.0,
    "notifier": 60.0,
    "auditor": 120.0,
    "retention": 1200.0,
    "watchman": 60.0,
    "burning": 300.0,
}
"""Seconds without a turn of the loop."""
SILENT_AFTER = timedelta(seconds=15)
"""Without a pulse; agents send one every second."""


class Vitals:
    """Remembers each agent's last pulse and asks the router's loops for their progress."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at = clock.now()
        self._pulses: dict[str, datetime] = {}
        self._troubles: dict[str, str] = {}
        self._problems: dict[str, tuple[ConfigProblem, ...]] = {}

    def pulse(self, pulse: Pulse) -> None:
        """An agent is alive; its own clock is not trusted for how long ago that was."""
        self._pulses[pulse.agent] = self._clock.now()
        self._troubles[pulse.agent] = pulse.trouble
        self.complain(f"agent {pulse.agent}", pulse.problems)

    def complain(self, who: str, problems: tuple[ConfigProblem, ...]) -> None:
        """What is wrong with somebody's files now."""
        self._problems[who] = problems

    def problems(self) -> tuple[ConfigProblem, ...]:
        """What is wrong with any file now."""
        return tuple(problem for _, problems in sorted(self._problems.items()) for problem in problems)

    def health(self, progress: Mapping[str, float], agent: str, store_trouble: str = "") -> Health:
        """One part for the store, each loop of the router and each agent heard of, and the agent that is expected."""
        now = self._clock.now()
        loops = tuple(_loop(name, age) for name, age in progress.items())
        heard = {agent: self._started_at, **self._pulses}
        store = Part("store", not store_trouble, store_trouble or "the last write is on disk")
        return Health((store, *loops, *(self._agent(name, at, now) for name, at in sorted(heard.items()))))

    def _agent(self, name: str, last_at: datetime, now: datetime) -> Part:
        age = max(now - last_at, timedelta())
        heard = name in self._pulses
        detail = f"last pulse {age.total_seconds():.0f} s ago" if heard else "no pulse yet"
        if trouble := self._troubles.get(name, ""):
            detail = f"{detail}; {trouble}"
        return Part(f"agent {name}", age <= SILENT_AFTER and not trouble, detail)


def _loop(name: str, age: float) -> Part:
    return Part(name, age <= STUCK_AFTER[name], f"last turn {age:.0f} s ago")
