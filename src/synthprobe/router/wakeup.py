"""Wakes a loop before its timer: a hint only, since what is due is a row and is looked for anyway."""

import anyio


class Wakeup:
    """One loop waits on it, anybody may call it; a call between two waits is not lost."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def wake(self) -> None:
        """End the current wait, or the next one at once."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when woken, or after this many seconds."""
        with anyio.move_on_after(seconds):
            await self._event.wait()
        self._event = anyio.Event()
