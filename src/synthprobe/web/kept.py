"""The newest rendering of a costly page, shared by everybody who asks while there is nothing new to show."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio

LONGEST = timedelta(seconds=5)
"""Ages and health on the page move on without a new row."""


class Kept:
    """One page by its version; who asks while it is being made waits for that one."""

    def __init__(self) -> None:
        self._lock = anyio.Lock()
        self._version = ""
        self._made_at: datetime | None = None
        self._page = ""

    async def page(self, version: str, now: datetime, make: Callable[[], Awaitable[str]]) -> str:
        """The page of this version, made now unless it is kept and fresh."""
        async with self._lock:
            fresh = self._made_at is not None and timedelta() <= now - self._made_at < LONGEST
            if not fresh or version != self._version:
                self._page = await make()
                self._version, self._made_at = version, now
            return self._page
