"""How much may be asked of a provider: one bucket of requests per named budget, shared by all checks that name it.

Who matters more may draw deeper. A slot leaves a part of the bucket for undo, a confirm run leaves more, and so on in the
order undo, recovery, slots, confirm, while failing, manual; undo and recovery are never refused, and what they overdraw is
missing to the others.
"""

import re
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

    def __str__(self) -> str:
        day = "" if self.per_day is None else f",day={self.per_day}"
        per = next((unit for unit, seconds in _SECONDS.items() if (self.rate * seconds).is_integer()), "h")
        return f"{self.name}={self.rate * _SECONDS[per]:.0f}/{per},burst={self.burst}{day}"


class Drawn(Struct, frozen=True):
    """What is left of a budget at a moment of the monotonic clock, and what its day has used."""

    left: float
    at: float
    day: date
    used: int = 0


class Used(Struct, frozen=True):
    """How many requests the day of a budget has used."""

    name: str
    day: date
    requests: int


KEPT: Mapping[Trigger, float] = {
    Trigger.SCHEDULE: 0.1,
    Trigger.CONFIRM: 0.25,
    Trigger.WHILE_FAILING: 0.5,
    Trigger.MANUAL: 0.6,
}
"""The part of the bucket that a run leaves for those that matter more."""


def parse(text: str) -> tuple[Budget, ...]:
    """`acme-sandbox=10/s,burst=20,day=5000; other=30/m`. Raises `ValueError`."""
    found = tuple(_one(part.strip()) for part in text.split(";") if part.strip())
    names = [budget.name for budget in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"the budget {twice[0]} is set twice")
    return found


def _one(text: str) -> Budget:
    found = _WRITTEN.fullmatch(text)
    if not found or not int(found["count"]) or found["burst"] == "0":
        raise ValueError(f"{text!r} is no budget: write `acme-sandbox=10/s,burst=20,day=5000`, per s, m or h")
    rate = int(found["count"]) / _SECONDS[found["per"]]
    burst = int(found["burst"] or found["count"])
    return Budget(found["name"], rate, burst, int(found["day"]) if found["day"] else None)


_WRITTEN = re.compile(
    r"(?P<name>[\w.-]+)\s*=\s*(?P<count>\d{1,9})/(?P<per>[smh])"
    r"(?:,\s*burst=(?P<burst>\d{1,9}))?(?:,\s*day=(?P<day>\d{1,9}))?"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def full(budget: Budget, at: float, now: datetime) -> Drawn:
    """A budget of which nothing is used."""
    return Drawn(budget.burst, at, now.date())


def draw(
    budget: Budget, drawn: Drawn, requests: int, trigger: Trigger | None, at: float, now: datetime
) -> tuple[Drawn, bool]:
    """The budget after a run of so many requests, and whether it may be made; `trigger` None: undo, which always may."""
    # A clock that is behind began anew when the machine did: as long as that is at least.
    passed = at - drawn.at if at >= drawn.at else max(0.0, at)
    left = min(float(budget.burst), drawn.left + passed * budget.rate)
    used = drawn.used if drawn.day == now.date() else 0
    drawn = Drawn(left, at, now.date(), used)
    if trigger is not None and not _has_room(budget, drawn, requests, trigger):
        return drawn, False
    return Drawn(left - requests, at, now.date(), used + requests), True


def day_is_spent(budget: Budget, drawn: Drawn, requests: int, trigger: Trigger) -> bool:
    """Whether it is the day that has no room for a run: then no waiting helps."""
    return budget.per_day is not None and drawn.used + requests > budget.per_day * (1 - KEPT[trigger] / 10)


def is_drained(budget: Budget, drawn: Drawn, requests: int) -> bool:
    """Whether so much is used up, just now, that the provider's patience may be, too."""
    spent = budget.per_day is not None and drawn.used + requests > budget.per_day
    return spent or drawn.left < min(requests, budget.burst)


def _has_room(budget: Budget, drawn: Drawn, requests: int, trigger: Trigger) -> bool:
    # A run larger than the bucket may be made when the bucket is full, and is paid for afterwards.
    needed = min(requests + int(budget.burst * KEPT[trigger]), budget.burst)
    return drawn.left >= needed and not day_is_spent(budget, drawn, requests, trigger)
