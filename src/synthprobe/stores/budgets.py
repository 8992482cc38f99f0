"""Budgets of the account as rows: what is left of each, for all processes of a machine."""

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from synthprobe.clock import Clock
from synthprobe.core.accounts import Refusal, Why
from synthprobe.core.budgets import Budget, Drawn, Used, day_is_spent, draw, full
from synthprobe.core.results import Trigger
from synthprobe.ports import Sql, SqlValue, Tx
from synthprobe.stores.columns import integer, real, text


def spend(budget: Budget, requests: int, trigger: Trigger, clock: Clock) -> Tx[Refusal | None]:
    """Draw a run's requests on a budget, unless it has no room for them."""
    drawn, may = yield from _drawn(budget, requests, trigger, clock)
    if may:
        yield from _keep(budget.name, drawn)
        return None
    if day_is_spent(budget, drawn, requests, trigger):
        text_ = f"what the budget {budget.name} allows in a day is used up; it begins anew at 00:00 UTC"
        return Refusal(Why.BUDGET, text_)
    return Refusal(Why.BUDGET, f"the budget {budget.name} is used up", passes=True)


def count(budget: Budget, requests: int, clock: Clock) -> Tx[None]:
    """Draw what undo asks of a provider, which it always may."""
    drawn, _ = yield from _drawn(budget, requests, None, clock)
    yield from _keep(budget.name, drawn)


def left_of(budget: Budget, clock: Clock) -> Tx[Drawn]:
    """What is left of a budget now."""
    drawn, _ = yield from _drawn(budget, 0, None, clock)
    return drawn


def recall(budget: Budget, used: Used, clock: Clock) -> Tx[None]:
    """Count what was counted elsewhere so far, as used by its day if that is today."""
    drawn, _ = yield from _drawn(budget, 0, None, clock)
    if used.day == drawn.day:
        yield from _keep(budget.name, replace(drawn, used=drawn.used + used.requests))


def set_terms(budgets: Iterable[Budget]) -> Tx[None]:
    """Let others on this machine know how budgets are set."""
    for each in budgets:
        yield Sql(_SET, {"name": each.name, "rate": each.rate, "burst": each.burst, "per_day": each.per_day})


def terms() -> Tx[tuple[Budget, ...]]:
    """The budgets as they were last set here."""
    rows = yield Sql("select name, rate, burst, per_day from terms order by name")
    return tuple(
        Budget(
            text(row, "name"),
            real(row, "rate"),
            integer(row, "burst"),
            None if row["per_day"] is None else integer(row, "per_day"),
        )
        for row in rows
    )


def _drawn(budget: Budget, requests: int, trigger: Trigger | None, clock: Clock) -> Tx[tuple[Drawn, bool]]:
    rows = yield Sql("select left_, at, day, used from budgets where name = :name", {"name": budget.name})
    # Read where nobody else draws: of two processes the later one has the later instant.
    at, now = clock.monotonic(), clock.now()
    before = full(budget, at, now)
    if rows:
        day = date.fromisoformat(text(rows[0], "day"))
        before = Drawn(real(rows[0], "left_"), real(rows[0], "at"), day, integer(rows[0], "used"))
    return draw(budget, before, requests, trigger, at, now)


def _keep(name: str, drawn: Drawn) -> Tx[None]:
    values: dict[str, SqlValue] = {
        "left": drawn.left,
        "at": drawn.at,
        "day": drawn.day.isoformat(),
        "used": drawn.used,
    }
    yield Sql(_KEEP, {"name": name, **values})


_KEEP = """
insert into budgets values (:name, :left, :at, :day, :used)
on conflict (name) do update
set left_ = excluded.left_, at = excluded.at, day = excluded.day, used = excluded.used
"""

_SET = """
insert into terms values (:name, :rate, :burst, :per_day)
on conflict (name) do update set rate = excluded.rate, burst = excluded.burst, per_day = excluded.per_day
"""
