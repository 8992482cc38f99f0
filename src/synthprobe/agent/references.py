"""Asks a region's references whether the network here works at all, before a failure is blamed on a target.

A reference that answers, with whatever status, proves that it does. A region is unwell when none answers. That it is
well is believed for two seconds only: a network that goes down takes targets and references at once, and an older
answer would blame the targets. References are not asked more often than every ten seconds, so a run may have to wait
for the next answer; it waits at most half its interval. What it measured is over by then.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

import anyio
import httpx
from anyio import Lock
from msgspec import Struct

from synthprobe.agent.steps.request import USER_AGENT
from synthprobe.clock import Clock
from synthprobe.core.failures import Kind
from synthprobe.core.routes import Region
from synthprobe.wire.failures import WireFailure

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two askings of one region at least, and for which it stays unwell."""

BELIEVED = 2.0
"""Seconds for which a region stays well."""

DEADLINE = 3.0
"""Seconds for a reference to answer."""


class _Answer(Struct, frozen=True):
    unwell: bool
    at: float


class References:
    """The references of each region, and what they last said."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        clock: Clock,
        regions: Callable[[], Mapping[str, Region]],
    ) -> None:
        """`regions` is asked each time, so that routes may be read anew."""
        self._transport = transport
        self._clock = clock
        self._regions = regions
        self._locks: dict[str, Lock] = {}
        self._answers: dict[str, _Answer] = {}

    def of(self, region: str) -> tuple[str, ...]:
        """A region's references; empty where the routes name none."""
        known = self._regions().get(region)
        return known.references if known else ()

    async def unwell(self, region: str, every: timedelta) -> bool:
        """Whether none of a region's references answers; `every` is the interval of the check that failed."""
        if not self.of(region):
            return False
        async with self._locks.setdefault(region, Lock()):
            last = self._answers.get(region)
            if last is None or not self._holds(last):
                if last is not None:
                    left = last.at + EVERY - self._clock.monotonic()
                    await anyio.sleep(max(0.0, min(left, every.total_seconds() / 2)))
                last = await self._ask(region)
                self._answers[region] = last
            return last.unwell

    def _holds(self, answer: _Answer) -> bool:
        age = self._clock.monotonic() - answer.at
        return age < (EVERY if answer.unwell else BELIEVED)

    async def _ask(self, region: str) -> _Answer:
        """Ask all references of a region at once; the first that answers is enough."""
        silent: list[str] = []
        well = anyio.Event()
        at = self._clock.monotonic()

        async def ask(url: str) -> None:
            heard = await self._answers_at(url)
            if heard:
                well.set()
                tasks.cancel_scope.cancel()
            elif heard is not None:
                silent.append(httpx.URL(url).host)

        async with anyio.create_task_group() as tasks:
            for url in self.of(region):
                tasks.start_soon(ask, url)
        unwell = bool(silent) and not well.is_set()
        if unwell:
            log.warning("region %s is unwell: no answer from %s", region, ", ".join(silent))
        return _Answer(unwell, at)

    async def _answers_at(self, url: str) -> bool | None:
        """Whether a reference answers; None if it must not be asked, which says nothing of the region."""
        request = httpx.Request("HEAD", url, headers={"User-Agent": USER_AGENT})
        request.extensions = {"deadline": DEADLINE, "named": True}
        try:
            with anyio.fail_after(DEADLINE + 1):
                answer = await self._transport.handle_async_request(request)
                await answer.aclose()
        except WireFailure as failure:
            if failure.kind in (Kind.BLOCKED, Kind.SCRIPT_ERROR):
                log.warning("a reference is not asked: %s", failure.message)
                return None
            return failure.kind is Kind.TOO_LARGE
        except (httpx.TransportError, TimeoutError):
            return False
        return True
