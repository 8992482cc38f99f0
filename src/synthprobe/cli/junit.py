"""JUnit XML of some runs, as CI servers read it: a suite per check, a case per step."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from synthprobe.core.accounts import Skipped
from synthprobe.core.failures import Kind
from synthprobe.core.results import Result, StepOutcome, StepResult, UndoResult, UndoState, Verdict

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit(results: Iterable[Result], not_started: Iterable[Skipped] = (), *, degraded_fails: bool) -> str:
    """The document; a degraded step is a failure only where the gate says so, else it passes and says why."""
    root = Xml.Element("testsuites", name="synthprobe")
    for result in results:
        _suite(root, result, degraded_fails=degraded_fails)
    for skipped in not_started:
        suite = _element(
            root, "testsuite", name=skipped.check, tests="1", failures="0", errors="0", skipped="1"
        )
        case = _element(suite, "testcase", classname=skipped.probe, name="run", time="0.000")
        _element(case, "skipped", message=f"{skipped.refusal.why}: {skipped.refusal.text}")
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _suite(root: Xml.Element, result: Result, *, degraded_fails: bool) -> None:
    suite = _element(
        root,
        "testsuite",
        name=result.check,
        time=f"{result.duration:.3f}",
        timestamp=result.started_at.isoformat(timespec="seconds"),
    )
    properties = _element(suite, "properties")
    for name in ("run_id", "trace_id", "region", "outcome", "definition"):
        _element(properties, "property", name=name, value=str(getattr(result, name)))
    for step in result.steps:
        _case(suite, result, step, degraded_fails=degraded_fails)
    for undo in result.undo:
        _undo(suite, result, undo)
    if result.failure is not None and not any(step.failure for step in result.steps):
        case = _element(suite, "testcase", classname=result.probe, name="run", time="0.000")
        _element(case, "error", type=result.failure.kind, message=result.failure.message)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for count, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(child) is not None for case in cases)))


def _case(suite: Xml.Element, result: Result, step: StepResult, *, degraded_fails: bool) -> None:
    case = _element(suite, "testcase", classname=result.probe, name=step.id, time=f"{step.duration:.3f}")
    if step.outcome is StepOutcome.SKIPPED:
        _element(case, "skipped", message=step.why or "an earlier step ended the run")
        return
    failure = step.failure
    if failure is None:
        return
    fails = step.outcome is StepOutcome.FAILED or (degraded_fails and step.outcome is StepOutcome.DEGRADED)
    if fails or step.outcome is StepOutcome.ERRORED:
        kind = "failure" if fails else "error"
        made = _element(case, kind, type=failure.kind, message=failure.message)
        made.text = _fit(_told(step))
    else:
        _element(case, "system-out").text = _fit(f"degraded: {failure.message}")


def _undo(suite: Xml.Element, result: Result, undo: UndoResult) -> None:
    """A case of its own: what could not be taken back fails the gate, whatever the run found."""
    name, time = f"undo {undo.step}", f"{undo.duration:.3f}"
    case = _element(suite, "testcase", classname=result.probe, name=name, time=time)
    if undo.state is UndoState.OWED:
        stake = f" ({undo.stake} at stake)" if undo.stake else ""
        _element(case, "failure", type=Kind.UNDO_FAILED, message=f"not taken back yet{stake}: {undo.why}")
    elif undo.state is UndoState.SPARED:
        _element(case, "skipped", message=undo.why)


def _told(step: StepResult) -> str:
    """Where it is, and each assertion that did not hold."""
    bad = [each for each in step.assertions if each.verdict is not Verdict.PASS]
    lines = [f"{each.position}: {each.text}: expected {each.expected}, actual {each.actual}" for each in bad]
    return "\n".join(lines or [(step.failure and step.failure.position) or step.position])


def _element(parent: Xml.Element, tag: str, /, **attributes: str) -> Xml.Element:
    return Xml.SubElement(parent, tag, {key: _fit(value) for key, value in attributes.items()})


def _fit(text: str) -> str:
    return _UNFIT.sub("�", text)
