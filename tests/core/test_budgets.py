"""Budgets: who matters more draws deeper, undo is never refused, and a day has an end."""

from datetime import UTC, datetime, timedelta

import pytest

from synthprobe.core.budgets import Budget, Drawn, draw, full
from synthprobe.core.results import Trigger

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACME = Budget("acme", rate=1.0, burst=20)


def runs(budget: Budget, trigger: Trigger | None, requests: int = 1, tries: int = 100) -> tuple[int, Drawn]:
    """How many runs of a kind a full budget allows at one instant, and what is left of it."""
    drawn, made = full(budget, 0.0, NOON), 0
    for _ in range(tries):
        drawn, may = draw(budget, drawn, requests, trigger, 0.0, NOON)
        made += may
    return made, drawn


@pytest.mark.parametrize(
    ("trigger", "allowed"),
    [
        (Trigger.SCHEDULE, 18),
        (Trigger.CONFIRM, 15),
        (Trigger.WHILE_FAILING, 10),
        (Trigger.MANUAL, 8),
    ],
)
def test_the_less_a_run_matters_the_more_it_leaves(trigger: Trigger, allowed: int) -> None:
    assert runs(ACME, trigger)[0] == allowed


def test_undo_is_never_refused_and_what_it_overdraws_is_missing_to_the_others() -> None:
    made, drawn = runs(ACME, None, tries=50)
    assert made == 50
    assert not draw(ACME, drawn, 1, Trigger.SCHEDULE, 30.0, NOON)[1]
    assert draw(ACME, drawn, 1, Trigger.SCHEDULE, 34.0, NOON)[1], "a request a second comes back"


def test_a_run_larger_than_the_bucket_waits_for_a_full_one_and_is_paid_for() -> None:
    made, drawn = runs(ACME, Trigger.SCHEDULE, requests=30)
    assert (made, drawn.left) == (1, -10)


def test_a_day_of_utc_has_an_end_and_the_next_begins_anew() -> None:
    daily = Budget("acme", rate=1000.0, burst=1000, per_day=100)
    drawn, allowed = full(daily, 0.0, NOON), 0
    for second in range(200):
        drawn, may = draw(daily, drawn, 1, Trigger.SCHEDULE, float(second), NOON)
        allowed += may
    assert allowed == 99, "undo keeps a hundredth"
    assert draw(daily, drawn, 1, Trigger.SCHEDULE, 300.0, NOON + timedelta(hours=12))[1]


def test_a_clock_that_began_anew_has_gone_for_as_long_as_it_says() -> None:
    spent = Drawn(0.0, 5000.0, NOON.date(), 7)
    drawn, may = draw(ACME, spent, 1, Trigger.SCHEDULE, 2.0, NOON)
    assert (drawn, may) == (Drawn(2.0, 2.0, NOON.date(), 7), False)
    assert draw(ACME, drawn, 1, Trigger.SCHEDULE, 3.0, NOON)[1], "and goes on from there"


def test_a_clock_that_stands_still_gives_nothing() -> None:
    _, drawn = runs(ACME, Trigger.SCHEDULE)
    assert not draw(ACME, drawn, 1, Trigger.SCHEDULE, 0.0, NOON)[1]
