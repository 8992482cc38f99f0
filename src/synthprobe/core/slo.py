"""Service level objectives on sparse probes: what counts, how fast the error budget burns, and in which windows that is asked.

Only slots count. A slot is due when it ran and said something of its target (errored runs did not), and when it was
skipped because the run before was not over; what did not run otherwise is coverage, never availability. The windows are
those of the SRE workbook (chapter 5), made longer where a probe runs so seldom that they would hold too few samples.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from msgspec import Struct

FEWEST = 4
"""Samples that the shortest window must hold."""

AT_LEAST = 2
"""Bad slots without which nothing burns: one failure is no trend."""

LONG_BY_SHORT = 12
"""How many times a short window its long one is at least."""


class Latency(Struct, frozen=True):
    """How many of the good slots must be quick."""

    lt: timedelta
    objective: Decimal
    """Percent."""


class Slo(Struct, frozen=True):
    """What a probe's owner promises."""

    objective: Decimal
    """Percent of due slots that are good."""
    window: timedelta
    latency: Latency | None = None


class Burn(Struct, frozen=True):
    """Two windows and the rate at which the budget burns too fast in both of them."""

    long: timedelta
    short: timedelta
    factor: float
    """Times the rate at which the budget would last exactly as long as the objective's window."""
    severity: str


class Tally(Struct, frozen=True):
    """What slots of a window said."""

    good: int
    due: int

    @property
    def bad(self) -> int:
        """Those that were due and not good."""
        return self.due - self.good


_RULES = (
    (timedelta(hours=1), timedelta(minutes=5), 0.02, "critical"),
    (timedelta(hours=6), timedelta(minutes=30), 0.05, "critical"),
    (timedelta(days=3), timedelta(hours=6), 0.10, "warning"),
)
"""Long and short window, and the part of the budget that may burn in the long one."""


def burns(window: timedelta, every: timedelta) -> tuple[Burn, ...]:
    """The windows of a probe that runs so often, the fastest burn first; those that cannot be asked are left out."""
    found: dict[tuple[timedelta, timedelta], Burn] = {}
    for usual_long, usual_short, share, severity in _RULES:
        short = max(usual_short, FEWEST * every)
        long = max(usual_long, LONG_BY_SHORT * short)
        if long <= window:
            # Windows that were stretched onto another rule's say the same thing: the graver rule keeps them.
            found.setdefault((long, short), Burn(long, short, share * (window / long), severity))
    return tuple(found.values())


def rate(tally: Tally, objective: Decimal) -> float:
    """How fast the budget burns: 1 is as fast as it may; nothing due burns nothing."""
    allowed = 1 - float(objective) / 100
    return tally.bad / tally.due / allowed if tally.due else 0.0


def is_burning(burn: Burn, long: Tally, short: Tally, objective: Decimal) -> bool:
    """Whether the budget burns too fast: for a while, and still now."""
    fast = rate(long, objective) >= burn.factor and rate(short, objective) >= burn.factor
    return fast and long.bad >= AT_LEAST


def shown(slo: Slo, every: timedelta) -> Iterator[tuple[Burn, int, int]]:
    """Each burn with how many slots its long and short window hold."""
    for burn in burns(slo.window, every):
        yield burn, burn.long // every, burn.short // every
