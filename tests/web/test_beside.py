"""A run beside a good one, requests as curl, and values as people read them."""

import subprocess
from datetime import timedelta

import msgspec
import pytest
from web_stage import BROKEN, CARD, NOW, info, result

from synthprobe.core.exchanges import Exchange
from synthprobe.stores.views.checks import CheckLine
from synthprobe.stores.views.strips import Mark, quantile
from synthprobe.web import formats
from synthprobe.web.compare import Change, compare
from synthprobe.web.curl import command
from synthprobe.web.matrix import arrange
from synthprobe.web.strip import draw

CHECK = CARD[0]


def test_what_differs_is_named_with_both_values() -> None:
    comparison = compare(result(CHECK, NOW, failure=BROKEN), result(CHECK, NOW - timedelta(minutes=9)))
    assert comparison.changes == (
        Change("capture", "outcome", "passed", "failed"),
        Change("capture", "status", "200", "500"),
        Change("refund", "outcome", "passed", "skipped"),
    )


def test_a_changed_peer_and_definition_are_told() -> None:
    good = result(CHECK, NOW)
    moved = msgspec.structs.replace(good.steps[0].exchanges[0], peer="127.0.0.2:8430")
    step = msgspec.structs.replace(good.steps[0], exchanges=(moved,))
    here = msgspec.structs.replace(good, steps=(step, *good.steps[1:]), definition="e" * 64)
    what = [(change.where, change.what) for change in compare(here, good).changes]
    assert what == [("probe file", "definition"), ("authorise", "peer")]


def test_each_step_and_phase_is_set_against_its_like() -> None:
    deltas = compare(result(CHECK, NOW, slow=2), result(CHECK, NOW)).deltas
    by_label = {(delta.label, delta.depth): delta.change for delta in deltas}
    assert by_label["whole run", 0] == pytest.approx(0.58)
    assert by_label["capture", 1] == pytest.approx(0.247)
    assert deltas[6].label == "wait"


def test_a_step_only_the_good_run_has_is_shown_without_a_difference() -> None:
    good = result(CHECK, NOW)
    here = msgspec.structs.replace(good, steps=good.steps[:1])
    last = compare(here, good).deltas[-1]
    assert (last.label, last.here, last.change) == ("refund", None, None)


def test_curl_survives_a_shell_whatever_the_request_holds() -> None:
    nasty = "it's; rm -rf $HOME `id`\nX: y"
    exchange = Exchange(
        "POST", f"https://127.0.0.1/{nasty}", "", NOW, 0.1, request_headers=(("x-a", nasty), ("Host", "a")),
        request_body=nasty,
    )  # fmt: skip
    shell = 'curl() { printf "%s\\0" "$@"; }; ' + command(exchange)
    words = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout.split("\0")
    assert words[:-1] == [
        "-i", "-X", "POST", f"https://127.0.0.1/{nasty}", "-H", f"x-a: {nasty}", "--data-raw", nasty,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        pytest.param(None, "–", id="nothing"),
        pytest.param(0.00042, "0.4 ms", id="below a millisecond"),
        pytest.param(0.182, "182 ms", id="milliseconds"),
        pytest.param(1.5, "1.50 s", id="seconds"),
        pytest.param(125, "2 min 5 s", id="minutes"),
    ],
)
def test_durations_show_the_digits_that_matter(seconds: float | None, shown: str) -> None:
    assert formats.duration(seconds) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        pytest.param(timedelta(seconds=-3), "0 s", id="clocks apart"),
        pytest.param(timedelta(seconds=59), "59 s", id="seconds"),
        pytest.param(timedelta(hours=3), "3 h", id="even hours"),
        pytest.param(timedelta(hours=3, minutes=12, seconds=5), "3 h 12 min", id="two units only"),
        pytest.param(timedelta(days=2, hours=4), "2 d 4 h", id="days"),
    ],
)
def test_ages_are_told_in_their_two_largest_units(length: timedelta, shown: str) -> None:
    assert formats.span(length) == shown


@pytest.mark.parametrize(
    ("share", "expected"), [pytest.param(0.5, 2.0, id="median"), pytest.param(0.95, 4.0, id="p95")]
)
def test_a_quantile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], share) == expected


def test_a_strip_says_in_words_what_it_shows_and_links_what_did_not_pass() -> None:
    drawing = draw((Mark(NOW, "passed", "a"), Mark(NOW, "failed", "b"), Mark(NOW, "missed")))
    assert drawing.words == "last 3 slots: 1 passed, 1 failed, 1 missed"
    assert [slab.link for slab in drawing.slabs] == [None, None, "b"]


def test_every_outcome_and_fate_has_an_outline_of_its_own() -> None:
    words = ("passed", "degraded", "failed", "errored", "skipped", "missed", "interrupted")
    outlines = {draw((Mark(NOW, word),)).slabs[0].path for word in words}
    assert len(outlines) == len(words)


def test_trouble_stands_on_top_of_the_matrix() -> None:
    checks = [
        CheckLine(f"{name}/emea", name, "emea", 60, NOW, last_outcome=outcome, alert=alert)
        for name, outcome, alert in (
            ("a", "passed", None),
            ("b", "degraded", None),
            ("c", "failed", "firing"),
        )
    ]
    assert [line.probe for line in arrange(checks).lines] == ["c", "b", "a"]


def test_all_is_passing_only_once_something_has_run() -> None:
    waiting = CheckLine("a/emea", "a", "emea", 60, NOW)
    assert not arrange([waiting]).all_passing
    assert arrange([waiting, msgspec.structs.replace(waiting, last_outcome="passed")]).all_passing


def test_the_stage_knows_its_check() -> None:
    assert info("card", "emea", "visa").key == "card/emea/visa"
