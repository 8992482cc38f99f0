"""Error budgets on sparse probes: windows that hold enough samples, and burning that is more than one failure."""

from datetime import timedelta
from decimal import Decimal

import pytest

from synthprobe.core.slo import Tally, burns, is_burning, rate

MONTH = timedelta(days=30)
NINES = Decimal("99.9")


def test_a_probe_that_runs_often_has_the_windows_of_the_sre_workbook() -> None:
    found = [
        (burn.long, burn.short, round(burn.factor, 1), burn.severity)
        for burn in burns(MONTH, timedelta(minutes=1))
    ]
    assert found == [
        (timedelta(hours=1), timedelta(minutes=5), 14.4, "critical"),
        (timedelta(hours=6), timedelta(minutes=30), 6.0, "critical"),
        (timedelta(days=3), timedelta(hours=6), 1.0, "warning"),
    ]


@pytest.mark.parametrize("minutes", [1, 3, 5, 10, 30, 60, 240, 720])
def test_the_shortest_window_holds_four_samples_and_the_long_one_twelve_times_as_many(minutes: int) -> None:
    every = timedelta(minutes=minutes)
    for burn in burns(MONTH, every):
        assert burn.short >= 4 * every
        assert burn.long >= 12 * burn.short
        assert burn.long <= MONTH


def test_a_stretched_window_burns_the_same_part_of_the_budget() -> None:
    (first, *_) = burns(MONTH, timedelta(minutes=10))
    assert (first.long, first.short) == (timedelta(hours=8), timedelta(minutes=40))
    assert first.factor * (first.long / MONTH) == pytest.approx(0.02)


def test_a_probe_that_runs_too_seldom_has_no_windows() -> None:
    assert burns(MONTH, timedelta(days=1)) == ()


def test_one_failure_is_no_trend_and_a_trend_that_is_over_burns_no_more() -> None:
    burn = burns(MONTH, timedelta(minutes=1))[0]
    assert not is_burning(burn, Tally(59, 60), Tally(4, 5), NINES)
    assert is_burning(burn, Tally(58, 60), Tally(4, 5), NINES)
    assert not is_burning(burn, Tally(58, 60), Tally(5, 5), NINES)


def test_nothing_due_burns_nothing() -> None:
    assert rate(Tally(0, 0), NINES) == 0.0
    assert rate(Tally(999, 1000), NINES) == pytest.approx(1.0)
