"""What holds an alert back says so by kind and name, and until when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from case_files import cases
from synthprobe.core.incidents import Incident, IncidentState, Scope
from synthprobe.core.inhibitions import InhibitRule, Source, inhibiting
from synthprobe.core.intervals import NamedInterval, TimeInterval
from synthprobe.core.labels import fingerprint, parse_matchers
from synthprobe.core.mutes import InForce, Mute, MuteKind, muted_by, muted_until
from synthprobe.core.routes import Route
from synthprobe.core.silences import Seen, Silence
from synthprobe.files.mutes_shape import InhibitRuleFile
from synthprobe.files.mutes_values import inhibit_rules

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sources(*found: dict[str, str]) -> tuple[Source, ...]:
    return tuple(Source(fingerprint(labels), labels) for labels in found)


@pytest.mark.parametrize("case", cases("mutes.yaml", "inhibitions"))
def test_a_firing_alert_holds_back_what_alertmanager_s_would(case: dict[str, Any]) -> None:
    rules = inhibit_rules(msgspec.convert(case["rules"], list[InhibitRuleFile]))
    firing = sources(*case["sources"])
    assert [bool(inhibiting(rules, firing, labels)) for labels in case["targets"]] == case["out"]


def silence(matchers: str, *, hours: int = 1, seen: Seen | None = None) -> Silence:
    return Silence(
        "s-1", parse_matchers(matchers), NOON - HOUR, NOON + hours * HOUR, "chi", "CHG1", NOON, seen
    )


def incident(number: int = 7, *, scope: Scope = Scope.LOCAL, severity: str = "warning") -> Incident:
    return Incident(number, "u", "k", "t", IncidentState.TRIGGERED, scope, severity, NOON, NOON, NOON)


OFFICE = NamedInterval("office", (TimeInterval(times=((8 * 60, 13 * 60),)),))
NIGHT = NamedInterval("night", (TimeInterval(times=((0, 6 * 60),)),))


def test_everything_that_holds_an_alert_back_is_named_with_its_end() -> None:
    route = Route("route", "r", mute_time_intervals=(OFFICE, NIGHT), active_time_intervals=(NIGHT,))
    rule = InhibitRule(
        "psp-down", parse_matchers("alertname=PspDown"), parse_matchers("alertname=ProbeFailed")
    )
    down = {"alertname": "PspDown", "psp": "acq-1"}
    in_force = InForce((silence("psp=acq-1"), silence("psp=acq-2")), (rule,), sources(down))
    found = muted_by({"alertname": "ProbeFailed", "psp": "acq-1"}, route, in_force, NOON)
    assert found == (
        Mute(MuteKind.MUTE_INTERVAL, "office", NOON + HOUR),
        Mute(MuteKind.ACTIVE_INTERVAL, "night", NOON + 12 * HOUR),
        Mute(MuteKind.SILENCE, "CHG1", NOON + HOUR, "s-1"),
        Mute(MuteKind.INHIBITION, "psp-down", None, fingerprint(down)),
    )
    assert muted_until(found) == NOON + HOUR


def test_a_child_is_not_muted_by_its_parent_s_calendar() -> None:
    parent = Route("route", "r", mute_time_intervals=(OFFICE,), routes=(Route("route.routes[0]", "r"),))
    assert muted_by({}, parent, InForce(), NOON)
    assert not muted_by({}, parent.routes[0], InForce(), NOON)


SEEN = Seen(7, Scope.LOCAL, "warning")
GROWN = {
    "as its author saw it": (incident(), True),
    "less severe": (incident(severity="info"), True),
    "more severe": (incident(severity="critical"), False),
    "global by now": (incident(scope=Scope.GLOBAL), False),
    "another incident": (incident(8), False),
    "no incident": (None, False),
}


@pytest.mark.parametrize(("now", "holds"), GROWN.values(), ids=GROWN.keys())
def test_a_silence_on_an_incident_holds_while_it_is_what_its_author_saw(
    now: Incident | None, holds: bool
) -> None:
    in_force = InForce((silence("probe=card", seen=SEEN),))
    assert bool(muted_by({"probe": "card"}, Route("route", "r"), in_force, NOON, incident=now)) is holds


def test_a_silence_holds_from_its_start_and_not_at_its_end() -> None:
    made = InForce((silence("a=b"),))
    route = Route("route", "r")
    asked = [
        NOON - HOUR - timedelta(microseconds=1),
        NOON - HOUR,
        NOON + HOUR - timedelta(microseconds=1),
        NOON + HOUR,
    ]
    assert [bool(muted_by({"a": "b"}, route, made, at)) for at in asked] == [False, True, True, False]
