"""The agent's side of inbound webhooks: what it asks its router, and whether our own listener can be reached at all."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

import anyio
import httpx
from msgspec import Struct

from synthprobe.buses import BusError
from synthprobe.core.awaiting import Found
from synthprobe.core.hooks import Delivery, Terms, proof, url_of
from synthprobe.core.questions import (
    Answered,
    AskDeliveries,
    AskTerms,
    DeliveriesAnswer,
    Question,
    TermsAnswer,
)

Ask: TypeAlias = Callable[[Question], Awaitable[Answered]]
"""Asks the router. Raises `BusError`."""

TERMS_WITHIN = 5.0
REACHED_WITHIN = 5.0
LONGEST_ASK = 20.0
"""Seconds of one question: a router that starts anew meanwhile is asked again."""
MOST_ANSWER = 4096


MOST_MISSED = 1000
"""Steps that waited in vain and are followed at once: of more the newest."""


class Missed(Struct):
    """A step that gave up, and how it would have known its webhook."""

    run_id: str
    step: str
    tokens: tuple[str, ...]
    after: int
    """The newest delivery that was looked at."""
    since: datetime
    """From when the delay counts."""
    fit: Callable[[Delivery], Found]


class Hooks:
    """Inbound webhooks as steps know them; `transport` leads to our own public address and nowhere else."""

    def __init__(self, ask: Ask, transport: httpx.AsyncBaseTransport) -> None:
        self._ask = ask
        self._transport = transport
        self._terms: Terms | None = None
        self._given_up: list[Missed] = []

    async def terms(self) -> Terms:
        """Where deliveries come in, asked once. Raises `BusError`."""
        if self._terms is None:
            try:
                with anyio.fail_after(TERMS_WITHIN):
                    answer = await self._ask(AskTerms())
            except TimeoutError as error:
                raise BusError(f"the router did not answer within {TERMS_WITHIN:g} s") from error
            assert isinstance(answer, TermsAnswer)
            self._terms = answer.terms
        return self._terms

    async def deliveries(self, tokens: tuple[str, ...], after: int, wait: float) -> tuple[Delivery, ...]:
        """Deliveries for any of these tokens after one; at once if there are any. Raises `BusError`."""
        answer = await self._ask(AskDeliveries(tokens, after, max(0.0, min(wait, LONGEST_ASK))))
        assert isinstance(answer, DeliveriesAnswer)
        return answer.deliveries

    def give_up(self, missed: "Missed") -> None:
        """Remember a step that waited in vain."""
        self._given_up = [*self._given_up, missed][-MOST_MISSED:]

    def given_up(self) -> "tuple[Missed, ...]":
        """The steps that waited in vain since this was asked last."""
        found, self._given_up = tuple(self._given_up), []
        return found

    async def unreachable(self, token: str) -> str:
        """Why nobody can deliver to us, asked at our public address; empty if it answers as only we can."""
        terms = await self.terms()
        request = httpx.Request(
            "GET",
            url_of(terms, token),
            extensions={"deadline": REACHED_WITHIN, "max_body": MOST_ANSWER, "named": True},
        )
        try:
            with anyio.fail_after(REACHED_WITHIN + 1):
                response = await self._transport.handle_async_request(request)
                body = await response.aread()
        except TimeoutError:
            return f"no answer within {REACHED_WITHIN:g} s"
        except httpx.TransportError as error:
            return str(error) or type(error).__name__
        if response.status_code != 200:
            return f"it answered {response.status_code}"
        if body.strip() != proof(terms.key, token).encode():
            return "something else answers there"
        return ""
