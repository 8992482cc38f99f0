"""What really happened to money, whatever the callers were told: payments, captures, refunds, cancels, payouts.

AUTHORISED -> CANCELLED
AUTHORISED -> (capture asked) -> CAPTURED -> PARTIALLY_REFUNDED -> REFUNDED
REQUIRES_ACTION -> AUTHORISED | DECLINED (the bank's page);   DECLINED from the start
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from payments.amounts import written

Json = Mapping[str, object]


class Status(StrEnum):
    """Where a payment stands."""

    REQUIRES_ACTION = "REQUIRES_ACTION"
    AUTHORISED = "AUTHORISED"
    DECLINED = "DECLINED"
    CAPTURED = "CAPTURED"
    CANCELLED = "CANCELLED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


class Refused(Exception):
    """The provider says no, and why: an answer like any other."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Payment:
    """One payment, and how often each thing was done to it."""

    def __init__(self, ident: str, fields: Json, amount: Decimal, currency: str, now: float) -> None:
        self.id = ident
        self.reference = str(fields.get("reference", ""))
        self.method = str(fields.get("method", ""))
        self.return_url = str(fields.get("return_url", ""))
        self.callback_url = str(fields.get("callback_url", ""))
        self.amount = amount
        self.currency = currency
        self.status = Status.AUTHORISED
        self.response_code = "00"
        self.next_action: Json | None = None
        self.captured = self.refunded = Decimal(0)
        self.captures = self.refunds = self.cancels = self.refused = 0
        self.capture_pending = False
        self._history: list[tuple[float, Json]] = []
        self.note(now)

    def shown(self) -> Json:
        """The payment as an answer shows it."""
        return {
            "id": self.id,
            "reference": self.reference,
            "status": self.status,
            "response_code": self.response_code,
            "amount": {"value": written(self.amount, self.currency), "currency": self.currency},
            "captured": written(self.captured, self.currency),
            "refunded": written(self.refunded, self.currency),
            "method": self.method,
            "next_action": self.next_action,
        }

    def note(self, now: float) -> None:
        """Remember how it looks from now on, for a search that is behind."""
        self._history.append((now, self.shown()))

    def shown_at(self, at: float) -> Json | None:
        """How it looked at an instant, if it was there."""
        return next((shown for since, shown in reversed(self._history) if since <= at), None)

    @property
    def at_stake(self) -> Decimal:
        """What is held or taken and was not given back."""
        return self.amount if self.status is Status.AUTHORISED else self.captured - self.refunded

    def truth(self) -> Json:
        """What a test asks about."""
        held = {"authorised": self.amount if self.response_code == "00" else Decimal(0)}
        held |= {"captured": self.captured, "refunded": self.refunded, "at_stake": self.at_stake}
        counts = {name: getattr(self, name) for name in ("captures", "refunds", "cancels", "refused")}
        named = {"id": self.id, "reference": self.reference, "currency": self.currency, "status": self.status}
        return named | {name: written(value, self.currency) for name, value in held.items()} | counts


class Ledger:
    """All payments; `now` is a monotonic clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.payments: dict[str, Payment] = {}

    def open(self, fields: Json, amount: Decimal, currency: str) -> Payment:
        """Create a payment; it is authorised unless the caller says otherwise and notes it."""
        payment = Payment(f"pay_{len(self.payments) + 1:06d}", fields, amount, currency, self._now())
        self.payments[payment.id] = payment
        return payment

    def find(self, ident: str) -> Payment:
        """One payment by our id; raises `Refused`."""
        if ident not in self.payments:
            raise Refused(404, "not_found", f"there is no payment {ident}")
        return self.payments[ident]

    def search(self, reference: str, lag: float) -> Sequence[Json]:
        """The payments of a reference as they were `lag` seconds ago."""
        at = self._now() - lag
        found = (payment.shown_at(at) for payment in self.payments.values() if payment.reference == reference)
        return [shown for shown in found if shown is not None]

    def begin_capture(self, payment: Payment, amount: Decimal) -> None:
        """Accept a capture that `end_capture` will do; raises `Refused`."""
        if payment.status is not Status.AUTHORISED or payment.capture_pending:
            raise Refused(409, "invalid_state", f"a payment that is {payment.status} can not be captured")
        if amount > payment.amount:
            raise Refused(422, "amount_too_high", "more than was authorised")
        payment.capture_pending = True

    def end_capture(self, payment: Payment, amount: Decimal) -> None:
        """Take the money."""
        payment.capture_pending = False
        payment.captured, payment.captures, payment.status = amount, payment.captures + 1, Status.CAPTURED
        payment.note(self._now())

    def cancel(self, payment: Payment) -> None:
        """Let the held money go; raises `Refused`."""
        if payment.status not in (Status.AUTHORISED, Status.REQUIRES_ACTION) or payment.capture_pending:
            payment.refused += 1
            raise Refused(409, "invalid_state", f"a payment that is {payment.status} can not be cancelled")
        payment.status, payment.cancels = Status.CANCELLED, payment.cancels + 1
        payment.note(self._now())

    def refund(self, payment: Payment, amount: Decimal, *, checked: bool) -> str:
        """Give money back and return the refund's id; raises `Refused`."""
        if payment.captures == 0 or (checked and payment.refunded + amount > payment.captured):
            payment.refused += 1
            raise Refused(422, "refund_too_high", f"{payment.captured - payment.refunded} is left to refund")
        payment.refunded, payment.refunds = payment.refunded + amount, payment.refunds + 1
        full = payment.refunded >= payment.captured
        payment.status = Status.REFUNDED if full else Status.PARTIALLY_REFUNDED
        payment.note(self._now())
        return f"ref_{payment.id.removeprefix('pay_')}_{payment.refunds}"

    def decide(self, payment: Payment, code: str) -> None:
        """Authorise (`00`) or decline what waited for the card holder."""
        payment.status = Status.AUTHORISED if code == "00" else Status.DECLINED
        payment.response_code, payment.next_action = code, None
        payment.note(self._now())
