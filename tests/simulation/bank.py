"""A payment API in which every call may go wrong in every way, and that knows what really happened to the money."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import anyio
import httpx
import msgspec
from anyio.abc import TaskGroup
from dice import Dice
from mortal import Process

from synthprobe.clock import Clock

ILLS = (
    "refuse",
    "reset",
    "lose",
    "hang",
    "hang_done",
    "busy",
    "late",
    "stumble",
    "broken",
    "broken_done",
    "broken_late",
)
"""Refused, reset before or after it is done, silent before or after, 503, done long after the caller has gone; a 500 that
is not kept, and three that are, and come again for every repeat of the key: of nothing done, of what is, and of what will be."""

LATE, SILENT = 30.0, 3600.0

Answer = tuple[int, object]


@dataclass
class Payment:
    """What was really held, taken and given back."""

    id: str
    reference: str
    amount: Decimal
    status: str = "AUTHORISED"
    refunds: int = 0
    cancels: int = 0
    captures: int = 0
    history: list[tuple[float, dict[str, str]]] = field(default_factory=list)

    @property
    def at_stake(self) -> Decimal:
        """What is held, or taken and not given back; negative when too much was."""
        held = self.amount if self.status == "AUTHORISED" else Decimal()
        return held + self.amount * (self.captures - self.refunds)


class Bank:
    """Payments by id, keys, and the ills of each operation."""

    def __init__(self, clock: Clock, dice: Dice, tasks: TaskGroup) -> None:
        self.payments: dict[str, Payment] = {}
        self.sickness = 0.3
        """Chance that a call goes wrong."""
        self.down: set[str] = set()
        """Operations that answer 503, calm or not."""
        self.lag = 0.0
        """Seconds that the search is behind."""
        self.most_at_stake = Decimal()
        self._clock = clock
        self._dice = dice
        self._tasks = tasks
        self._answers: dict[str, Answer | None] = {}

    def at_stake(self) -> Decimal:
        """Of all payments together."""
        return sum((each.at_stake for each in self.payments.values()), Decimal())

    def transport(self, process: Process) -> httpx.AsyncBaseTransport:
        """An agent's way to it."""

        async def answer(request: httpx.Request) -> httpx.Response:
            process.act()
            operation, act = self._operation(request)
            ill = self._dice.choose(ILLS) if self._dice.strikes(self.sickness) else "well"
            if ill == "refuse":
                raise httpx.ConnectError("refused", request=request)
            await anyio.sleep(self._dice.seconds(0.005, 0.3))
            if operation in self.down or ill == "busy":
                return httpx.Response(503, json={})
            if ill == "stumble":
                return httpx.Response(500, json={})
            if ill.startswith("broken"):
                act = self._broken(ill, act)
            await self._sicken(ill, request, act)
            status, body = self._once(request, act)
            await anyio.sleep(self._dice.seconds(0.005, 0.3))
            if ill == "hang_done":
                await anyio.sleep(SILENT)
            if ill == "lose":
                raise httpx.ReadError("reset", request=request)
            process.act()
            return httpx.Response(status, json=body)

        return httpx.MockTransport(answer)

    async def _sicken(self, ill: str, request: httpx.Request, act: Callable[[], Answer]) -> None:
        if ill == "reset":
            raise httpx.ReadError("reset", request=request)
        if ill == "late":
            self._tasks.start_soon(self._later, request, act)
        if ill in ("late", "hang"):
            await anyio.sleep(SILENT)

    async def _later(self, request: httpx.Request, act: Callable[[], Answer]) -> None:
        await anyio.sleep(LATE)
        self._once(request, act)

    def _broken(self, ill: str, act: Callable[[], Answer]) -> Callable[[], Answer]:
        """What answers 500, whatever it does."""

        async def later() -> None:
            await anyio.sleep(LATE)
            act()

        def broken() -> Answer:
            if ill == "broken_done":
                act()
            if ill == "broken_late":
                self._tasks.start_soon(later)
            return 500, {}

        return broken

    def _once(self, request: httpx.Request, act: Callable[[], Answer]) -> Answer:
        key = request.headers.get("idempotency-key")
        if key is None:
            return act()
        if (known := self._answers.get(key)) is None:
            known = act()
            if known[0] not in (409, 503):
                self._answers[key] = known
        return known

    def _operation(self, request: httpx.Request) -> tuple[str, Callable[[], Answer]]:
        path = request.url.path.removeprefix("/v1/payments").strip("/")
        if not path and request.method == "POST":
            return "authorise", lambda: self._authorise(msgspec.json.decode(request.content))
        if not path:
            return "search", lambda: self._search(request.url.params["reference"])
        id, _, verb = path.partition("/")
        return verb, lambda: getattr(self, f"_{verb}")(self.payments[id])

    def _authorise(self, body: dict[str, str]) -> Answer:
        payment = Payment(f"pay_{len(self.payments)}", body["reference"], Decimal(body["amount"]))
        self.payments[payment.id] = payment
        self.most_at_stake = max(self.most_at_stake, self.at_stake())
        return 201, self._note(payment)

    def _search(self, reference: str) -> Answer:
        at = self._clock.monotonic() - self.lag
        found = [self._seen(each, at) for each in self.payments.values() if each.reference == reference]
        return 200, {"data": [seen for seen in found if seen]}

    def _capture(self, payment: Payment) -> Answer:
        if payment.status != "AUTHORISED":
            return 409, {}
        payment.status, payment.captures = "CAPTURED", 1
        return 200, self._note(payment)

    def _cancel(self, payment: Payment) -> Answer:
        if payment.status != "AUTHORISED":
            return 409, {}
        payment.status, payment.cancels = "CANCELLED", 1
        return 200, self._note(payment)

    def _refund(self, payment: Payment) -> Answer:
        # Like some real ones, it pays back more than it took when it is asked by another key.
        if payment.captures == 0:
            return 409, {}
        payment.status = "REFUNDED"
        payment.refunds += 1
        return 201, self._note(payment)

    def _note(self, payment: Payment) -> dict[str, str]:
        shown = {"id": payment.id, "reference": payment.reference, "status": payment.status}
        payment.history.append((self._clock.monotonic(), shown))
        return shown

    @staticmethod
    def _seen(payment: Payment, at: float) -> dict[str, str] | None:
        return next((shown for since, shown in reversed(payment.history) if since <= at), None)
