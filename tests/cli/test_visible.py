"""A target cannot move the cursor of whoever reads what a run says, nor write lines of its own."""

import re
from datetime import UTC, datetime

import pytest

from synthprobe.agent.progress import StepFinished
from synthprobe.cli.live import View
from synthprobe.cli.visible import visible
from synthprobe.core.exchanges import Exchange, Phases
from synthprobe.core.expectations import Level
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.probes import checks
from synthprobe.core.reports import Finished
from synthprobe.core.results import (
    AssertionResult,
    Outcome,
    Result,
    StepOutcome,
    StepResult,
    Trigger,
    Verdict,
)
from synthprobe.files.probes import load_probe

EVIL = "a\x1b[2Jb\x9bc\x7fd\u202ee\nf\u2066\r\t"
SHOWN = "a\\x1b[2Jb\\x9bc\\x7fd\\u202ee\\nf\\u2066\\r\\t"
AT = datetime(2026, 3, 2, tzinfo=UTC)
PROBE = "name: one\nschedule: {every: 1m}\nregions: [emea]\nsteps: [{id: a, request: {url: 'http://127.0.0.1/'}}]\n"


def test_control_characters_are_shown_as_escapes_and_letters_stay() -> None:
    assert visible(EVIL + "\ud800") == SHOWN + "\\ud800"
    assert visible("naïve ✓ 日本") == "naïve ✓ 日本"


def test_nothing_that_a_run_prints_reaches_the_terminal_as_a_control_character(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failure = Failure(Kind.ASSERTION, EVIL, position=EVIL)
    asserted = AssertionResult(EVIL, Verdict.FAIL, Level.FAILED, EVIL, EVIL, EVIL, EVIL)
    exchange = Exchange(EVIL, EVIL, "", AT, 0.1, response_body=EVIL, peer=EVIL)
    steps = tuple(
        StepResult(
            EVIL, "request", StepOutcome.FAILED, AT, 0.1, asserts, {}, (exchange,), failure, position=EVIL
        )
        for asserts in ((asserted,), ())
    )
    result = Result(
        "1", EVIL, EVIL, EVIL, Trigger.MANUAL, Outcome.FAILED, AT, AT, "t", "d", steps=steps, failure=failure
    )
    (check,) = checks(load_probe(PROBE, "one.yaml"))
    view = View(trace=True)
    view.watch(check, StepFinished(steps[0]))
    view.watch(check, Finished("agent", result, ()))
    out = capsys.readouterr().out
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out) is None
    assert out.count(SHOWN) >= 15
    assert "\nf\\u2066" not in out


@pytest.mark.parametrize(
    ("kind", "counts", "told"),
    [
        pytest.param("request", (0,), "", id="one answer needs no word"),
        pytest.param("request", (0, 1), "2 attempts", id="a retry"),
        pytest.param("request", (0, 0), "2 exchanges", id="a redirect, or a token"),
        pytest.param("poll", (0, 0), "2 attempts", id="asked again"),
        pytest.param("await", (0, 0), "2 deliveries", id="a webhook that came twice"),
    ],
)
def test_several_exchanges_of_a_step_are_called_what_they_are(
    capsys: pytest.CaptureFixture[str], kind: str, counts: tuple[int, ...], told: str
) -> None:
    exchanges = tuple(
        Exchange("GET", "http://a.test/", "http://a.test/", AT, 0.1, Phases(), status=200, resend_count=count)
        for count in counts
    )
    result = StepResult("a", kind, StepOutcome.PASSED, exchanges=exchanges)
    (check,) = checks(load_probe(PROBE, "one.yaml"))
    View(trace=False).watch(check, StepFinished(result))
    (shown,) = capsys.readouterr().out.splitlines()
    assert shown.endswith(told or "ms")
