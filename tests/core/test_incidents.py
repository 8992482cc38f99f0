"""Alerts that belong together are one incident with one number, from the first failed run to closed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alert_samples import check, firing, minute, observed
from synthprobe.core import outside
from synthprobe.core.alerts import Alert, AlertState, Change
from synthprobe.core.ending import withdraw
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.following import follow, open_incident
from synthprobe.core.incident_keys import key_of
from synthprobe.core.incidents import (
    Followed,
    Incident,
    IncidentChange,
    IncidentState,
    Scope,
    ScopeRule,
    close,
    due_at,
)
from synthprobe.core.outside import Posted

RULE = ScopeRule()
TEN_MINUTES = timedelta(minutes=10)


def opened(alert: Alert, rule: ScopeRule = RULE) -> Incident:
    return open_incident(alert, number=7, uid="u7", rule=rule, now=minute(2)).incident


def after(incident: Incident, alert: Alert, change: Change, at: float = 5) -> Followed:
    return follow(incident, alert, change, rule=RULE, now=minute(at))


def passed(alert: Alert) -> Alert:
    resolved = observed(alert, "P P", check(alert.labels["region"]), start=3)[-1][0]
    assert resolved is not None
    return resolved


def words(followed: Followed) -> list[str]:
    return [entry.what for entry in followed.entries]


def test_an_incident_opens_with_the_problem_in_its_title() -> None:
    alert = firing()
    followed = open_incident(alert, number=7, uid="u7", rule=RULE, now=minute(2))
    incident = followed.incident
    assert incident.title == "card fails in emea: step capture: status equals 202, was 500"
    assert (incident.number, incident.uid, incident.key) == (7, "u7", "probe=card")
    assert (incident.state, incident.scope, incident.severity) == (
        IncidentState.TRIGGERED,
        Scope.LOCAL,
        "critical",
    )
    assert incident.first_failed_at == minute(0)
    assert followed.change is IncidentChange.OPENED
    assert [(entry.at, entry.what, entry.run_id) for entry in followed.entries] == [
        (minute(0), "first_failed", None),
        (minute(2), "opened", "run-1"),
    ]


def test_an_incident_of_an_alert_from_outside_says_what_that_says_of_itself() -> None:
    posted = Posted({"alertname": "PspDown", "region": "emea"}, {"summary": "acq answers nobody"})
    alert = outside.observe(None, posted, minute(1)).alert
    assert alert is not None
    assert opened(alert).title == "PspDown in emea: acq answers nobody"
    silent = outside.observe(None, replace(posted, annotations={}), minute(1)).alert
    assert silent is not None
    assert opened(silent).title == "PspDown in emea"


@pytest.mark.parametrize(
    ("by", "key"),
    [(("probe",), "probe=card"), (("flow", "region"), "flow=card,region=emea"), (("psp",), "psp=")],
    ids=["one label", "two labels", "a label the alert has not"],
)
def test_a_problem_is_known_by_its_scope_labels(by: tuple[str, ...], key: str) -> None:
    assert key_of(firing(), ScopeRule(by=by)) == key


def test_keys_of_different_problems_differ_though_values_hold_commas() -> None:
    rule = ScopeRule(by=("a", "b"))
    one = replace(firing(), labels={"a": "x,b=y", "b": ""})
    other = replace(firing(), labels={"a": "x", "b": "y,b="})
    assert key_of(one, rule) != key_of(other, rule)


def test_a_second_region_joins_and_makes_it_global_for_good() -> None:
    incident = opened(firing())
    amer = firing("amer")
    joined = after(incident, amer, Change.FIRED)
    assert joined.change is IncidentChange.RAISED
    assert words(joined) == ["joined", "raised"]
    assert joined.incident.number == 7
    assert joined.incident.scope is Scope.GLOBAL
    assert joined.incident.title == "card fails in emea and amer: step capture: status equals 202, was 500"
    back = after(joined.incident, passed(amer), Change.RESOLVED)
    assert back.change is IncidentChange.UPDATED
    assert words(back) == ["recovered"]
    assert back.incident.scope is Scope.GLOBAL


def test_regions_count_only_while_they_fire() -> None:
    emea, amer, apac = firing(), firing("amer"), firing("apac")
    three = ScopeRule(global_regions=3)
    incident = opened(emea, three)
    incident = follow(incident, amer, Change.FIRED, rule=three, now=minute(3)).incident
    incident = follow(incident, passed(amer), Change.RESOLVED, rule=three, now=minute(4)).incident
    assert follow(incident, apac, Change.FIRED, rule=three, now=minute(5)).incident.scope is Scope.LOCAL


def test_another_row_of_the_same_region_joins_quietly() -> None:
    row = observed(None, "F F", check(row="visa"))[-1][0]
    assert row is not None
    joined = after(opened(firing()), row, Change.FIRED)
    assert joined.change is IncidentChange.JOINED
    assert joined.incident.scope is Scope.LOCAL
    assert len(joined.incident.members) == 2


def test_a_graver_alert_raises_and_a_milder_one_never_lowers() -> None:
    mild = firing(severity="warning")
    incident = opened(mild)
    raised = after(incident, replace(mild, severity="critical"), Change.SEVERITY)
    assert raised.change is IncidentChange.RAISED
    assert raised.incident.severity == "critical"
    assert words(raised) == ["updated", "raised"]
    eased = after(raised.incident, mild, Change.SEVERITY)
    assert eased.change is IncidentChange.UPDATED
    assert eased.incident.severity == "critical"


def test_the_same_failure_again_says_nothing_new() -> None:
    alert = firing()
    again = observed(alert, "F", check(), start=2)[-1][0]
    assert again is not None
    assert after(opened(alert), again, Change.UPDATED) == Followed(opened(alert), IncidentChange.NONE)


def test_another_signature_is_noted() -> None:
    alert = firing()
    other = replace(alert, signature="refund:timeout")
    followed = after(opened(alert), other, Change.UPDATED)
    assert followed.change is IncidentChange.UPDATED
    assert followed.entries[0].text.startswith("Fails otherwise: card fails in emea")


def test_it_resolves_when_nothing_fires_and_closes_when_it_stays_so() -> None:
    alert = firing()
    incident = opened(alert)
    assert due_at(incident, TEN_MINUTES) is None
    resolved = after(incident, passed(alert), Change.RESOLVED)
    assert resolved.change is IncidentChange.RESOLVED
    assert words(resolved) == ["recovered", "resolved"]
    assert due_at(resolved.incident, TEN_MINUTES) == minute(15)
    closed = close(resolved.incident, minute(15))
    assert (closed.change, closed.incident.state) == (IncidentChange.CLOSED, IncidentState.CLOSED)
    assert due_at(closed.incident, TEN_MINUTES) is None


def test_an_incident_that_fires_is_not_closed() -> None:
    incident = opened(firing())
    assert close(incident, minute(99)) == Followed(incident, IncidentChange.NONE)


def test_failing_again_while_resolved_reopens_under_the_same_number() -> None:
    alert = firing()
    resolved = after(opened(alert), passed(alert), Change.RESOLVED).incident
    again = firing(start=6, severity="warning")
    reopened = after(resolved, again, Change.FIRED, 8)
    assert reopened.change is IncidentChange.REOPENED
    assert (reopened.incident.number, reopened.incident.reopened) == (7, 1)
    assert reopened.incident.state is IncidentState.TRIGGERED
    assert reopened.incident.resolved_at is None
    assert reopened.incident.severity == "warning"


def test_reopening_in_a_second_region_does_not_lose_the_raise() -> None:
    emea = firing()
    resolved = after(opened(emea), passed(emea), Change.RESOLVED).incident
    reopened = after(resolved, firing("amer"), Change.FIRED).incident
    both = after(reopened, emea, Change.FIRED)
    assert both.change is IncidentChange.RAISED
    assert both.incident.scope is Scope.GLOBAL


def test_a_withdrawn_check_ends_its_part_and_is_not_called_healthy() -> None:
    alert = firing()
    withdrawn = withdraw(alert, minute(5)).alert
    assert withdrawn is not None
    followed = after(opened(alert), withdrawn, Change.WITHDRAWN)
    assert followed.change is IncidentChange.RESOLVED
    assert followed.entries[0].text == "card/emea was withdrawn: not proven healthy"
    paused = withdraw(alert, minute(5), paused="acme moves").alert
    assert paused is not None
    told = after(opened(alert), paused, Change.WITHDRAWN).entries[0].text
    assert told == "card/emea was paused (acme moves): not proven healthy"


def test_pending_alerts_do_not_touch_an_incident() -> None:
    incident = opened(firing())
    for change in (Change.NONE, Change.PENDING, Change.CLOSED):
        assert after(incident, firing("amer"), change) == Followed(incident, IncidentChange.NONE)


def test_a_title_without_an_assertion_tells_the_failure() -> None:
    failure = Failure(Kind.TIMEOUT, "no answer within 10 s", step="pay")
    alert = replace(firing(), annotations={"step": failure.step or "", "cause": failure.message})
    assert opened(alert).title == "card fails in emea: step pay: no answer within 10 s"


MOVES = st.lists(
    st.tuples(st.sampled_from(["emea", "amer", "apac"]), st.sampled_from(["FIRED", "RESOLVED", "WITHDRAWN"])),
    max_size=20,
)


@given(MOVES)
def test_an_incident_is_open_exactly_while_a_member_fires_and_scope_never_goes_back(
    moves: list[tuple[str, str]],
) -> None:
    incident = opened(firing())
    burning = {"emea"}
    for step, (region, word) in enumerate(moves):
        if (region in burning) == (word == "FIRED"):
            continue
        alert = firing(region)
        if word == "FIRED":
            burning.add(region)
        else:
            burning.discard(region)
            alert = replace(alert, state=AlertState(word.lower()))
        followed = after(incident, alert, Change[word], 5 + step)
        assert followed.entries
        over = followed.incident.state is IncidentState.RESOLVED or followed.incident.held_until is not None
        assert over == (not burning)
        assert not (incident.scope is Scope.GLOBAL and followed.incident.scope is Scope.LOCAL)
        assert (len(burning) < 2) or followed.incident.scope is Scope.GLOBAL
        incident = followed.incident
