"""Every shared case of alerting is a row that a test runs, or says why not; the few that fit no other table are run here."""

import re
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from case_files import cases, document
from example_routes import example
from synthprobe.app.simulated import Simulation
from synthprobe.app.simulation import play
from synthprobe.core.slo import Tally, burns, is_burning
from synthprobe.files.durations import duration
from synthprobe.files.scenarios import load_scenario

ROOT = Path(__file__).parent.parent
SHARED = document("shared.yaml")


def test_each_of_the_108_cases_is_accounted_for_once() -> None:
    held = [*SHARED["in_tables"].values(), list(SHARED["not_held"])]
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


ALERT = "labels: {alertname: k1, owner: cards, severity: critical, region: emea}"
DONE = {
    "trigger": f"alert: {{{ALERT}, state: firing}}",
    "trigger later": f"alert: {{{ALERT}, state: firing}}",
    "ack": "ack: {incident: 1, by: ben}",
    "resolve": f"alert: {{{ALERT}, state: resolved}}",
}
APART, LATER = 10, 1200
"""Seconds between what is done, and before what comes when the incident is closed."""


def lived(done: list[str]) -> Simulation:
    """What came of it so far."""
    events, t = [], 0
    for each in done:
        t += LATER if each.endswith("later") else APART
        events.append(f"  - {{t: {t}s, {DONE[each]}}}")
    text = "\n".join(["start: 2026-06-30T09:00:00Z", f"until: {t + 1}s", "events:", *events])
    tree = example()
    return play(load_scenario(text, "timeline.yaml", tree), tree)


@pytest.mark.parametrize("case", cases("shared.yaml", "duplicates"))
def test_what_is_sent_again_belongs_to_the_incident_that_there_is(case: dict[str, Any]) -> None:
    lives = [lived(case["in"][:count]) for count in range(1, len(case["in"]) + 1)]
    assert [[len(life.incidents), life.incidents[-1].state] for life in lives] == case["out"]
    keys = [(sent.person, sent.receiver, sent.kind, sent.t) for sent in lives[-1].notifications]
    assert len(keys) == len(set(keys)), "nobody is told the same twice"


def test_an_acknowledgement_that_its_holder_renews_outlives_what_is_sent_again() -> None:
    events = ["trigger", "ack", *["trigger"] * 10]
    notes = [f"  - {{t: {m}m, note: {{incident: 1, by: ben, text: looking}}}}" for m in (20, 45)]
    text = ["start: 2026-06-30T09:00:00Z", "until: 1h", "events:"]
    text += [f"  - {{t: {n * 110}s, {DONE[each]}}}" for n, each in enumerate(events)]
    tree = example()
    found = play(load_scenario("\n".join([*text, *notes]), "timeline.yaml", tree), tree)
    (incident,) = found.incidents
    assert (incident.state, incident.holder) == ("acknowledged", "ben")
    assert [
        sent for sent in found.notifications if sent.person and sent.t > 110 and sent.kind == "firing"
    ] == []
