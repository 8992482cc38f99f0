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
                log.warning("results wait in the spool, next attempt in %.1f s: %s", pause, error)
                await anyio.sleep(pause)

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

    def _pause_after(self, failures: int) -> float:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * float(2 ** min(failures - 1, 20)))
        return longest * (0.5 + self._jitter() / 2)
