"""Whether declines are an outage after all: three checks of one payment provider, or of one scheme, within ten minutes.

A single decline is a decision about one card. When several checks are declined together, it is the provider or the
scheme that does not work.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.failures import Kind
from synthprobe.core.results import CheckInfo, Outcome, Result, Trigger

WITHIN = timedelta(minutes=10)
CHECKS = 3
BY = ("psp", "scheme")
"""Labels, or the names of matrix values, by which checks belong together."""


class Decline(Struct, frozen=True):
    """One declined run of a check, and what it is of: `("psp", "acme")`."""

    check: str
    at: datetime
    of: frozenset[tuple[str, str]]


def judged_together(result: Result, check: CheckInfo, others: Iterable[Decline]) -> Result:
    """The result, failed where it is the decline of a third check; `others` are declines of any check before it."""
    if not is_decline(result):
        return result
    own = belongings(check)
    since = result.ended_at - WITHIN
    for group in sorted(own):
        checks = {each.check for each in others if group in each.of and since < each.at <= result.ended_at}
        if len(checks | {check.key}) >= CHECKS:
            return _failed(result, group, len(checks | {check.key}))
    return result


def is_decline(result: Result) -> bool:
    """Whether a run that counts was degraded by a decline."""
    counts = result.trigger is not Trigger.MANUAL
    declined = result.failure is not None and result.failure.kind is Kind.DECLINED
    return counts and declined and result.outcome is Outcome.DEGRADED


def belongings(check: CheckInfo) -> frozenset[tuple[str, str]]:
    """What a check is of, by its labels and its row."""
    row = {check.row_label: check.row} if check.row_label and check.row else {}
    known = {**row, **check.row_values, **check.labels}
    return frozenset((name, value) for name in BY if (value := known.get(name)))


def _failed(result: Result, group: tuple[str, str], checks: int) -> Result:
    assert result.failure is not None
    minutes = int(WITHIN.total_seconds() // 60)
    told = f"{result.failure.message}; {checks} checks of {group[0]} {group[1]} declined within {minutes} minutes"
    return replace(result, outcome=Outcome.FAILED, failure=replace(result.failure, message=told))
