"""A check that goes on says nothing more of a server it has ceased to call: at once by another file, else after a day."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from synthprobe.core.alerts import Look
from synthprobe.core.exchanges import Exchange, Phases
from synthprobe.core.results import Outcome, Result, StepOutcome, StepResult, Trigger
from synthprobe.core.signs import looks_no_more

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SEEN = Look(NOW, "old")
PLACE = {"host": "pay.example", "port": "443"}


def passed(definition: str, after: timedelta, *urls: str) -> Result:
    """A run that passed so long after the last look, and what it called."""
    at = NOW + after
    exchanges = tuple(Exchange("GET", url, url, at, 0.1, Phases(), status=200) for url in urls)
    return Result(
        run_id="run-2",
        check="card/emea",
        probe="card",
        region="emea",
        trigger=Trigger.SCHEDULE,
        outcome=Outcome.PASSED,
        started_at=at,
        ended_at=at,
        trace_id="0" * 32,
        definition=definition,
        steps=(StepResult("look", "request", StepOutcome.PASSED, exchanges=exchanges),),
    )


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("run", "ceased"),
    [
        pytest.param(passed("new", MINUTE, "https://other.example/"), True, id="another file, another host"),
        pytest.param(passed("new", MINUTE, "https://pay.example:8443/"), True, id="another port"),
        pytest.param(
            passed("new", MINUTE, "https://pay.example/v2"), False, id="another file, the same host"
        ),
        pytest.param(passed("new", -MINUTE), False, id="a run that comes late"),
        pytest.param(passed("third", MINUTE), False, id="a file that is not served any more"),
        pytest.param(replace(passed("new", MINUTE), trigger=Trigger.MANUAL), False, id="a person's run"),
    ],
)
def test_by_another_file_it_ceases_with_the_first_run_that_passes(run: Result, ceased: bool) -> None:
    assert looks_no_more(PLACE, SEEN, run, "new") is ceased


@pytest.mark.parametrize(
    ("after", "ceased"),
    [pytest.param(DAY - MINUTE, False, id="within a day"), pytest.param(DAY, True, id="a day")],
)
def test_by_the_same_file_it_ceases_after_a_day(after: timedelta, ceased: bool) -> None:
    assert looks_no_more(PLACE, SEEN, passed("old", after), "old") is ceased
