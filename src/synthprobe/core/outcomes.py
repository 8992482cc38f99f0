"""What a run says of its check, from what its steps found (the table "Outcome by failure kind" of `docs/probes.md`)."""

from collections.abc import Iterable

from synthprobe.core.expectations import Level
from synthprobe.core.failures import OURS, SOFT, Failure, Kind
from synthprobe.core.results import Outcome, StepOutcome, StepResult

_BY_LEVEL = frozenset({Kind.ASSERTION, Kind.CAPTURE, Kind.DECLINED})


def step_outcome(failure: Failure | None, level: Level = Level.FAILED) -> StepOutcome:
    """What a step's failure makes of it; `level` is the failed assertion's, or what `classify` says of a decline."""
    if failure is None:
        return StepOutcome.PASSED
    if failure.kind in OURS:
        return StepOutcome.ERRORED
    by_level = failure.kind in _BY_LEVEL
    soft = level is Level.DEGRADED if by_level else failure.kind in SOFT
    return StepOutcome.DEGRADED if soft else StepOutcome.FAILED


def ends_run(outcome: StepOutcome) -> bool:
    """Whether the steps after one of this outcome are skipped (unless it says `continue_on_failure`)."""
    return outcome in (StepOutcome.FAILED, StepOutcome.ERRORED)


def stops(step: StepResult) -> bool:
    """As `ends_run`; a decline too, which has brought nothing that later steps could go on with."""
    return ends_run(step.outcome) or (step.failure is not None and step.failure.kind in SOFT)


def run_outcome(steps: Iterable[StepResult]) -> tuple[Outcome, Failure | None]:
    """The run's outcome and the failure that names it.

    The first failed or errored step decides: what follows it (`continue_on_failure`) may only be its consequence.
    """
    degraded: Failure | None = None
    for step in steps:
        if ends_run(step.outcome):
            return Outcome(step.outcome.value), step.failure
        if step.outcome is StepOutcome.DEGRADED and degraded is None:
            degraded = step.failure
    return (Outcome.DEGRADED, degraded) if degraded else (Outcome.PASSED, None)
