"""Webhooks that come after their step gave up: looked for as long as deliveries are kept, and noted on the run."""

import logging
from collections.abc import Awaitable, Callable

import anyio

from synthprobe.agent.hooks import MOST_MISSED, Hooks, Missed
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core.awaiting import Fit
from synthprobe.core.hooks import KEPT, Delivery, newest
from synthprobe.core.reports import Noted
from synthprobe.core.sparing import sparingly
from synthprobe.core.templates import LookupFailed
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
FOLLOWED = KEPT.total_seconds()
"""Seconds that a step is followed."""
Note = Callable[[Noted], Awaitable[None]]
"""Hands a note to the router, like every report. Raises `StoreError`."""


class Lateness:
    """Follows what was missed; in memory, so that a note is lost with its agent, and nothing else."""

    def __init__(self, hooks: Hooks, clock: Clock, agent: str) -> None:
        self._hooks = hooks
        self._clock = clock
        self._agent = agent
        self._missed: list[tuple[Missed, float]] = []

    async def run(self, note: Note) -> None:
        """Look, until cancelled, for what came after all."""
        while True:
            await anyio.sleep(LOOK_EVERY)
            until = self._clock.monotonic() + FOLLOWED
            new = [(missed, until) for missed in self._hooks.given_up()]
            self._missed = [*self._missed, *new][-MOST_MISSED:]
            try:
                self._missed = [each for each in self._missed if await self._goes_on(*each, note)]
            except (BusError, StoreError) as error:
                log.info("late webhooks are looked for later: %s", error, extra=sparingly("late"))

    async def _goes_on(self, missed: Missed, until: float, note: Note) -> bool:
        """Look for one; whether it is to be followed further."""
        heard = await self._hooks.deliveries(missed.tokens, missed.after, 0)
        found = next((each for each in heard if _fits(missed, each)), None)
        if found is not None:
            await note(noted(missed, found, self._agent))
            return False
        missed.after = newest(heard, missed.after)
        return self._clock.monotonic() < until


def noted(missed: Missed, delivery: Delivery, agent: str) -> Noted:
    """The note of a delivery that came too late."""
    seconds = max(0.0, (delivery.received_at - missed.since).total_seconds())
    told = f"the webhook arrived after {seconds:.0f} s"
    return Noted(agent, missed.run_id, missed.step, delivery.received_at, told)


def _fits(missed: Missed, delivery: Delivery) -> bool:
    try:
        return missed.fit(delivery).fit is Fit.OURS
    except LookupFailed:
        return False
