"""Budgets: who matters more draws deeper, undo is never refused, and a day has an end."""

from datetime import UTC, datetime, timedelta

import pytest

from synthprobe.core.budgets import Budget, Drawn, Used, draw, full, resumed
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


@pytest.mark.parametrize(("yesterday", "used"), [(0, 7), (1, 0)], ids=["today", "of yesterday"])
def test_a_new_process_begins_with_a_full_bucket_and_what_today_has_used(yesterday: int, used: int) -> None:
    day = (NOON - timedelta(days=yesterday)).date()
    assert resumed(ACME, Used("acme", day, 7), 5.0, NOON) == Drawn(20, 5.0, NOON.date(), used)


def test_a_clock_that_stands_still_gives_nothing() -> None:
    _, drawn = runs(ACME, Trigger.SCHEDULE)
    assert not draw(ACME, drawn, 1, Trigger.SCHEDULE, 0.0, NOON)[1]
