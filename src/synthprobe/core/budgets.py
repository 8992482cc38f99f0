"""How much may be asked of a provider: one bucket of requests per named budget, shared by all checks that name it.

Who matters more may draw deeper. A slot leaves a part of the bucket for undo, a confirm run leaves more, and so on in the
order undo, recovery, slots, confirm, while failing, manual; undo and recovery are never refused, and what they overdraw is
missing to the others.
"""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from synthprobe.core.results import Trigger


class Budget(Struct, frozen=True):
    """What a provider allows us; a day is one of UTC."""

    name: str
    rate: float
    """Requests a second, in the long run."""
    burst: int
    """Requests at once."""
    per_day: int | None = None


class Drawn(Struct, frozen=True):
    """What is left of a budget at a moment of the monotonic clock, and what its day has used."""

    left: float
    at: float
    day: date
    used: int = 0


KEPT: Mapping[Trigger, float] = {
    Trigger.SCHEDULE: 0.1,
    Trigger.CONFIRM: 0.25,
    Trigger.WHILE_FAILING: 0.5,
    Trigger.MANUAL: 0.6,
}
"""The part of the bucket that a run leaves for those that matter more."""


def full(budget: Budget, at: float, now: datetime) -> Drawn:
    """A budget of which nothing is used."""
    return Drawn(budget.burst, at, now.date())


def draw(
    budget: Budget, drawn: Drawn, requests: int, trigger: Trigger | None, at: float, now: datetime
) -> tuple[Drawn, bool]:
    """The budget after a run of so many requests, and whether it may be made; `trigger` None: undo, which always may."""
    left = min(float(budget.burst), drawn.left + max(0.0, at - drawn.at) * budget.rate)
    used = drawn.used if drawn.day == now.date() else 0
    drawn = Drawn(left, at, now.date(), used)
    if trigger is not None and not _has_room(budget, drawn, requests, KEPT[trigger]):
        return drawn, False
    return Drawn(left - requests, at, now.date(), used + requests), True


def _has_room(budget: Budget, drawn: Drawn, requests: int, kept: float) -> bool:
    # A run larger than the bucket may be made when the bucket is full, and is paid for afterwards.
    needed = min(requests + int(budget.burst * kept), budget.burst)
    if drawn.left < needed:
        return False
    return budget.per_day is None or drawn.used + requests <= budget.per_day * (1 - kept / 10)
