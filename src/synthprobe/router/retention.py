"""Gives up what is old, or too much, in small batches with pauses, so that reports never wait long for the writer.

What is looked at once and stays is pinned, and pins end slowly: between two walks from the very start, a day apart,
each sweep by age goes on where the one before ended.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import anyio

from synthprobe.core.sparing import sparingly
from synthprobe.router.heartbeat import Heartbeat
from synthprobe.router.surroundings import Surroundings
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import overrides as override_rows
from synthprobe.stores import retention as rows
from synthprobe.stores import silences as silence_rows
from synthprobe.stores.errors import StoreError
from synthprobe.stores.retention import START, Cutoffs, Keep, Part

SILENCES_KEPT = timedelta(days=5)
"""How long silences, and alerts from outside, can be looked up after their end, as with Alertmanager."""

OVERRIDES_KEPT = timedelta(days=400)
"""How long it can be looked up who stood in for whom."""

EVERY = 600.0
"""Seconds between two sweeps."""

PAUSE = 0.05
"""Seconds that the writer is left to others after each batch."""

FROM_THE_START = timedelta(days=1)
"""How often everything old is looked at again."""

FRESH = timedelta(hours=1)
"""What is younger is never given up for its size."""

PAGES = 100
"""Given back to the file system at once."""

SPARE = 1 << 24
"""Free bytes that stay in the file in any case; beyond a tenth of what is used, too, they are given back."""

log = logging.getLogger(__name__)


class Retention:
    """Keeps the store within its age and size; what an incident or a check's last runs need is never touched."""

    def __init__(self, around: Surroundings, keep: Keep) -> None:
        self.heartbeat = Heartbeat(around.clock)
        self._store = around.store
        self._clock = around.clock
        self._keep = keep
        self._place = START
        self._started_over: datetime | None = None

    async def run(self) -> None:
        """Sweep for ever; a store that is in trouble is swept later."""
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                log.warning(
                    "retention cannot use the store and tries again: %s", error, extra=sparingly("retention")
                )
            except Exception:
                log.exception("a sweep of retention failed and is made again")
            self.heartbeat.beat()
            await anyio.sleep(EVERY)

    async def sweep(self) -> Counter[str]:
        """Sweep once; returns how much of what was given up."""
        gone: Counter[str] = Counter()
        now = self._clock.now()
        await self._by_age(now, gone)
        if self._keep.size is not None:
            await self._by_size(self._keep.size, now, gone)
        await self._shrink()
        if gone:
            log.info("retention gave up %s", ", ".join(f"{what}: {count}" for what, count in gone.items()))
        return gone

    async def _by_age(self, now: datetime, gone: Counter[str]) -> None:
        if self._started_over is None or abs(now - self._started_over) >= FROM_THE_START:
            self._place, self._started_over = START, now
        before = now - self._keep.age
        at = rows.cutoffs(self._keep, before, now)
        self._place = await self._walk(Part.FIGURES, self._place, at, gone)
        while dropped := await self._store.write(partial(rows.drop_slots, before)):
            gone["ranges of slots"] += dropped
            await self._pause()
        await self._store.write(partial(silence_rows.forget_ended, now - SILENCES_KEPT))
        await self._store.write(partial(alert_rows.forget_outside, now - SILENCES_KEPT))
        await self._store.write(partial(override_rows.forget_ended, now - OVERRIDES_KEPT))
        while keys := await self._store.write(partial(rows.drop_checks, before)):
            gone["withdrawn checks"] += len(keys)
            await self._pause()

    async def _by_size(self, most: int, now: datetime, gone: Counter[str]) -> None:
        async def fits() -> bool:
            return (await self._store.read(rows.space)).used <= most

        at = rows.cutoffs(self._keep, now - FRESH, now)
        for part in Part:
            if await fits():
                return
            await self._walk(part, START, at, gone, enough=fits)
        if not await fits():
            log.warning(
                "the store holds more than keep-bytes (%d), but only runs of incidents, last runs and runs of the "
                "last hour are left; raise keep-bytes",
                most,
            )

    async def _walk(
        self,
        part: Part,
        after: tuple[int, str],
        at: Cutoffs,
        gone: Counter[str],
        enough: Callable[[], Awaitable[bool]] | None = None,
    ) -> tuple[int, str]:
        while window := await self._store.read(partial(rows.next_window, part, after, at)):
            after = window.last
            self.heartbeat.beat()
            if window.any_to_go:
                gone[part] += await self._store.write(partial(rows.give_up, part, window, at))
                await self._pause()
                if enough and await enough():
                    break
        return after

    async def _shrink(self) -> None:
        space = await self._store.read(rows.space)
        while space.free > max(SPARE, space.used // 10):
            await self._store.write(partial(rows.shrink, PAGES))
            await self._pause()
            before, space = space, await self._store.read(rows.space)
            if space.free >= before.free:
                return

    async def _pause(self) -> None:
        self.heartbeat.beat()
        await anyio.sleep(PAUSE)
