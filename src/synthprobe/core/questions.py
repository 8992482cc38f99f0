"""What an agent asks its router: it asks, and the router answers from its store; nothing is pushed to an agent."""

from msgspec import Struct

from synthprobe.core.hooks import Delivery, Terms


class AskTerms(Struct, frozen=True, tag="ask.hook_terms"):
    """Where inbound webhooks come in, and the key of their tokens."""


class AskDeliveries(Struct, frozen=True, tag="ask.hook_deliveries"):
    """The deliveries for these tokens after one; answered at once if there are any, else after `wait` seconds at most."""

    tokens: tuple[str, ...]
    after: int = 0
    wait: float = 0.0


class TermsAnswer(Struct, frozen=True, tag="hook_terms"):
    """The terms."""

    terms: Terms


class DeliveriesAnswer(Struct, frozen=True, tag="hook_deliveries"):
    """Deliveries in the order they came; maybe none."""

    deliveries: tuple[Delivery, ...]


Question = AskTerms | AskDeliveries
Answered = TermsAnswer | DeliveriesAnswer
