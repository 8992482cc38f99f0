"""The inbox of inbound webhooks: takes deliveries, on disk before they are answered, and tells runs of theirs."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from enum import StrEnum

import anyio

from synthprobe.clock import Clock
from synthprobe.core.hooks import Delivery, Terms, is_ours, proof
from synthprobe.core.questions import (
    Answered,
    AskDeliveries,
    AskTerms,
    AskUndoOrders,
    DeliveriesAnswer,
    Question,
    TermsAnswer,
    UndoOrdersAnswer,
)
from synthprobe.core.sparing import sparingly
from synthprobe.ports import Store
from synthprobe.stores import hooks as rows
from synthprobe.stores import undos
from synthprobe.stores.errors import StoreError

log = logging.getLogger(__name__)

PER_SECOND, BURST = 20.0, 200.0
"""Deliveries for one token: what a provider's worst burst of repeats may need, and no flood."""
TOKENS = 10_000
"""Tokens whose rate is remembered."""
LOOK_EVERY = 2.0
"""Seconds between two looks while a question waits: another router may have taken what it waits for."""
LONGEST_WAIT = 30.0
SWEEP_EVERY = 30.0


class Taken(StrEnum):
    """What became of a delivery."""

    KEPT = "kept"
    UNKNOWN = "unknown"
    TOO_MANY = "too_many"


class Inbox:
    """Deliveries as they came, for ten minutes."""

    def __init__(self, store: Store, clock: Clock, terms: Terms) -> None:
        self.terms = terms
        self._store = store
        self._clock = clock
        self._news = anyio.Event()
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def knows(self, token: str) -> bool:
        """Whether a token was handed out by us."""
        return is_ours(self.terms.key, token)

    def prove(self, token: str) -> str | None:
        """What shows that this is our listener, for a token of ours."""
        return proof(self.terms.key, token) if self.knows(token) else None

    async def take(self, token: str, headers: Sequence[tuple[str, str]], body: bytes) -> Taken:
        """Keep a delivery; when this returns KEPT it is on disk. Raises `StoreError`."""
        if not self.knows(token):
            return Taken.UNKNOWN
        if not self._within_rate(token):
            log.warning("more deliveries than are taken for one token", extra=sparingly("hooks"))
            return Taken.TOO_MANY
        now = self._clock.now()
        await self._store.write(lambda: rows.keep(token, headers, body, now))
        self._news.set()
        self._news = anyio.Event()
        return Taken.KEPT

    async def answer(self, question: Question) -> Answered:
        """Answer an agent. Raises `StoreError`."""
        match question:
            case AskTerms():
                return TermsAnswer(self.terms)
            case AskDeliveries():
                return DeliveriesAnswer(await self._deliveries(question))
            case AskUndoOrders(agent=agent):
                return UndoOrdersAnswer(await self._store.read(lambda: undos.orders(agent)))

    async def sweep(self) -> None:
        """Give up, until cancelled, what nobody asked for in time."""
        while True:
            await anyio.sleep(SWEEP_EVERY)
            now = self._clock.now()
            try:
                await self._store.write(lambda at=now: rows.forget(at))  # type: ignore[misc]
            except StoreError as error:
                log.warning("old deliveries stay for now: %s", error, extra=sparingly("hooks"))

    async def _deliveries(self, question: AskDeliveries) -> tuple[Delivery, ...]:
        end = self._clock.monotonic() + min(question.wait, LONGEST_WAIT)
        while True:
            news = self._news
            found = await self._store.read(lambda: rows.since(question.tokens, question.after))
            left = end - self._clock.monotonic()
            if found or left <= 0:
                return found
            with anyio.move_on_after(min(left, LOOK_EVERY)):
                await news.wait()

    def _within_rate(self, token: str) -> bool:
        """A bucket per token that fills steadily."""
        now = self._clock.monotonic()
        left, since = self._rates.pop(token, (BURST, now))
        left = min(BURST, left + (now - since) * PER_SECOND)
        self._rates[token] = (max(left - 1, 0), now)
        if len(self._rates) > TOKENS:
            self._rates.popitem(last=False)
        return left >= 1
