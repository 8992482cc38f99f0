"""A failure's signature across runs, and what failures make of a step and a run."""

import pytest

from synthprobe.core.expectations import Level
from synthprobe.core.failures import Failure, Kind, signature
from synthprobe.core.outcomes import run_outcome, step_outcome
from synthprobe.core.results import Outcome, StepOutcome, StepResult


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("json $.amount equals 1.07", "json $.amount equals 12.50", id="amounts"),
        pytest.param("json $.at gt 2026-03-02T12:00:00Z", "json $.at gt 2026-11-30T23:59:59Z", id="times"),
        pytest.param(
            "json $.id equals 3f2b8c1e-9d4a-4b6f-8e2d-1a2b3c4d5e6f",
            "json $.id equals 00000000-9d4a-4b6f-8e2d-ffffffffffff",
            id="uuids",
        ),
        pytest.param("header X equals deadbeef01", "header X equals 0badcafe99", id="hex"),
        pytest.param(
            "json $.id equals pi_3Nf8aXkq0Zw1", "json $.id equals pi_9Qe7bYjr4Vt2", id="provider ids"
        ),
        pytest.param("json $.data[0].id exists", "json $.data[11].id exists", id="list positions"),
    ],
)
def test_a_signature_forgets_what_varies_between_runs(one: str, other: str) -> None:
    assert _assertion(one) == _assertion(other)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(Failure(Kind.ASSERTION, "m", "refund", "json $.status equals PAID"), id="step"),
        pytest.param(Failure(Kind.ASSERTION, "m", "pay", "json $.state equals PAID"), id="assertion"),
        pytest.param(Failure(Kind.TIMEOUT, "m", "pay", phase="wait"), id="kind"),
    ],
)
def test_a_signature_keeps_what_names_the_problem(changed: Failure) -> None:
    assert signature(changed) != _assertion("json $.status equals PAID")


def test_a_timeout_while_connecting_is_not_a_timeout_while_waiting() -> None:
    assert signature(Failure(Kind.TIMEOUT, "m", "pay", phase="wait")) == "timeout · pay · wait"
    assert signature(Failure(Kind.TIMEOUT, "m", "pay", phase="send")) != "timeout · pay · wait"


def test_the_message_of_a_transport_failure_does_not_matter() -> None:
    one = Failure(Kind.CONNECT_REFUSED, "connection refused by 127.0.0.1:8421", "pay", phase="connect")
    other = Failure(Kind.CONNECT_REFUSED, "connection refused by [::1]:8421", "pay", phase="connect")
    assert signature(one) == signature(other)


@pytest.mark.parametrize(
    ("kind", "level", "outcome"),
    [
        (Kind.ASSERTION, Level.FAILED, StepOutcome.FAILED),
        (Kind.ASSERTION, Level.DEGRADED, StepOutcome.DEGRADED),
        (Kind.CAPTURE, Level.FAILED, StepOutcome.FAILED),
        (Kind.TIMEOUT, Level.DEGRADED, StepOutcome.FAILED),
        (Kind.DECLINED, Level.DEGRADED, StepOutcome.DEGRADED),
        (Kind.DECLINED, Level.FAILED, StepOutcome.FAILED),
        (Kind.CREDENTIALS, Level.FAILED, StepOutcome.DEGRADED),
        (Kind.RATE_LIMITED, Level.DEGRADED, StepOutcome.DEGRADED),
        (Kind.TECHNICAL, Level.FAILED, StepOutcome.FAILED),
        (Kind.SCRIPT_ERROR, Level.FAILED, StepOutcome.ERRORED),
        (Kind.PROBER_UNWELL, Level.FAILED, StepOutcome.ERRORED),
    ],
)
def test_a_step_is_what_its_failures_kind_says(kind: Kind, level: Level, outcome: StepOutcome) -> None:
    assert step_outcome(Failure(kind, "m"), level) is outcome


@pytest.mark.parametrize(
    ("steps", "outcome", "named_by"),
    [
        pytest.param("", Outcome.PASSED, None, id="nothing to do"),
        pytest.param("passed passed", Outcome.PASSED, None, id="all passed"),
        pytest.param("passed degraded passed", Outcome.DEGRADED, "1", id="one degraded"),
        pytest.param("degraded failed skipped", Outcome.FAILED, "1", id="failed outranks degraded"),
        pytest.param("failed errored", Outcome.FAILED, "0", id="an error after a failure is its consequence"),
        pytest.param(
            "errored failed", Outcome.ERRORED, "0", id="a failure after an error is its consequence"
        ),
    ],
)
def test_a_run_is_what_its_first_bad_step_says(steps: str, outcome: Outcome, named_by: str | None) -> None:
    found, failure = run_outcome(_step(n, StepOutcome(word)) for n, word in enumerate(steps.split()))
    assert found is outcome
    assert (failure.step if failure else None) == named_by


def _assertion(text: str) -> str:
    return signature(Failure(Kind.ASSERTION, "anything", "pay", text))


def _step(number: int, outcome: StepOutcome) -> StepResult:
    bad = outcome not in (StepOutcome.PASSED, StepOutcome.SKIPPED)
    failure = Failure(Kind.ASSERTION, "m", step=str(number)) if bad else None
    return StepResult(id=str(number), kind="request", outcome=outcome, failure=failure)
