"""Makes one run of a check: its steps in order, each acted, judged and recorded, under one trace.

A failing target is a value on the result. So is our own trouble (`script_error`, `secret_missing`, `prober_unwell`):
a run always ends with a result, unless it is cancelled from outside, which leaves none.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

import httpx

from synthprobe.agent import record, spans
from synthprobe.agent.judging import Judged, judge
from synthprobe.agent.names import names_of, now_names, run_names
from synthprobe.agent.progress import Listener, StepFinished, StepStarted
from synthprobe.agent.record import Finding
from synthprobe.agent.references import References
from synthprobe.agent.scene import Acted, Scene, Unsendable
from synthprobe.agent.secrets import SecretMissing, Secrets
from synthprobe.agent.steps import kind_of
from synthprobe.agent.stopwatch import Stopwatch, nanoseconds
from synthprobe.clock import Clock
from synthprobe.core.failures import TRANSPORT, Failure, Kind
from synthprobe.core.hosts import written_hosts
from synthprobe.core.outcomes import ends_run
from synthprobe.core.probes import Check, Step
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, Result, StepResult, Trigger, Verdict
from synthprobe.core.spans import Span
from synthprobe.core.templates import LookupFailed
from synthprobe.telemetry.redaction import always, redactor
from synthprobe.telemetry.tracing import OpenSpan, Tracing

log = logging.getLogger(__name__)


class Runner:
    """Runs checks through one transport; holds nothing of a run once it is over."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        tracing: Tracing,
        clock: Clock,
        new_id: Callable[[], str],
        secrets: Secrets,
        agent: str = "",
        references: References | None = None,
    ) -> None:
        self._transport = transport
        self._tracing = tracing
        self._clock = clock
        self._new_id = new_id
        self._secrets = secrets
        self._agent = agent
        self._references = references
        self._written: dict[str, tuple[Check, frozenset[str]]] = {}

    async def run(
        self,
        check: Check,
        *,
        trigger: Trigger,
        scheduled_at: datetime | None = None,
        attempt: int = 1,
        run_id: str | None = None,
        progress: Listener | None = None,
    ) -> Finished:
        """One run from its first step to its result. Cancelling it leaves no trace and no result."""
        scene = self._open(check, run_id or self._new_id(), trigger, attempt)
        ended = partial(record.run_result, scene, trigger=trigger, scheduled_at=scheduled_at, attempt=attempt)
        try:
            failure = self._prepare(scene, scheduled_at, attempt)
            steps = await _perform(scene, progress or _nobody, failure)
            result = await self._excused(ended(steps, failure=failure), check)
        except Exception as error:  # noqa: BLE001 - one broken run must not end the agent
            result = ended((), failure=_ours(error, scene, "this run"))
        except BaseException:
            scene.trace.abandon()
            raise
        return Finished(self._agent, result, _end(scene, result))

    def _open(self, check: Check, run_id: str, trigger: Trigger, attempt: int) -> Scene:
        watch = Stopwatch(self._clock)
        attributes = spans.run_attributes(check, run_id, trigger, attempt)
        trace = self._tracing.run(spans.run_name(check), attributes, nanoseconds(watch.started_at))
        return Scene(
            check=check,
            run_id=run_id,
            trace=trace,
            watch=watch,
            transport=self._transport,
            new_id=self._new_id,
            redactor=always(),
            written=self._hosts(check),
        )

    def _hosts(self, check: Check) -> frozenset[str]:
        """The hosts that a check's file names; the same for each of its runs, until the file is another."""
        known = self._written.get(check.key)
        if known is None or known[0] is not check:
            known = self._written[check.key] = (check, written_hosts(check))
        return known[1]

    def _prepare(self, scene: Scene, scheduled_at: datetime | None, attempt: int) -> Failure | None:
        """Fill the run's names; the failure, if the run cannot begin."""
        check, started_at = scene.check, scene.watch.started_at
        try:
            secrets = self._secrets.resolve(check.probe)
            scene.redactor = redactor(frozenset(secrets.values()), check.probe.redact)
            run = run_names(scene.run_id, check.region, attempt, scheduled_at, started_at)
            scene.names = names_of(check, run, secrets, started_at)
        except SecretMissing as error:
            position = error.position or check.probe.position
            return Failure(Kind.SECRET_MISSING, str(error), position=str(position))
        except LookupFailed as error:
            return Failure(Kind.SCRIPT_ERROR, str(error), position=str(check.probe.position))
        return None

    async def _excused(self, result: Result, check: Check) -> Result:
        """The result of a transport failure as ours, if the region's references fail too."""
        if self._references is None or result.outcome is not Outcome.FAILED:
            return result
        failure, region = result.failure, check.region
        if failure is None or failure.kind not in TRANSPORT:
            return result
        if not await self._references.unwell(region, check.probe.every):
            return result
        return record.region_unwell(result, failure, len(self._references.of(region)))


async def _perform(scene: Scene, progress: Listener, failure: Failure | None) -> tuple[StepResult, ...]:
    """Every step in order; after one that ends the run the rest is skipped."""
    results: list[StepResult] = []
    over = failure is not None
    for index, step in enumerate(scene.check.probe.steps):
        if over:
            result = record.skipped(step)
        else:
            progress(StepStarted(index, step))
            result = await _step(step, scene)
            over = ends_run(result.outcome) and not step.continue_on_failure
        results.append(result)
        progress(StepFinished(index, result))
    return tuple(results)


async def _step(step: Step, scene: Scene) -> StepResult:
    """One step under its span."""
    started_at = scene.watch.now()
    scene.names["now"] = now_names(started_at)
    span = scene.trace.step(step.id, nanoseconds(started_at))
    finding = await _find(step, scene, span)
    result = record.step_result(step, finding, scene, started_at=started_at, span_id=span.span_id)
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
    return result


async def _find(step: Step, scene: Scene, span: OpenSpan) -> Finding:
    """Act and judge; what goes wrong on our side becomes a failure of the step too."""
    acted = Acted()
    try:
        acted = await _act(step, scene, span)
        judged = judge(step, acted.response, scene) if acted.response else Judged(failure=acted.failure)
        return Finding(acted, judged, judged.failure, judged.level)
    except (LookupFailed, Unsendable) as error:
        return Finding(acted, Judged(), Failure(Kind.SCRIPT_ERROR, str(error)))
    except Exception as error:  # noqa: BLE001 - whatever our own bug is, the run ends with a result that says so
        return Finding(acted, Judged(), _ours(error, scene, f"step {step.id}"))


def _ours(error: Exception, scene: Scene, where: str) -> Failure:
    """The failure that stands for a bug of ours; its traceback is for the log only."""
    log.error("%s of %s (run %s) broke the agent", where, scene.check.key, scene.run_id, exc_info=error)
    message = f"synthprobe itself failed in {where} ({type(error).__name__}); the agent's log has the details"
    return Failure(Kind.PROBER_UNWELL, message)


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


def _end(scene: Scene, result: Result) -> tuple[Span, ...]:
    bad = result.failure if result.outcome in (Outcome.FAILED, Outcome.ERRORED) else None
    return scene.trace.end(
        nanoseconds(result.ended_at),
        error_type=bad.kind.value if bad else None,
        message=bad.message if bad else "",
        attributes=spans.run_end_attributes(result.outcome, result.failure, result.signature),
    )


def _nobody(_: object) -> None:
    """Listens to no progress."""
