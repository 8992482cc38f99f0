"""The newest rendering of a costly page, shared by everybody who asks while there is nothing new to show.

Where there is always something new, making it is bounded: it rests for some time after each, and who asks meanwhile
waits for the next one.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio

from synthprobe.clock import Clock

LONGEST = timedelta(seconds=5)
"""Ages and health on the page move on without a new row."""

REST = 2.0
"""Times as long as making a page took, nobody makes the next: a third of one CPU at most."""

LONGEST_REST = 1.0
"""Seconds."""


class Kept:
    """One page by its version; who asks while it is being made waits for that one."""

    def __init__(self, clock: Clock) -> None:
        self._monotonic = clock.monotonic
        self._lock = anyio.Lock()
        self._version = ""
        self._made_at: datetime | None = None
        self._rested_at = 0.0
        self._page = ""

    async def page(self, version: str, now: datetime, make: Callable[[], Awaitable[str]]) -> str:
        """The page of this version, made now unless it is kept and fresh."""
        async with self._lock:
            fresh = self._made_at is not None and timedelta() <= now - self._made_at < LONGEST
            if not fresh or version != self._version:
                await anyio.sleep(max(0.0, self._rested_at - self._monotonic()))
                began = self._monotonic()
                self._page = await make()
                self._version, self._made_at = version, now
                ended = self._monotonic()
                self._rested_at = ended + min(LONGEST_REST, REST * (ended - began))
            return self._page
