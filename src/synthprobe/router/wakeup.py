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


class Announcement:
    """Several wait for it, and all go on when it is made."""

    def __init__(self) -> None:
        self._next = anyio.Event()

    @property
    def next(self) -> anyio.Event:
        """The next one; taken before looking, so that none is missed between looking and waiting."""
        return self._next

    def make(self) -> None:
        """Let everybody go on who waits for it."""
        self._next.set()
        self._next = anyio.Event()
