"""Whether the condition of a step holds: what became of an earlier one, or what its response said."""

from synthprobe.agent.scene import Past, Scene
from synthprobe.agent.veils import veil
from synthprobe.core.assertions import evaluate
from synthprobe.core.outcomes import ends_run
from synthprobe.core.responses import Response
from synthprobe.core.results import StepOutcome, Verdict
from synthprobe.core.steps import Condition, Step, StepState
from synthprobe.core.templates import LookupFailed

_NOTHING = Response(status=None, headers=(), body=b"", duration=0.0, url="")
"""Stands for the response of a step that got none: every subject is missing in it."""


def unmet(step: Step, scene: Scene) -> str | None:
    """Why a step does not run, or None when nothing stands against it."""
    condition = step.condition
    if condition is None:
        return None
    past = scene.past.get(step.id.removesuffix(step.name) + condition.step, Past(StepOutcome.SKIPPED))
    if condition.state is not None:
        holds = _is(past, condition.state)
        return None if holds else f"if {condition.text}: it {_WORDS[past.outcome]}"
    return _unmet_assertions(condition, past, scene)


def _unmet_assertions(condition: Condition, past: Past, scene: Scene) -> str | None:
    for assertion in condition.assertions:
        try:
            found = evaluate(assertion, past.response or _NOTHING, scene.names, veil(assertion, scene))
        except LookupFailed as error:
            return f"if {condition.text}: {error}"
        if found.verdict is not Verdict.PASS:
            return scene.redactor.text(f"if {condition.text}: {found.actual}")
    return None


def _is(past: Past, state: StepState) -> bool:
    match state:
        case StepState.SENT:
            return past.sent
        case StepState.SKIPPED:
            return past.outcome is StepOutcome.SKIPPED
        case StepState.FAILED:
            return ends_run(past.outcome)
        case StepState.PASSED:
            return past.outcome in (StepOutcome.PASSED, StepOutcome.DEGRADED)


_WORDS = {
    StepOutcome.PASSED: "passed",
    StepOutcome.DEGRADED: "passed, degraded",
    StepOutcome.FAILED: "failed",
    StepOutcome.ERRORED: "failed, errored",
    StepOutcome.SKIPPED: "was skipped",
}
