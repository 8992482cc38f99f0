"""When each check starts next, the soonest first."""

import heapq
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from synthprobe.core.probes import Check


class Timetable:
    """The next start of every check that is served."""

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self._next: list[tuple[datetime, str]] = []

    def is_run(self, key: str) -> bool:
        """Whether a check is served, and not paused."""
        check = self.checks.get(key)
        return check is not None and not check.probe.paused

    def first_at(self) -> datetime | None:
        """The soonest start of all."""
        return self._next[0][0] if self._next else None

    def serve(self, checks: Iterable[Check], since: datetime) -> Collection[str]:
        """These checks instead, new ones from `since` on; the keys of those whose next start does not stay."""
        before, self.checks = self.checks, {check.key: check for check in checks}
        kept = {key for key, check in self.checks.items() if same_times(before.get(key), check)}
        self._next = [start for start in self._next if start[1] in kept]
        self._next += [self._after(since, key) for key in self.checks.keys() - kept]
        heapq.heapify(self._next)
        return before.keys() - kept

    def plan(self, now: datetime) -> None:
        """Find each check's next start after `now` anew."""
        self._next = [self._after(now, key) for key in self.checks]
        heapq.heapify(self._next)

    def due(self, now: datetime) -> Iterator[tuple[Check, datetime]]:
        """The checks whose start has come, with the first that has; each goes on with its next after `now`."""
        while self._next and self._next[0][0] <= now:
            first, key = self._next[0]
            heapq.heapreplace(self._next, self._after(now, key))
            yield self.checks[key], first

    def _after(self, at: datetime, key: str) -> tuple[datetime, str]:
        return self.checks[key].times.next_start(at), key


def same_times(before: Check | None, after: Check) -> bool:
    """Whether a check's slots stay what they were."""
    return before is not None and before.times == after.times
