"""When declines of several checks are an outage."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from synthprobe.core.declines import Decline, belongings, judged_together
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.results import CheckInfo, Outcome, Result, Trigger
from virtual import START


def info(key: str = "pay/emea/visa", **labels: str) -> CheckInfo:
    """A check of the row `visa`."""
    return CheckInfo(
        key=key,
        probe="pay",
        region="emea",
        every=60,
        definition="d",
        labels=labels,
        row="visa",
        row_label="scheme",
    )


DECLINED = Result(
    run_id="r",
    check="pay/emea/visa",
    probe="pay",
    region="emea",
    trigger=Trigger.SCHEDULE,
    outcome=Outcome.DEGRADED,
    started_at=START,
    ended_at=START,
    trace_id="0" * 32,
    definition="d",
    failure=Failure(Kind.DECLINED, "declined: json $.code is 05", "pay"),
)


def others(*said: tuple[str, float, str, str]) -> list[Decline]:
    """Declines of other checks: key, minutes ago, and what they are of."""
    return [
        Decline(key, START - timedelta(minutes=ago), frozenset({(name, value)}))
        for key, ago, name, value in said
    ]


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        pytest.param((), Outcome.DEGRADED, id="alone"),
        pytest.param((("a", 1, "psp", "acme"),), Outcome.DEGRADED, id="two"),
        pytest.param(
            (("a", 1, "psp", "acme"), ("b", 9, "psp", "acme")), Outcome.FAILED, id="three of one psp"
        ),
        pytest.param(
            (("a", 1, "scheme", "visa"), ("b", 2, "scheme", "visa")), Outcome.FAILED, id="of one scheme"
        ),
        pytest.param(
            (("a", 1, "psp", "acme"), ("a", 2, "psp", "acme")), Outcome.DEGRADED, id="one check twice"
        ),
        pytest.param((("a", 1, "psp", "acme"), ("b", 1, "scheme", "visa")), Outcome.DEGRADED, id="mixed"),
        pytest.param((("a", 1, "psp", "acme"), ("b", 1, "psp", "other")), Outcome.DEGRADED, id="another psp"),
        pytest.param(
            (("a", 1, "psp", "acme"), ("b", 10, "psp", "acme")), Outcome.DEGRADED, id="too long ago"
        ),
        pytest.param(
            (("pay/emea/visa", 1, "psp", "acme"), ("b", 1, "psp", "acme")),
            Outcome.DEGRADED,
            id="itself counts once",
        ),
    ],
)
def test_three_checks_that_decline_are_an_outage(
    before: tuple[tuple[str, float, str, str], ...], outcome: Outcome
) -> None:
    found = judged_together(DECLINED, info(psp="acme"), others(*before))
    assert found.outcome is outcome
    if outcome is Outcome.FAILED:
        assert found.failure is not None
        assert found.failure.kind is Kind.DECLINED
        assert "3 checks of" in found.failure.message


@pytest.mark.parametrize(
    "change",
    [
        {"trigger": Trigger.MANUAL},
        {"outcome": Outcome.FAILED},
        {"failure": Failure(Kind.ASSERTION, "m", "pay")},
        {"failure": None, "outcome": Outcome.PASSED},
    ],
    ids=["a person's run", "failed already", "no decline", "passed"],
)
def test_other_runs_stay_what_they_are(change: dict[str, object]) -> None:
    run = replace(DECLINED, **change)
    before = others(("a", 1, "psp", "acme"), ("b", 1, "psp", "acme"))
    assert judged_together(run, info(psp="acme"), before) == run


def test_a_check_is_of_its_labels_and_its_row() -> None:
    assert belongings(info(psp="acme", flow="card")) == {("psp", "acme"), ("scheme", "visa")}
