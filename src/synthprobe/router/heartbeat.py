"""That a loop turns: what `/healthz` asks, since being alive is not enough."""

from synthprobe.clock import Clock


class Heartbeat:
    """When a loop last turned."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.monotonic()

    def beat(self) -> None:
        """The loop turned."""
        self._last = self._clock.monotonic()

    def age(self) -> float:
        """Seconds since the loop last turned."""
        return self._clock.monotonic() - self._last
