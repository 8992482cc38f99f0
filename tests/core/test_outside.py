"""Alerts from outside fire, merge and end by Alertmanager's rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from case_files import cases
from synthprobe.core.alerts import AlertState, Change
from synthprobe.core.labels import fingerprint
from synthprobe.core.outside import Activity, Posted, Refused, check, expire, merge, observe

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LABELS = {"alertname": "Down", "severity": "critical", "empty": ""}


def activity(starts: int, ends: int, timeout: bool) -> Activity:
    return Activity(NOON + starts * MINUTE, NOON + ends * MINUTE, timeout)


@pytest.mark.parametrize("case", cases("outside.yaml", "merges"))
def test_two_updates_merge_as_alertmanager_merges_them(case: dict[str, Any]) -> None:
    older, newer = (activity(*update) for update in case["in"])
    merged = merge(older, newer, NOON)
    assert [(at - NOON) / MINUTE for at in (merged.starts_at, merged.ends_at)] == case["out"]


def test_a_post_fires_again_and_again_and_ends_once() -> None:
    fired = observe(None, Posted(LABELS), NOON)
    assert fired.change is Change.FIRED
    assert fired.alert is not None
    assert fired.alert.outside is not None
    assert fired.alert.fingerprint == fingerprint(LABELS)
    assert fired.alert.labels == {"alertname": "Down", "severity": "critical"}
    assert (fired.alert.severity, fired.alert.starts_at) == ("critical", NOON)
    assert fired.alert.outside.ends_at == NOON + 5 * MINUTE
    again = observe(fired.alert, Posted(LABELS, {"summary": "worse"}), NOON + MINUTE)
    assert again.change is Change.UPDATED
    assert again.alert is not None
    assert (again.alert.starts_at, again.alert.annotations) == (NOON, {"summary": "worse"})
    end = Posted(LABELS, starts_at=NOON, ends_at=NOON + 2 * MINUTE)
    over = observe(again.alert, end, NOON + 3 * MINUTE)
    assert over.change is Change.RESOLVED
    assert over.alert is not None
    assert (over.alert.state, over.alert.ends_at) == (AlertState.RESOLVED, NOON + 2 * MINUTE)
    for later in range(4, 18):
        assert observe(over.alert, end, NOON + later * MINUTE).change is Change.NONE


def test_an_end_of_what_never_fired_is_nothing() -> None:
    assert observe(None, Posted(LABELS, ends_at=NOON - MINUTE), NOON).alert is None


def test_it_ends_by_itself_when_its_end_is_past() -> None:
    alert = observe(None, Posted(LABELS), NOON).alert
    assert alert is not None
    assert expire(alert, NOON + 5 * MINUTE - timedelta(microseconds=1)).change is Change.NONE
    ended = expire(alert, NOON + 6 * MINUTE)
    assert ended.change is Change.RESOLVED
    assert ended.alert is not None
    assert ended.alert.ends_at == NOON + 5 * MINUTE


REFUSED = {
    "no labels": (Posted({"empty": ""}), "at least one label pair required"),
    "ends before it begins": (Posted(LABELS, {}, NOON, NOON - MINUTE), "start time must be before end time"),
    "a name that is no name": (Posted({"a\n": "b"}), "invalid name"),
}


@pytest.mark.parametrize(("posted", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_an_alert_is_refused(posted: Posted, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check(posted)
