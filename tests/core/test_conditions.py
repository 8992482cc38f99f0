"""Our own trouble becomes alerts of its own, by what runs say."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from alert_samples import check, minute, result
from synthprobe.core.alerts import Alert, Change
from synthprobe.core.conditions import FIRES_AT, Condition, Trouble, engine_unwell, region_stale, settle, told
from synthprobe.core.failures import Failure, Kind, Unwell
from synthprobe.core.incident_keys import key_of
from synthprobe.core.incidents import ScopeRule
from synthprobe.core.results import Outcome, Result, Trigger
from synthprobe.core.signs import signs

UNWELL = Failure(Kind.PROBER_UNWELL, "emea is unwell", verdict=Unwell.REGION)
MISSING = Failure(Kind.SECRET_MISSING, "no variable ACME_KEY")
BROKEN = Failure(Kind.PROBER_UNWELL, "synthprobe itself failed")
REFUSED = Failure(Kind.CONNECT_REFUSED, "connection refused")

RUNS = {
    "u": (Outcome.ERRORED, UNWELL),
    "s": (Outcome.ERRORED, MISSING),
    "b": (Outcome.ERRORED, BROKEN),
    "f": (Outcome.FAILED, REFUSED),
    "p": (Outcome.PASSED, None),
}


def run(letter: str, number: int = 0, trigger: Trigger = Trigger.SCHEDULE) -> Result:
    outcome, failure = RUNS[letter]
    return replace(result("P", number, check()), outcome=outcome, failure=failure, trigger=trigger)


@pytest.mark.parametrize(
    ("letter", "troubled", "cleared"),
    [
        pytest.param("u", {"RegionUnwell"}, {"ProbeErrored"}, id="the region is unwell"),
        pytest.param("s", {"ProbeErrored"}, set(), id="the file cannot be carried out"),
        pytest.param("b", {"EngineUnwell"}, set(), id="synthprobe is broken"),
        pytest.param("f", set(), {"ProbeErrored", "RegionUnwell", "EngineUnwell"}, id="the target fails"),
        pytest.param("p", set(), {"ProbeErrored", "RegionUnwell", "EngineUnwell"}, id="the target is well"),
    ],
)
def test_a_run_says_whose_trouble_it_is(letter: str, troubled: set[str], cleared: set[str]) -> None:
    said = signs(run(letter), check(), "agent-1", "platform")
    assert {sign.condition.labels["alertname"] for sign in said if sign.trouble} == troubled
    assert {sign.condition.labels["alertname"] for sign in said if not sign.trouble} == cleared


def test_what_a_person_runs_says_nothing_of_us() -> None:
    assert signs(run("u", trigger=Trigger.MANUAL), check(), "agent-1", "platform") == ()


def test_each_concerns_its_own() -> None:
    by_name = {
        sign.condition.labels["alertname"]: sign.condition
        for sign in signs(run("p"), check(), "a", "platform")
    }
    assert {name: (each.owner, each.severity) for name, each in by_name.items()} == {
        "ProbeErrored": ("cards", "warning"),
        "RegionUnwell": ("platform", "critical"),
        "EngineUnwell": ("platform", "critical"),
    }


@pytest.mark.parametrize(
    ("letters", "changes"),
    [
        pytest.param("s s", "pending fired", id="two in a row"),
        pytest.param("s p s", "pending closed pending", id="one is not enough"),
        pytest.param("s s s p", "pending fired updated resolved", id="one that is carried out ends it"),
        pytest.param("s s f", "pending fired resolved", id="a run that fails was carried out"),
        pytest.param("s s p s p", "pending fired resolved pending closed", id="one more is not enough again"),
    ],
)
def test_the_runs_of_a_check_move_its_file_s_alert(letters: str, changes: str) -> None:
    alert: Alert | None = None
    seen = []
    for number, letter in enumerate(letters.split()):
        sign = next(
            each for each in signs(run(letter, number), check(), "a", "") if "probe" in each.condition.labels
        )
        troubles = (sign.trouble,) if sign.trouble else ()
        gone = () if troubles else (check().key,)
        settled = settle(alert, sign.condition, troubles=troubles, gone=gone, now=minute(number))
        alert = settled.alert
        seen.append(settled.change.value)
    assert " ".join(seen) == changes


def trouble(source: str, condition: Condition, weight: int = FIRES_AT) -> Trouble:
    return Trouble(source, minute(0), told(condition, "no result for 120 s", minute(0)), weight)


def test_it_lasts_until_every_source_says_that_it_is_over() -> None:
    stale = region_stale("emea", "platform")
    fired = settle(None, stale, troubles=[trouble("a", stale), trouble("b", stale)], now=minute(1))
    assert fired.change is Change.FIRED
    assert fired.alert
    assert fired.alert.annotations["summary"] == "RegionStale in emea: no result for 120 s"
    assert settle(fired.alert, stale, gone=["c"], now=minute(2)).change is Change.NONE
    less = settle(fired.alert, stale, gone=["a"], now=minute(2))
    assert less.change is Change.UPDATED
    over = settle(less.alert, stale, gone=["b"], now=minute(3))
    assert over.change is Change.RESOLVED
    again = settle(over.alert, stale, troubles=[trouble("a", stale)], now=minute(4))
    assert again.change is Change.FIRED
    assert again.alert
    assert again.alert.fingerprint == fired.alert.fingerprint
    assert again.alert.starts_at == minute(4)


def test_it_joins_no_incident_of_a_target() -> None:
    engine = engine_unwell("a", "platform")
    fired = settle(
        None, engine, troubles=[trouble("pulse", engine)], now=minute(0) + timedelta(seconds=1)
    ).alert
    assert fired
    assert key_of(fired, ScopeRule(by=("probe",))) == "alertname=EngineUnwell,probe="
