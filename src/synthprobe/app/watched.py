"""A store whose last write is remembered: what the health page says of it."""

from collections.abc import Callable
from typing import TypeVar

from synthprobe.clock import Clock
from synthprobe.ports import Store, Tx
from synthprobe.stores.errors import StoreConflict, StoreError

T = TypeVar("T")

WAITING_AFTER = 30.0
"""Seconds under way after which a write is trouble by itself."""


class WatchedStore:
    """Hands everything to the store behind it and tells whether writes arrive there."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._began: dict[object, float] = {}
        self._trouble = ""

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        """As the store does; a failure of the disk is remembered until a write succeeds again."""
        this = object()
        self._began[this] = self._clock.monotonic()
        try:
            written = await self._store.write(transaction, patience=patience)
        except StoreConflict:
            raise  # ours, and says nothing of the disk
        except StoreError as error:
            self._trouble = str(error)
            raise
        finally:
            del self._began[this]
        self._trouble = ""
        return written

    async def read(self, transaction: Callable[[], Tx[T]]) -> T:
        """As the store does."""
        return await self._store.read(transaction)

    def trouble(self) -> str:
        """Why the last write failed, or for how long one has been waiting; empty when all is well."""
        if self._trouble:
            return self._trouble
        waits = self._clock.monotonic() - min(self._began.values(), default=self._clock.monotonic())
        return f"a write has been waiting for {waits:.0f} s" if waits >= WAITING_AFTER else ""
