"""What an agent asks its router: it asks, and the router answers from its store; nothing is pushed to an agent."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.hooks import Delivery, Terms


class AskTerms(Struct, frozen=True, tag="ask.hook_terms"):
    """Where inbound webhooks come in, and the key of their tokens."""


class AskDeliveries(Struct, frozen=True, tag="ask.hook_deliveries"):
    """The deliveries for these tokens after one; answered at once if there are any, else after `wait` seconds at most."""

    tokens: tuple[str, ...]
    after: int = 0
    wait: float = 0.0


class AskUndoOrders(Struct, frozen=True, tag="ask.undo_orders"):
    """What people want done about the ledger of this agent."""

    agent: str


class OrderKind(StrEnum):
    """What a person may want of a line of the ledger."""

    RETRY = "retry"
    """That it is tried again at once."""
    SETTLE = "settle"
    """That it is closed: a person has taken it back by hand."""


class UndoOrder(Struct, frozen=True):
    """One person's wish about one line of the ledger."""

    line: str
    kind: OrderKind
    by: str
    note: str
    at: datetime


class TermsAnswer(Struct, frozen=True, tag="hook_terms"):
    """The terms."""

    terms: Terms


class DeliveriesAnswer(Struct, frozen=True, tag="hook_deliveries"):
    """Deliveries in the order they came; maybe none."""

    deliveries: tuple[Delivery, ...]


class UndoOrdersAnswer(Struct, frozen=True, tag="undo_orders"):
    """Orders that the agent has not said yet that it did."""

    orders: tuple[UndoOrder, ...]


Question = AskTerms | AskDeliveries | AskUndoOrders
Answered = TermsAnswer | DeliveriesAnswer | UndoOrdersAnswer
