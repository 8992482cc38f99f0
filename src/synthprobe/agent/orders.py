"""Does what people want of the ledger: the router knows it, and is asked while something is owed."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
from msgspec.structs import replace

from synthprobe.agent.ledger import Ledger
from synthprobe.agent.ledger_lines import line_of, told
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core.questions import (
    Answered,
    AskUndoOrders,
    OrderKind,
    Question,
    UndoOrder,
    UndoOrdersAnswer,
)
from synthprobe.core.results import UndoState
from synthprobe.core.sparing import sparingly
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)

Ask: TypeAlias = Callable[[Question], Awaitable[Answered]]
"""Asks the router; raises `BusError`."""

EVERY = 5.0
"""Seconds between two questions."""


class Orders:
    """The loop that asks for orders and follows them."""

    def __init__(self, ledger: Ledger, ask: Ask, clock: Clock, agent: str) -> None:
        self._ledger = ledger
        self._ask = ask
        self._clock = clock
        self._agent = agent

    async def run(self) -> None:
        """Follow orders until cancelled."""
        while True:
            await anyio.sleep(EVERY)
            if self._ledger.owed():
                try:
                    await self.follow()
                except (BusError, StoreError) as error:
                    log.warning("orders about undo cannot be followed: %s", error, extra=sparingly("orders"))

    async def follow(self) -> None:
        """Ask once, and do what is wanted. Raises `BusError`, `StoreError`."""
        answer = await self._ask(AskUndoOrders(self._agent))
        if isinstance(answer, UndoOrdersAnswer):
            for order in answer.orders:
                await self._do(order)

    async def _do(self, order: UndoOrder) -> None:
        entry, now = self._ledger.find(order.line), self._clock.now()
        if entry is None or self._ledger.is_running(entry.run_id):
            return
        if order.kind is OrderKind.RETRY:
            # What is tried anyway is not put off; the report of the attempt ends the order.
            await self._ledger.write(replace(entry, due_at=min(entry.due_at, now)))
            return
        why = f"settled by hand by {order.by}" + (f": {order.note}" if order.note else "")
        line = line_of(entry, now, UndoState.SETTLED, why)
        await self._ledger.close([entry.id], (told(self._agent, now, (line,)),))
