"""Every shared case of alerting is held somewhere, or says why not; the few that no other test holds are held here."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from case_files import cases, document
from example_routes import example
from synthprobe.app.simulated import Simulation
from synthprobe.app.simulation import play
from synthprobe.core.answers import routes_test
from synthprobe.core.intervals import active
from synthprobe.core.routes import match
from synthprobe.core.slo import Tally, burns, is_burning
from synthprobe.files.durations import duration
from synthprobe.files.routes import load_routes
from synthprobe.files.scenarios import load_scenario

ROOT = Path(__file__).parent.parent
SHARED = document("shared.yaml")
NIGHT = datetime(2026, 7, 1, 23, tzinfo=UTC)


def test_each_of_the_108_cases_is_accounted_for_once() -> None:
    held = [*SHARED["in_tables"].values(), *SHARED["in_tests"].values(), list(SHARED["not_held"])]
    ids = list(chain.from_iterable(held))
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) == 108
    assert all(len(reason) >= len("as PF-01.") for reason in SHARED["not_held"].values())


@pytest.mark.parametrize("table", SHARED["in_tables"])
def test_the_table_has_a_row_of_each_case_and_a_test_goes_through_it(table: str) -> None:
    file, name = table.split()
    rows = {case for row in document(file)[name] for case in re.findall(r"\b[A-Z]{2}-\d\d\b", str(row["id"]))}
    assert set(SHARED["in_tables"][table]) <= rows
    reads = re.compile(rf'cases\("{file}", "{name}"\)|of_kind\("{name}", ')
    assert any(reads.search(path.read_text()) for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("path", SHARED["in_tests"])
def test_a_test_names_each_case(path: str) -> None:
    text = (ROOT / path).read_text()
    assert [case for case in SHARED["in_tests"][path] if not re.search(rf"\b{case}\b", text)] == []


TIMED = """
route:
  receiver: root
  routes:
    - {matchers: ['m="1"'], receiver: office, active_time_intervals: [office], routes: [{matchers: ['child="1"'], receiver: child}]}
    - {matchers: ['m=~"1|2"'], receiver: sibling}
receivers: [{name: root}, {name: office}, {name: child}, {name: sibling}]
time_intervals:
  - {name: office, time_intervals: [{times: [{start_time: '08:00', end_time: '18:00'}]}]}
"""


def test_a_child_has_none_of_its_parents_intervals() -> None:
    """RT-13."""
    (parent,) = match(load_routes(TIMED, "routes.yaml").root, {"m": "1"}, NIGHT)
    (child,) = match(load_routes(TIMED, "routes.yaml").root, {"m": "1", "child": "1"}, NIGHT)
    assert [named.name for named in parent.active_time_intervals] == ["office"]
    assert (child.active_time_intervals, child.mute_time_intervals) == ((), ())


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        pytest.param({"m": "1"}, [], id="RT-19 a closed route keeps its alert from sibling and root"),
        pytest.param({"m": "1", "child": "1"}, ["child"], id="RT-19 its child does not close with it"),
        pytest.param({"m": "2"}, ["sibling"], id="RT-19 the sibling takes its own"),
        pytest.param({}, ["root"], id="RT-19 the root takes the rest"),
    ],
)
def test_who_is_told_when_a_route_is_closed(labels: dict[str, str], told: list[str]) -> None:
    asked = routes_test(load_routes(TIMED, "routes.yaml"), labels, NIGHT)
    assert [match.receiver for match in asked.matches if not match.muted_by] == told


def test_a_day_that_ends_at_24_in_a_zone_is_accepted_and_holds_its_last_minute() -> None:
    """CV-23."""
    text = """
    route: {receiver: x}
    receivers: [{name: x}]
    time_intervals: [{name: n, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}], location: Australia/Sydney}]}]
    """
    named = load_routes(text, "routes.yaml").intervals["n"]
    assert active(named.intervals, datetime(2026, 7, 1, 13, 59, tzinfo=UTC))


@pytest.mark.parametrize("case", cases("shared.yaml", "burns"))
def test_a_budget_burns_where_sloth_says(case: dict[str, Any]) -> None:
    tallies = {
        duration(window): Tally(round(100_000 * (1 - rate)), 100_000)
        for window, rate in case["rates"].items()
    }
    found = [
        [burn.long, burn.severity]
        for burn in burns(timedelta(days=30), timedelta(minutes=1))
        if is_burning(burn, tallies[burn.long], tallies[burn.short], Decimal("99.9"))
    ]
    assert found == [[duration(long), severity] for long, severity in case["out"]]


def lived(*events: str) -> Simulation:
    """What comes of one alert from outside that is posted, acknowledged, resolved and posted again."""
    labels = "labels: {alertname: k1, owner: cards, severity: critical, region: emea}"
    shown = [event.replace("LABELS", labels) for event in events]
    text = "\n".join(
        ["start: 2026-06-30T09:00:00Z", "until: 1h", "events:", *(f"  - {event}" for event in shown)]
    )
    tree = example()
    return play(load_scenario(text, "timeline.yaml", tree), tree)


FIRES, ENDS = "alert: {LABELS, state: firing}", "alert: {LABELS, state: resolved}"


def test_triggered_acknowledged_triggered_resolved_and_triggered_later_are_two_incidents() -> None:
    """DD-01."""
    found = lived(
        f"{{t: 0s, {FIRES}}}",
        f"{{t: 10s, {FIRES}}}",
        "{t: 60s, ack: {incident: 1, by: ben}}",
        f"{{t: 90s, {FIRES}}}",
        f"{{t: 10m, {ENDS}}}",
        f"{{t: 30m, {FIRES}}}",
    )
    assert [(incident.number, incident.state) for incident in found.incidents] == [
        (1, "closed"),
        (2, "triggered"),
    ]


def test_an_acknowledged_incident_stays_so_when_its_alert_is_posted_again() -> None:
    """DD-06."""
    found = lived(
        f"{{t: 0s, {FIRES}}}",
        "{t: 60s, ack: {incident: 1, by: ben}}",
        *(f"{{t: {minutes}m, {FIRES}}}" for minutes in range(2, 12)),
        "{t: 20m, note: {incident: 1, by: ben, text: looking}}",
        "{t: 45m, note: {incident: 1, by: ben, text: still}}",
    )
    (incident,) = found.incidents
    assert (incident.state, incident.holder) == ("acknowledged", "ben")
    told = [sent for sent in found.notifications if sent.person and sent.t > 60 and sent.kind == "firing"]
    assert told == []
