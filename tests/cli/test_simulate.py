"""`synthprobe routes simulate`, and the example file through `routes check`, as a user meets them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from example_routes import FILE
from synthprobe.cli import synthprobe

TIMELINE = """
start: 2026-07-01T23:30:00Z
until: 2m
events:
  - {t: 0, alert: {labels: {alertname: ProbeFailed, probe: card, region: emea, owner: cards, severity: critical}, state: firing}}
  - {t: 90s, ack: {incident: 1, by: fay}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "routes.yaml").write_bytes(FILE.read_bytes())
    (tmp_path / "timeline.yaml").write_text(TIMELINE)
    monkeypatch.chdir(tmp_path)


def call(*words: str) -> Result:
    return CliRunner().invoke(synthprobe, ("routes", *words))


def test_the_json_has_what_was_sent_decided_and_what_became_of_incidents() -> None:
    found = json.loads(call("simulate", "timeline.yaml", "--json").output)
    labels = {
        "alertname": "ProbeFailed",
        "probe": "card",
        "region": "emea",
        "owner": "cards",
        "severity": "critical",
    }
    assert found["notifications"][1] == {
        "t": 30.0,
        "at": "2026-07-01T23:30:30Z",
        "receiver": "page",
        "person": "fay",
        "contact": "push",
        "kind": "firing",
        "reason": "level",
        "incident": 1,
        "scope": "local",
        "level": 2,
        "late": 0.0,
        "alerts": [{"labels": labels, "state": "firing"}],
    }
    assert {"t": 30.0, "receiver": "fay", "sent": True, "reason": "level", "incident": 1} in found[
        "decisions"
    ]
    (incident,) = found["incidents"]
    assert {name: incident[name] for name in ("number", "opened_at", "state", "scope", "holder")} == {
        "number": 1,
        "opened_at": "2026-07-01T23:30:00Z",
        "state": "acknowledged",
        "scope": "local",
        "holder": "fay",
    }
    assert {
        "at": "2026-07-01T23:31:30Z",
        "what": "acknowledged",
        "by": "fay",
        "text": "Acknowledged",
    } in incident["timeline"]


def test_people_read_a_line_per_message_and_the_story_of_each_incident() -> None:
    lines = call("simulate", "timeline.yaml").output.splitlines()
    assert lines[1] == "   0:00:30.0  fay by push  firing (level)  #1 local level 2"
    assert "#1 acknowledged, local, fay has it" in lines
    assert "  2026-07-01 23:31:30Z  Acknowledged (by fay)" in lines[-2:]


def test_a_timeline_that_cannot_be_read_or_played_exits_with_2() -> None:
    assert call("simulate", "none.yaml").exit_code == 2
    Path("timeline.yaml").write_text(TIMELINE.replace("incident: 1", "incident: 99"))
    result = call("simulate", "timeline.yaml")
    assert (result.exit_code, result.stderr) == (2, "timeline.yaml: at 90 s: there is no incident 99 yet\n")
    Path("timeline.yaml").write_text(TIMELINE.replace("by: fay", "by: fya"))
    result = call("simulate", "timeline.yaml")
    assert result.exit_code == 2
    assert "timeline.yaml:6:37: there is no user `fya` — did you mean `fay`?" in result.stderr


def test_the_example_file_passes_its_check_with_all_its_tests() -> None:
    result = call("check", "--since", "2026-11-26T00:00Z")
    assert result.exit_code == 0, result.output
    assert "9 tests run, 2 promises proved for 400 days, 0 faults" in result.stderr
    assert all(
        line.startswith("note: muted by name: ") and "psp=acq-7" in line
        for line in result.stdout.splitlines()
    )
