"""Turns what a step and a run found into results: redacted, and with bodies only where they explain a failure."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct, structs

from synthprobe.agent.judging import Judged, shown
from synthprobe.agent.scene import Acted, Attempt, Scene
from synthprobe.agent.steps import kind_of
from synthprobe.core.exchanges import Exchange
from synthprobe.core.expectations import Level
from synthprobe.core.failures import TRANSPORT, Failure, Kind, Unwell, signature
from synthprobe.core.outcomes import run_outcome, step_outcome
from synthprobe.core.results import Outcome, Result, StepOutcome, StepResult, Trigger
from synthprobe.core.steps import Step, Use
from synthprobe.telemetry.redaction import Redactor

MOST_EXCHANGES = 20
"""Of one step, in its result; all have their spans."""


class Finding(Struct, frozen=True):
    """Everything one step brought home, before it is made fit to be shown."""

    acted: Acted
    judged: Judged
    failure: Failure | None = None
    level: Level = Level.FAILED


def step_result(
    step: Step, finding: Finding, scene: Scene, *, started_at: datetime, span_id: str
) -> StepResult:
    """What one step found, fit to be shown."""
    failure = hidden(finding.failure, step, scene.redactor)
    outcome = step_outcome(failure, finding.level)
    fine = outcome in (StepOutcome.PASSED, StepOutcome.DEGRADED)
    attempts = finding.acted.attempts
    return StepResult(
        id=step.id,
        kind=kind_of(step).name,
        outcome=outcome,
        started_at=started_at,
        duration=(scene.watch.now() - started_at).total_seconds(),
        assertions=(*finding.acted.assertions, *finding.judged.assertions),
        captures=shown(finding.judged.captures, scene.redactor),
        exchanges=tuple(exchange(each, scene.redactor, keep_bodies=not fine) for each in _most(attempts)),
        failure=failure,
        passed_after_retry=fine and finding.acted.repeats > 0,
        span_id=span_id,
        position=str(step.position),
        description=step.description,
    )


def _most(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """Of very many, as of a long poll, the first and the newest."""
    return attempts if len(attempts) <= MOST_EXCHANGES else (*attempts[:1], *attempts[1 - MOST_EXCHANGES :])


def skipped(step: Step, why: str = "") -> Iterator[StepResult]:
    """The results of a step that was not begun, and of those of its fragment: an earlier one ended the run, or `why`."""
    yield StepResult(
        id=step.id,
        kind=kind_of(step).name,
        outcome=StepOutcome.SKIPPED,
        position=str(step.position),
        description=step.description,
        why=why,
    )
    if isinstance(step.action, Use):
        for inner in step.action.steps:
            yield from skipped(inner, why)


def hidden(failure: Failure | None, step: Step | None, redactor: Redactor) -> Failure | None:
    """A failure that names its step and holds no secret."""
    if failure is None:
        return None
    placed = (
        {"step": failure.step or step.id, "position": failure.position or str(step.position)} if step else {}
    )
    return structs.replace(failure, message=redactor.text(failure.message), **placed)


def run_result(
    scene: Scene,
    steps: tuple[StepResult, ...],
    *,
    trigger: Trigger,
    scheduled_at: datetime | None,
    attempt: int,
    failure: Failure | None,
) -> Result:
    """What the run found; `failure` is of a run that could not begin its steps."""
    outcome, first = run_outcome((_unbegun(failure),) if failure else steps)
    check = scene.check
    return Result(
        run_id=scene.run_id,
        check=check.key,
        probe=check.probe.name,
        region=check.region,
        row=check.row.id if check.row else None,
        trigger=trigger,
        outcome=outcome,
        started_at=scene.watch.started_at,
        ended_at=scene.watch.now(),
        trace_id=scene.trace.trace_id,
        definition=check.probe.definition,
        scheduled_at=scheduled_at,
        steps=steps,
        failure=first,
        signature=signature(first) if first else "",
        passed_after_retry=any(step.passed_after_retry for step in steps),
        attempt=attempt,
    )


def over_budget(result: Result, failure: Failure, budget: str) -> Result:
    """A run whose target had too many calls, when our own budget for it was used up: our doing."""
    message = f"{failure.message}; our own budget {budget} is used up, so it was us (SYNTHPROBE_BUDGETS)"
    return structs.replace(result, outcome=Outcome.ERRORED, failure=structs.replace(failure, message=message))


def region_unwell(result: Result, failure: Failure, references: int) -> Result:
    """A failed run that says nothing of its target: the references of its region failed too."""
    silent = (
        f"none of its {references} references answers either"
        if references > 1
        else "its reference is silent too"
    )
    ours = structs.replace(
        failure,
        kind=Kind.PROBER_UNWELL,
        message=f"{result.region} is unwell, {silent}: {failure.message}",
        verdict=Unwell.REGION,
    )
    steps = tuple(
        structs.replace(step, outcome=StepOutcome.ERRORED)
        if step.outcome is StepOutcome.FAILED and step.failure and step.failure.kind in TRANSPORT
        else step
        for step in result.steps
    )
    return structs.replace(
        result, outcome=Outcome.ERRORED, failure=ours, signature=signature(ours), steps=steps
    )


def _unbegun(failure: Failure) -> StepResult:
    return StepResult(id="", kind="", outcome=step_outcome(failure), failure=failure)


def exchange(attempt: Attempt, redactor: Redactor, *, keep_bodies: bool) -> Exchange:
    """One attempt, fit to be shown."""
    sent, response, sighting = attempt.sent, attempt.response, attempt.sighting
    return Exchange(
        method=sent.method,
        url=redactor.url(sent.url),
        url_template=attempt.url_template,
        started_at=sighting.started_at,
        duration=sighting.duration,
        phases=sighting.phases,
        resend_count=attempt.resend_count,
        request_headers=redactor.headers(sent.headers),
        request_body=_body(sent.body, sent.content_type, redactor) if keep_bodies else None,
        status=response.status if response else None,
        response_headers=redactor.headers(response.headers) if response else (),
        response_body=_body(response.body, response.header("content-type"), redactor)
        if response and keep_bodies
        else None,
        http_version=sighting.http_version,
        peer=sighting.peer,
        addresses=sighting.addresses,
        tls=sighting.tls,
        span_id=attempt.span_id,
        failure=hidden(attempt.failure, None, redactor),
    )


def _body(body: bytes, content_type: str | None, redactor: Redactor) -> str | None:
    return redactor.body(body, content_type or "") if body else None
