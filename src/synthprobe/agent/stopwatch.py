"""One run's time: anchored once to the wall clock, measured on the monotonic one, so that a stepped clock bends nothing."""

from datetime import datetime, timedelta

from synthprobe.clock import Clock
from synthprobe.core.schedule import EPOCH, MICROSECOND


class Stopwatch:
    """Instants and remaining time of one run."""

    def __init__(self, clock: Clock) -> None:
        self.started_at = clock.now()
        self._started_ns = nanoseconds(self.started_at)
        self._monotonic = clock.monotonic
        self._started = clock.monotonic()

    def elapsed(self) -> float:
        """Seconds since it was started."""
        return self._monotonic() - self._started

    def now(self) -> datetime:
        """The instant it is, counted from the start."""
        return self.started_at + timedelta(seconds=self.elapsed())

    def now_ns(self) -> int:
        """The same in nanoseconds since the epoch, as spans want it."""
        return self._started_ns + round(self.elapsed() * 1e6) * 1000


def nanoseconds(at: datetime) -> int:
    """An instant in nanoseconds since the epoch."""
    return (at - EPOCH) // MICROSECOND * 1000
