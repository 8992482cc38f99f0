"""Checks and results for tests of alerts and incidents: one run a minute."""

from datetime import UTC, datetime, timedelta

from synthprobe.core.alerts import Alert, AlertState, Change
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.observing import observe
from synthprobe.core.probes import AlertMode, AlertRule, FailAfter
from synthprobe.core.results import CheckInfo, Outcome, Result, Trigger

ZERO = datetime(2026, 7, 1, 9, tzinfo=UTC)
OUTCOMES = {
    "F": Outcome.FAILED,
    "M": Outcome.FAILED,
    "D": Outcome.DEGRADED,
    "P": Outcome.PASSED,
    "E": Outcome.ERRORED,
}
FAILURE = Failure(
    kind=Kind.ASSERTION,
    message="status equals 202: 500",
    step="capture",
    assertion="status equals 202",
    expected="202",
    actual="500",
)


def minute(number: float) -> datetime:
    return ZERO + timedelta(minutes=number)


def check(region: str = "emea", rule: AlertRule | None = None, *, row: str | None = None) -> CheckInfo:
    return CheckInfo(
        key=f"card/{region}" + (f"/{row}" if row else ""),
        probe="card",
        region=region,
        every=60,
        definition="d",
        labels={"flow": "card"},
        row=row,
        row_label="scheme" if row else None,
        row_values={"scheme": row, "amount": "1.00"} if row else {},
        owner="cards",
        runbook="https://runbooks.example.test/card",
        rule=rule or AlertRule(),
    )


def rule_of(words: dict[str, object]) -> AlertRule:
    count = words.get("in_a_row")
    return AlertRule(
        fail_after=FailAfter(count, count, in_a_row=True) if isinstance(count, int) else FailAfter(),
        recover_after=int(str(words.get("recover_after", 2))),
        severity=str(words.get("severity", "critical")),
        mode=AlertMode.TRIAL if words.get("trial") else AlertMode.PAGE,
    )


def result(letter: str, number: float, info: CheckInfo, failure: Failure | None = FAILURE) -> Result:
    bad = letter in "FMD"
    return Result(
        run_id=f"run-{number:g}",
        check=info.key,
        probe=info.probe,
        region=info.region,
        trigger=Trigger.MANUAL if letter == "M" else Trigger.SCHEDULE,
        outcome=OUTCOMES[letter],
        started_at=minute(number),
        ended_at=minute(number) + timedelta(seconds=2),
        trace_id=f"{int(number * 10):032x}",
        definition=info.definition,
        row=info.row,
        failure=failure if bad else None,
        signature="capture:assertion" if bad else "",
    )


def observed(
    alert: Alert | None, letters: str, info: CheckInfo, *, start: float = 0
) -> list[tuple[Alert | None, Change]]:
    """What each result of a row of letters did."""
    seen = []
    for index, letter in enumerate(letters.split()):
        found = result(letter, start + index, info)
        change = observe(alert, found, info, found.ended_at)
        alert = change.alert
        seen.append((alert, change.change))
    return seen


def firing(region: str = "emea", *, start: float = 0, severity: str = "critical") -> Alert:
    """An alert that has just fired."""
    letters = "F F" if severity == "critical" else "D D D"
    alert = observed(None, letters, check(region), start=start)[-1][0]
    assert alert is not None
    assert alert.state is AlertState.FIRING
    return alert
