"""Does the steps of a run, or of a fragment, in their order: each acted, judged and recorded under its own span."""

import logging
from collections.abc import Sequence

from synthprobe.agent import record, spans
from synthprobe.agent.arrivals import arrival_of
from synthprobe.agent.conditions import unmet
from synthprobe.agent.judging import Judged, judge
from synthprobe.agent.names import now_names
from synthprobe.agent.progress import StepFinished, StepStarted
from synthprobe.agent.record import Finding
from synthprobe.agent.scene import Acted, Past, Scene, TooMuch, Unsendable
from synthprobe.agent.steps import kind_of
from synthprobe.agent.stopwatch import nanoseconds
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.ledger import Arrival
from synthprobe.core.money import NoMoney
from synthprobe.core.outcomes import ends_run, stops
from synthprobe.core.requests import Request
from synthprobe.core.results import StepOutcome, StepResult, Verdict
from synthprobe.core.steps import Resend, Step
from synthprobe.core.templates import LookupFailed
from synthprobe.stores.errors import StoreError
from synthprobe.telemetry.tracing import OpenSpan

log = logging.getLogger(__name__)


async def perform(steps: Sequence[Step], scene: Scene, parent: OpenSpan | None) -> tuple[StepResult, ...]:
    """Every step in order, each before those of its fragment; after one that stops the run the rest is skipped."""
    results: list[StepResult] = []
    over = False
    for step in steps:
        if over:
            results += _skip(step, scene)
        elif (why := unmet(step, scene)) is not None:
            results += _skip(step, scene, why)
        else:
            scene.progress(StepStarted(step))
            made = await _step(step, scene, parent)
            scene.progress(StepFinished(made[0]))
            over = stops(made[0]) and not step.continue_on_failure
            results += made
    return tuple(results)


def skip_all(steps: Sequence[Step], scene: Scene) -> tuple[StepResult, ...]:
    """The results of steps none of which is begun."""
    return tuple(result for step in steps for result in _skip(step, scene))


def ours(error: Exception, scene: Scene, where: str) -> Failure:
    """The failure that stands for a bug of ours; its traceback is for the log only."""
    log.error("%s of %s (run %s) broke the agent", where, scene.check.key, scene.run_id, exc_info=error)
    message = f"synthprobe itself failed in {where} ({type(error).__name__}); the agent's log has the details"
    return Failure(Kind.PROBER_UNWELL, message)


def _skip(step: Step, scene: Scene, why: str = "") -> list[StepResult]:
    results = list(record.skipped(step, why))
    for result in results:
        scene.past[result.id] = Past(StepOutcome.SKIPPED)
        scene.progress(StepFinished(result))
    return results


async def _step(step: Step, scene: Scene, parent: OpenSpan | None) -> tuple[StepResult, ...]:
    """One step under its span, and behind it those of its fragment."""
    started_at = scene.watch.now()
    scene.names["now"] = now_names(started_at)
    span = scene.trace.step(step.id, nanoseconds(started_at), parent_id=parent.span_id if parent else "")
    finding = await _find(step, scene, span)
    result = record.step_result(step, finding, scene, started_at=started_at, span_id=span.span_id)
    scene.past[step.id] = _past(step, result, finding.acted, scene)
    for assertion in result.assertions:
        if assertion.verdict is not Verdict.PASS:
            span.event("assertion failed", scene.watch.now_ns(), spans.assertion_attributes(assertion))
    failed = result.failure if ends_run(result.outcome) else None
    span.end(
        scene.watch.now_ns(),
        error_type=failed.kind.value if failed else None,
        message=failed.message if failed else "",
        attributes=spans.step_end_attributes(result),
    )
    return (result, *finding.acted.nested)


def _past(step: Step, result: StepResult, acted: Acted, scene: Scene) -> Past:
    sent = any(attempt.may_have_arrived for attempt in acted.attempts)
    inside = any(scene.past[each.id].sent for each in acted.nested)
    kind = result.failure.kind if result.failure else None
    return Past(result.outcome, sent or inside, acted.response, kind, result.started_at)


async def _find(step: Step, scene: Scene, span: OpenSpan) -> Finding:
    """Act and judge; what goes wrong on our side becomes a failure of the step too."""
    acted = Acted()
    try:
        acted = await _acted(step, scene, span)
        judged = _judged(step, acted, scene)
        if judged.failure is not None and judged.failure.kind is Kind.DECLINED:
            scene.effects.after(step, Arrival.REFUSED)
        return Finding(acted, judged, judged.failure, judged.level)
    except TooMuch as error:
        return Finding(acted, Judged(), Failure(Kind.EXPOSURE, str(error)))
    except StoreError as error:
        return Finding(acted, Judged(), Failure(Kind.PROBER_UNWELL, f"{_UNWRITTEN}: {error}"))
    except (LookupFailed, Unsendable, NoMoney) as error:
        place = error.position if isinstance(error, Unsendable) else None
        failure = Failure(Kind.SCRIPT_ERROR, str(error), position=str(place) if place else None)
        return Finding(acted, Judged(), failure)
    except Exception as error:  # noqa: BLE001 - whatever our own bug is, the run ends with a result that says so
        return Finding(acted, Judged(), ours(error, scene, f"step {step.id}"))


async def _acted(step: Step, scene: Scene, span: OpenSpan) -> Acted:
    """Act: what may come of it is written down before, and what became of it noted after."""
    await scene.effects.before(step)
    arrival = Arrival.UNKNOWN
    try:
        acted = await _act(step, scene, span)
        inside = any(scene.past[each.id].sent for each in acted.nested)
        arrival = Arrival.UNKNOWN if inside else arrival_of(acted.attempts)
    except (LookupFailed, Unsendable):
        if isinstance(step.action, Request | Resend):
            # They look everything up before anything of it leaves.
            arrival = Arrival.NOTHING
        raise
    finally:
        scene.effects.after(step, arrival)
    return acted


_UNWRITTEN = "what this step may make could not be written into the undo ledger, so it was not sent"


def _judged(step: Step, acted: Acted, scene: Scene) -> Judged:
    if acted.failure is not None or acted.response is None:
        return Judged(captures=acted.captures, failure=acted.failure, level=acted.level)
    return judge(step, acted.response, scene)


async def _act(step: Step, scene: Scene, span: OpenSpan) -> Acted:
    seconds = scene.remaining()
    if seconds <= 0:
        whole = scene.check.probe.timeout.total_seconds()
        return Acted(
            failure=Failure(Kind.TIMEOUT, f"the run's timeout of {whole:g} s was over before this step began")
        )
    if step.timeout is not None:
        seconds = min(seconds, step.timeout.total_seconds())
    return await kind_of(step).act(step, scene, span, seconds)
