"""Carries the spool to the router: in order, and forgotten only once the router has committed it.

The pulse goes beside it, once a second, so that the router knows how the agent feels; a pulse that cannot be
delivered is forgotten.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import anyio

from synthprobe.agent.spool import Spool
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core.reports import Pulse, Report
from synthprobe.core.sparing import sparingly
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)

Deliver: TypeAlias = Callable[[Sequence[Report | Pulse]], Awaitable[None]]
"""The bus: returns when the router has committed; raises `BusError`."""

BATCH = 200
GATHER = 0.5
"""Seconds for which passed runs are gathered: a batch costs both sides little more than one run."""
PULSE_EVERY = 1.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 15.0
WAITING_AFTER = 20.0
"""Seconds of failing after which the pulse says that results wait."""


class Forwarder:
    """The agent's two loops towards the router; `jitter` gives numbers in [0, 1)."""

    def __init__(
        self,
        spool: Spool,
        deliver: Deliver,
        clock: Clock,
        jitter: Callable[[], float],
        pulse: Callable[[float, int], Pulse],
    ) -> None:
        self._spool = spool
        self._deliver = deliver
        self._clock = clock
        self._jitter = jitter
        self._pulse = pulse
        self._failing: float | None = None
        self._why = ""

    async def run(self) -> None:
        """Forward until cancelled."""
        failures = 0
        while True:
            try:
                await self._forward()
                failures = 0
            except (BusError, StoreError) as error:
                failures += 1
                pause = self._pause_after(failures)
                self._note(error)
                log.warning("results wait in the spool: %s", error, extra=sparingly("forward"))
                await anyio.sleep(pause)

    @property
    def trouble(self) -> str:
        """Why results have been waiting for a while, if they have; a router that starts anew is no trouble yet."""
        if self._failing is None or self._clock.monotonic() - self._failing < WAITING_AFTER:
            return ""
        return f"results wait in the spool: {self._why}"

    async def flush(self) -> None:
        """Deliver all there is, once. Raises `BusError`, `StoreError`."""
        while await self._batch():
            pass

    async def beat(self) -> None:
        """Tell the router once a second how this agent feels, until cancelled."""
        while True:
            due = self._clock.monotonic() + PULSE_EVERY
            await anyio.sleep(PULSE_EVERY)
            lag = max(0.0, self._clock.monotonic() - due)
            try:
                waiting = await self._spool.count()
                await self._deliver((self._pulse(lag, waiting),))
            except (BusError, StoreError) as error:
                log.debug("no pulse: %s", error)

    async def _forward(self) -> None:
        """Deliver all there is, then wait for more, and a moment longer unless it is urgent."""
        news, urgent = self._spool.news, self._spool.urgent
        await self.flush()
        self._failing, self._why = None, ""
        await news.wait()
        with anyio.move_on_after(GATHER):
            await urgent.wait()

    async def _batch(self) -> bool:
        """Deliver the oldest reports; whether there were any."""
        batch = await self._spool.peek(BATCH)
        if not batch:
            return False
        await self._deliver([each.report for each in batch])
        await self._spool.remove(batch[-1].id)
        return True

    def _note(self, error: Exception) -> None:
        self._why = str(error)
        if self._failing is None:
            self._failing = self._clock.monotonic()

    def _pause_after(self, failures: int) -> float:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * float(2 ** min(failures - 1, 20)))
        return longest * (0.5 + self._jitter() / 2)
