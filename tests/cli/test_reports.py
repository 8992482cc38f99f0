"""Reports of `synthprobe run`: what a CI server, a program and a person get to see."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from synthprobe.cli import synthprobe
from synthprobe.cli.junit import junit
from synthprobe.core.expectations import Level
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.results import (
    AssertionResult,
    Outcome,
    StepOutcome,
    StepResult,
    Trigger,
    UndoResult,
    UndoState,
    Verdict,
)
from synthprobe.core.results import Result as RunResult
from virtual import START

REST = "name: rest\nschedule: {every: 1h}\nregions: [emea, amer]\nsteps: [{id: rest, pause: 1ms}]\n"
PROBE = """\
name: one
schedule: {every: 1m}
regions: [emea]
secrets: {key: {env: REPORT_KEY}}
matrix: [{scheme: visa}, {scheme: "<b>&"}]
steps:
  - id: call
    request: {url: "http://127.0.0.1:1/${{ matrix.scheme }}", headers: {X-Key: "${{ secrets.key }}"}}
    assert: [{status: 200}]
  - id: after
    pause: 1s
"""


UNBEGUN = RunResult(
    run_id="r",
    check="pay/emea",
    probe="pay",
    region="emea",
    trigger=Trigger.MANUAL,
    outcome=Outcome.ERRORED,
    started_at=START,
    ended_at=START,
    trace_id="0" * 32,
    definition="d",
    failure=Failure(Kind.SECRET_MISSING, "secret key is not set"),
)


def run(folder: Path, *reports: str) -> Result:
    """`synthprobe run` of the probe, which reaches nobody."""
    (folder / "one.yaml").write_text(PROBE)
    words = [word for report in reports for word in ("--report", report)]
    return CliRunner(env={"REPORT_KEY": "s3cr3t-k3y"}).invoke(
        synthprobe, ["run", str(folder / "one.yaml"), *words]
    )


def test_every_kind_of_report_tells_of_every_run_and_no_secret(tmp_path: Path) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("junit", "json", "html")}
    result = run(tmp_path, *(f"{kind}={file}" for kind, file in files.items()))
    assert result.exit_code == 4, result.output
    texts = {kind: file.read_text() for kind, file in files.items()}
    assert not any("s3cr3t" in text for text in texts.values())
    suites = Xml.fromstring(texts["junit"]).findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["one/emea/visa", "one/emea/<b>&"]
    assert (suites[0].get("failures"), suites[0].get("skipped")) == ("1", "1")
    document = json.loads(texts["json"])
    assert [each["outcome"] for each in document["results"]] == ["failed", "failed"]
    assert document["results"][0]["steps"][0]["failure"]["kind"] == "connect_refused"
    assert "one/emea/&lt;b&gt;&amp;" in texts["html"]
    assert "<b>&" not in texts["html"]
    assert 'href="/' not in texts["html"], "a file that is opened alone has no server to link to"


def test_a_run_that_is_not_started_is_skipped_in_every_report_and_the_gate_is_not_passed(
    tmp_path: Path,
) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("junit", "json", "html")}
    halt = tmp_path / "stop"
    halt.write_text('{"by": "ada", "reason": "<CHG7>"}')
    (tmp_path / "rest.yaml").write_text(REST)
    words = [word for kind, file in files.items() for word in ("--report", f"{kind}={file}")]
    words += ["--halt", str(halt), "--store", f"sqlite:///{tmp_path / 's.db'}"]
    found = CliRunner().invoke(synthprobe, ["run", str(tmp_path / "rest.yaml"), *words])
    assert found.exit_code == 3
    assert "skipped (halt): new runs are halted by ada: <CHG7>" in found.output
    assert "2 runs: 2 skipped" in found.output
    texts = {kind: file.read_text() for kind, file in files.items()}
    suites = Xml.fromstring(texts["junit"]).findall("testsuite")
    assert [(suite.get("name"), suite.get("skipped")) for suite in suites] == [
        ("rest/emea", "1"),
        ("rest/amer", "1"),
    ]
    document = json.loads(texts["json"])
    assert document["results"] == []
    assert [(each["check"], each["refusal"]["why"]) for each in document["skipped"]] == [
        ("rest/emea", "halt"),
        ("rest/amer", "halt"),
    ]
    assert "by ada: &lt;CHG7&gt;" in texts["html"]
    assert list(tmp_path.glob("s*.db")) == [], "nothing is kept of what moves no money"
    halt.unlink()
    assert CliRunner().invoke(synthprobe, ["run", str(tmp_path / "rest.yaml"), *words]).exit_code == 0


@pytest.mark.parametrize("text", ["junit", "xml=a.xml", "html=", "json=nowhere/a.json"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path, text: str) -> None:
    result = run(tmp_path, text)
    assert result.exit_code == 1 or result.exit_code == 2
    assert "connect_refused" not in result.output


def step(outcome: StepOutcome, kind: Kind = Kind.ASSERTION) -> StepResult:
    """A step with a failure, unless it passed."""
    if outcome in (StepOutcome.PASSED, StepOutcome.SKIPPED):
        return StepResult(outcome.value, "request", outcome)
    found = AssertionResult("status equals 201", Verdict.FAIL, Level.FAILED, "201", "5\x0000", "pay.yaml:9:3")
    return StepResult(
        outcome.value, "request", outcome, assertions=(found,), failure=Failure(kind, "was 500", "a")
    )


def told(*outcomes: StepOutcome, degraded_fails: bool = False) -> dict[str, str]:
    """What a CI server sees of each step."""
    result = RunResult(
        run_id="r",
        check="pay/emea",
        probe="pay",
        region="emea",
        trigger=Trigger.MANUAL,
        outcome=Outcome.PASSED,
        started_at=START,
        ended_at=START,
        trace_id="0" * 32,
        definition="d",
        steps=tuple(map(step, outcomes)),
    )
    text = junit([result], degraded_fails=degraded_fails)
    cases = Xml.fromstring(text.partition("?>")[2]).iter("testcase")
    return {str(case.get("name")): next((child.tag for child in case), "") for case in cases}


def test_junit_tells_failures_from_errors_and_what_was_not_reached() -> None:
    assert told(*StepOutcome) == {
        "passed": "",
        "degraded": "system-out",
        "failed": "failure",
        "errored": "error",
        "skipped": "skipped",
    }


def test_what_could_not_be_taken_back_fails_the_gate() -> None:
    undone = (
        UndoResult("pay", UndoState.OWED, "no answer", stake="1.07 EUR"),
        UndoResult("hold", UndoState.DONE, "cancelled"),
        UndoResult("look", UndoState.SPARED, "nothing had left us"),
    )
    result = replace(UNBEGUN, failure=None, outcome=Outcome.PASSED, undo=undone)
    root = Xml.fromstring(junit([result], degraded_fails=False).partition("?>")[2])
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {"undo pay": ["failure"], "undo hold": [], "undo look": ["skipped"]}
    assert "1.07 EUR at stake" in str(root.find(".//failure").get("message"))  # type: ignore[union-attr]


def test_a_degraded_step_fails_the_gate_only_where_it_is_asked_to() -> None:
    assert told(StepOutcome.DEGRADED, degraded_fails=True) == {"degraded": "failure"}


def test_a_run_that_could_not_begin_is_an_error_of_its_own() -> None:
    text = junit([UNBEGUN], degraded_fails=False)
    assert 'errors="1"' in text
    assert "secret key is not set" in text
