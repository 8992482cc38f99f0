"""A check's results become one alert with one life."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alert_samples import FAILURE, check, firing, minute, observed, result, rule_of
from case_files import cases
from synthprobe.core.alerts import Alert, AlertState, Change, Observed, fingerprint_of, identity
from synthprobe.core.ending import resolved_by_hand, withdraw
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.labels import fingerprint
from synthprobe.core.observing import observe


@pytest.mark.parametrize("case", cases("alerting.yaml", "lifecycles"))
def test_results_move_an_alert(case: dict[str, Any]) -> None:
    seen = observed(None, case["results"], check(rule=rule_of(case.get("rule", {}))))
    assert [change.value for _, change in seen] == case["out"]
    if "severity" in case:
        last = seen[-1][0]
        assert last is not None
        assert last.severity == case["severity"]


LETTERS = st.lists(st.sampled_from("FDPEM"), max_size=40).map(" ".join)
RULES = st.builds(
    lambda in_a_row, recover, severity: rule_of(
        {"in_a_row": in_a_row, "recover_after": recover, "severity": severity}
    ),
    st.none() | st.integers(1, 4),
    st.integers(1, 6),
    st.sampled_from(["critical", "warning", "info"]),
)


@given(LETTERS, RULES)
def test_whatever_happened_an_alert_that_fires_is_resolved_by_recover_after_passes_and_not_before(
    letters: str, rule: Any
) -> None:
    info = check(rule=rule)
    before = observed(None, letters, info)[-1][0] if letters else None
    if before is None or before.state is not AlertState.FIRING:
        return
    row = observed(before, " ".join(["F"] + ["P"] * rule.recover_after), info, start=100)
    changes = [change for _, change in row]
    assert changes[-1] is Change.RESOLVED
    assert Change.RESOLVED not in changes[:-1]


@given(LETTERS, RULES)
def test_fired_and_resolved_alternate_and_times_never_go_back(letters: str, rule: Any) -> None:
    seen = observed(None, letters, check(rule=rule))
    ends = [change for _, change in seen if change in (Change.FIRED, Change.RESOLVED)]
    assert ends == [(Change.FIRED, Change.RESOLVED)[index % 2] for index in range(len(ends))]
    alive = [alert for alert, _ in seen if alert]
    for earlier, later in pairwise(alive):
        assert later.updated_at >= earlier.updated_at
        assert later.first_failed_at >= earlier.first_failed_at
    for alert in alive:
        if alert.state is AlertState.RESOLVED:
            assert alert.starts_at
            assert alert.ends_at
            assert alert.ends_at >= alert.starts_at


@given(LETTERS, RULES)
def test_another_failure_never_takes_an_alert_further_from_firing(letters: str, rule: Any) -> None:
    info = check(rule=rule)
    alert = observed(None, letters, info)[-1][0] if letters else None
    if alert and alert.state is AlertState.FIRING:
        after = observed(alert, "F", info, start=100)[-1][0]
        assert after is not None
        assert after.state is AlertState.FIRING
        return
    changes = [
        change for _, change in observed(alert, " ".join("F" * rule.fail_after.failed), info, start=100)
    ]
    assert Change.FIRED in changes


def test_the_times_of_an_alert_are_those_of_its_runs() -> None:
    alert = firing()
    assert alert.first_failed_at == minute(0)
    assert alert.starts_at == result("F", 1, check()).ended_at
    resolved = observed(alert, "P P", check(), start=2)[-1][0]
    assert resolved is not None
    assert resolved.ends_at == result("P", 3, check()).ended_at
    assert resolved.window == ()


def test_a_replayed_run_from_the_future_does_not_begin_after_now() -> None:
    info = check()
    pending = observe(None, result("F", 0, info), info, minute(1)).alert
    fired = observe(pending, result("F", 60, info), info, minute(2)).alert
    assert fired is not None
    assert fired.starts_at == minute(2)


def test_a_late_result_counts_but_replaces_nothing_newer() -> None:
    info = check()
    pending = observe(None, result("F", 10, info), info, minute(11)).alert
    late = observe(pending, result("F", 4, info, replace(FAILURE, step="refund")), info, minute(12))
    assert late.change is Change.FIRED
    assert late.alert is not None
    assert pending is not None
    assert late.alert.annotations["step"] == "capture"
    assert late.alert.last_result == "run-10"
    assert late.alert.updated_at == pending.updated_at
    assert late.alert.starts_at == pending.updated_at


def test_a_failure_from_before_the_last_end_begins_after_it() -> None:
    resolved = observed(firing(), "P P", check(), start=2)[-1][0]
    assert resolved is not None
    late = observe(resolved, result("F", 0.5, check()), check(), minute(9)).alert
    assert late is not None
    assert late.first_failed_at == resolved.ends_at


def test_identity_is_alertname_probe_region_and_row() -> None:
    info = check(row="visa")
    expected = {"alertname": "ProbeFailed", "probe": "card", "region": "emea", "scheme": "visa"}
    assert identity(info) == expected
    assert fingerprint_of(info) == fingerprint(expected)


def test_relabelling_a_probe_keeps_its_alert_and_shows_the_new_labels() -> None:
    alert = firing()
    moved = replace(check(), labels={"flow": "cards", "alertname": "Mine"}, owner="payouts")
    after = observed(alert, "F", moved, start=2)[-1][0]
    assert after is not None
    assert after.fingerprint == alert.fingerprint
    assert after.full_labels == {
        "alertname": "ProbeFailed",
        "probe": "card",
        "region": "emea",
        "flow": "cards",
        "owner": "payouts",
        "severity": "critical",
    }


def test_annotations_say_what_is_wrong_and_where_to_look() -> None:
    assert firing().annotations == {
        "summary": "card fails in emea: step capture: status equals 202, was 500",
        "outcome": "failed",
        "run_id": "run-1",
        "trace_id": f"{10:032x}",
        "runbook": "https://runbooks.example.test/card",
        "step": "capture",
        "kind": "assertion",
        "expected": "202",
        "actual": "500",
        "message": "status equals 202: 500",
        "cause": "status equals 202, was 500",
        "first_failed_at": "2026-07-01T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("letter", "failure", "summary"),
    [
        (
            "F",
            Failure(Kind.TIMEOUT, "no answer within 10 s", step="pay"),
            "card (visa) fails in emea: step pay: no answer within 10 s",
        ),
        ("D", FAILURE, "card (visa) is degraded in emea: step capture: status equals 202, was 500"),
        ("D", None, "card (visa) is degraded in emea"),
    ],
    ids=["transport", "degraded", "nothing known"],
)
def test_a_summary_reads_as_a_sentence(letter: str, failure: Failure | None, summary: str) -> None:
    info = check(row="visa")
    alert = observe(None, result(letter, 0, info, failure), info, minute(1)).alert
    assert alert is not None
    assert alert.annotations["summary"] == summary
    assert alert.annotations["amount"] == "1.00"


def test_a_trial_notes_when_it_would_have_fired() -> None:
    alert = observed(None, "F F F", check(rule=rule_of({"trial": True})))[-1][0]
    assert alert is not None
    assert alert.state is AlertState.PENDING
    assert alert.annotations["would_have_fired"] == "2026-07-01T09:01:02Z"
    assert alert.annotations["withheld"] == "trial"


def test_a_definition_that_never_passed_fires_only_once_it_is_proven() -> None:
    info = check(rule=rule_of({"in_a_row": 2}))
    first = observe(None, result("F", 0, info), info, minute(1), proven=False)
    withheld = observe(first.alert, result("F", 1, info), info, minute(2), proven=False)
    assert withheld.change is Change.WITHHELD
    again = observe(withheld.alert, result("F", 2, info), info, minute(3), proven=False)
    assert again.change is Change.PENDING, "it is told once"
    assert again.alert is not None
    assert again.alert.annotations["withheld"] == "never_passed"
    assert again.alert.annotations["would_have_fired"] == "2026-07-01T09:01:02Z"
    fired = observe(again.alert, result("F", 3, info), info, minute(4), proven=True)
    assert fired.change is Change.FIRED
    assert fired.alert is not None
    assert not {"withheld", "would_have_fired"} & set(fired.alert.annotations)


def test_what_fires_already_fires_on_and_ends_as_ever_under_a_definition_that_never_passed() -> None:
    alert = firing()
    on = observe(alert, result("F", 2, check()), check(), minute(3), proven=False)
    assert on.change is Change.UPDATED
    once = observe(on.alert, result("P", 3, check()), check(), minute(4), proven=False)
    assert once.change is Change.UPDATED
    assert observe(once.alert, result("P", 4, check()), check(), minute(5)).change is Change.RESOLVED


def test_a_pending_alert_keeps_the_last_end_for_those_who_must_still_hear_of_it() -> None:
    resolved = observed(firing(), "P P", check(), start=2)[-1][0]
    again = observed(resolved, "F", check(), start=5)[-1][0]
    assert resolved is not None
    assert again is not None
    assert again.state is AlertState.PENDING
    assert (again.starts_at, again.ends_at) == (resolved.starts_at, resolved.ends_at)
    fired = observed(again, "F", check(), start=6)[-1][0]
    assert fired is not None
    assert fired.ends_at is None
    assert fired.first_failed_at == minute(5)


def pending() -> Alert:
    alert = observed(None, "F", check())[-1][0]
    assert alert is not None
    return alert


def test_withdrawing_ends_what_fires_and_forgets_what_is_pending() -> None:
    ended = withdraw(firing(), minute(9))
    assert ended.change is Change.WITHDRAWN
    assert ended.alert is not None
    assert (ended.alert.state, ended.alert.ends_at) == (AlertState.WITHDRAWN, minute(9))
    assert withdraw(ended.alert, minute(10)).change is Change.NONE
    assert withdraw(pending(), minute(9)) == Observed(None, Change.CLOSED)


def test_a_withdrawn_check_that_comes_back_failing_fires_anew() -> None:
    ended = withdraw(firing(), minute(9)).alert
    assert [change for _, change in observed(ended, "F F", check(), start=10)] == [
        Change.PENDING,
        Change.FIRED,
    ]


def test_what_was_resolved_by_hand_is_quiet_until_it_passes_or_for_four_hours() -> None:
    ended = resolved_by_hand(firing(), minute(10))
    assert (ended.state, ended.ends_at, ended.window) == (AlertState.RESOLVED, minute(10), ())
    for word, at, change in (
        ("F F F", 11, [Change.NONE] * 3),
        ("F F", 260, [Change.PENDING, Change.FIRED]),
        ("P F F", 12, [Change.NONE, Change.PENDING, Change.FIRED]),
        ("D F", 12, [Change.NONE] * 2),
    ):
        assert [step for _, step in observed(ended, word, check("emea"), start=at)] == change, word
