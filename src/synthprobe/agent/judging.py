"""Holds a step's expectations against what came: every assertion, then every capture."""

from collections.abc import Mapping

from msgspec import Struct

from synthprobe.agent.scene import Scene
from synthprobe.agent.veils import veil
from synthprobe.core.assertions import evaluate, show
from synthprobe.core.captures import CaptureMissing, capture
from synthprobe.core.classification import classified
from synthprobe.core.comparisons import text_of
from synthprobe.core.expectations import Capture, Level, Subject
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.iso8583 import SHOWN
from synthprobe.core.responses import Response
from synthprobe.core.results import AssertionResult, Verdict
from synthprobe.core.steps import Step
from synthprobe.core.templates import Json
from synthprobe.telemetry.redaction import Redactor


class Judged(Struct, frozen=True):
    """What a response was found to be; `level` is of the failure."""

    assertions: tuple[AssertionResult, ...] = ()
    captures: Mapping[str, Json] = {}
    failure: Failure | None = None
    level: Level = Level.FAILED


def judge(step: Step, response: Response, scene: Scene) -> Judged:
    """Evaluate all assertions, keep all captures, and name the first failure that matters most.

    What is captured is known to later steps at once, and hidden from then on where the probe says secret. Raises
    `LookupFailed`.
    """
    captures, missing = _captures(step, response, scene)
    results = tuple(evaluate(each, response, scene.names, veil(each, scene)) for each in step.assertions)
    failure, level = _first_failure(step, results)
    if missing is not None and (failure is None or level is Level.DEGRADED):
        failure, level = missing, Level.FAILED
    told = classified(step, response, results, passed_before=scene.passed_before)
    if told is not None:
        failure, level = told.failure, told.level
    return Judged(results, captures, failure, level)


def _captures(step: Step, response: Response, scene: Scene) -> tuple[dict[str, Json], Failure | None]:
    kept: dict[str, Json] = {}
    missing: Failure | None = None
    for wanted in step.captures:
        try:
            kept[wanted.name] = capture(wanted, response, scene.names)
        except CaptureMissing as error:
            message = f"capture {scene.redactor.text(str(error))}"
            missing = missing or Failure(Kind.CAPTURE, message, step.id, position=str(wanted.position))
    scene.learn(step, kept, secret={wanted.name for wanted in step.captures if _is_secret(wanted)})
    return kept, missing


def _is_secret(wanted: Capture) -> bool:
    """Whether a capture is hidden: the probe says so, or it is a field of ISO 8583 that is never shown."""
    return wanted.secret or (wanted.source is Subject.FIELD and wanted.path not in SHOWN)


def _first_failure(step: Step, results: tuple[AssertionResult, ...]) -> tuple[Failure | None, Level]:
    bad = [each for each in results if each.verdict is not Verdict.PASS]
    worst = [each for each in bad if each.level is Level.FAILED] or bad
    if not worst:
        return None, Level.FAILED
    found = worst[0]
    message = f"{found.text}: expected {found.expected}, actual {found.actual}"
    if found.message:
        message += f" ({found.message})"
    failure = Failure(
        kind=Kind.ASSERTION,
        message=message,
        step=step.id,
        assertion=found.text,
        expected=found.expected,
        actual=found.actual,
        position=found.position,
    )
    return failure, found.level


def shown(captures: Mapping[str, Json], redactor: Redactor) -> dict[str, str]:
    """Captures as they may be shown."""
    hidden = redactor.value(dict(captures))
    kept = hidden if isinstance(hidden, dict) else {}
    return {name: redactor.text(_flat(value))[:300] for name, value in kept.items()}


def _flat(value: Json) -> str:
    return show(value) if isinstance(value, list | dict) else text_of(value)
