"""Makes one run of a check: its steps in order, each acted, judged and recorded, under one trace.

A failing target is a value on the result. So is our own trouble (`script_error`, `secret_missing`, `prober_unwell`):
a run always ends with a result, unless it is cancelled from outside, which leaves none.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

import anyio
import httpx
from msgspec.structs import replace

from synthprobe.agent import record, spans
from synthprobe.agent.effects import RunEffects
from synthprobe.agent.exposure import Exposure
from synthprobe.agent.hooks import Hooks
from synthprobe.agent.ledger import Ledger
from synthprobe.agent.names import names_of, run_names
from synthprobe.agent.passes import Passes
from synthprobe.agent.performing import ours, perform, skip_all
from synthprobe.agent.progress import Listener
from synthprobe.agent.references import References
from synthprobe.agent.scene import Scene
from synthprobe.agent.secrets import SecretMissing, Secrets
from synthprobe.agent.stopwatch import Stopwatch, nanoseconds
from synthprobe.agent.tokens import Tokens
from synthprobe.agent.undoing import Tempo
from synthprobe.buses import BusError
from synthprobe.clock import Clock
from synthprobe.core.failures import TRANSPORT, Failure, Kind
from synthprobe.core.hooks import run_token, url_of
from synthprobe.core.hosts import written_hosts
from synthprobe.core.probes import Check, wants_hooks
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, Result, Trigger, UndoResult
from synthprobe.core.spans import Span
from synthprobe.core.templates import LookupFailed
from synthprobe.stores.errors import StoreError
from synthprobe.telemetry.redaction import always, redactor
from synthprobe.telemetry.tracing import Tracing
from synthprobe.wire.lines import Lines

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
        passes: Passes | None = None,
        ledger: Ledger | None = None,
        tempo: Tempo = Tempo(),  # noqa: B008 - immutable
        undo_grace: float = 3.0,
        lines: Lines | None = None,
        hooks: Hooks | None = None,
        drained: Callable[[Check], bool] = lambda _: False,
        draw: Callable[[str, int], None] = lambda _, __: None,
    ) -> None:
        self._drained = drained
        self._draw = draw
        self._failing: set[str] = set()
        self._transport = transport
        self._tracing = tracing
        self._clock = clock
        self._new_id = new_id
        self._secrets = secrets
        self._agent = agent
        self._references = references
        self._passes = passes or Passes()
        self._ledger = ledger or Ledger.unkept()
        self._exposure = Exposure(self._ledger)
        self._tempo = tempo
        self._undo_grace = undo_grace
        self._lines = lines
        self._tokens = Tokens()
        self._hooks = hooks
        self._written: dict[str, tuple[Check, frozenset[str]]] = {}
        self._waiting: dict[str, tuple[Check, bool]] = {}

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
        """One run from its first step to its result, and the undo of its steps.

        Cancelling it leaves no trace and no result, but what it made is taken back, or stays in the ledger.
        """
        run_id = run_id or self._new_id()
        effects = RunEffects(self._ledger, self._agent, self._tempo, self._draw)
        scene = self._open(check, run_id, trigger, attempt, progress or _nobody, effects)
        effects.scene = scene
        ended = partial(record.run_result, scene, trigger=trigger, scheduled_at=scheduled_at, attempt=attempt)
        try:
            failure = self._admit(check, run_id) or await self._prepare(scene, scheduled_at, attempt)
            steps = (
                skip_all(check.probe.steps, scene)
                if failure
                else await perform(check.probe.steps, scene, None)
            )
            result = await self._excused(ended(steps, failure=failure), check)
            result = replace(result, undo=await _settle(effects, check.probe.undo_timeout.total_seconds()))
        except Exception as error:  # noqa: BLE001 - one broken run must not end the agent
            result = ended((), failure=ours(error, scene, "this run"))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await _settle(effects, self._undo_grace)
            scene.trace.abandon()
            raise
        finally:
            scene.keeping.close()
            self._ledger.end(run_id)
        (self._failing.add if result.outcome is Outcome.FAILED else self._failing.discard)(check.key)
        return Finished(self._agent, result, _end(scene, result))

    def _admit(self, check: Check, run_id: str) -> Failure | None:
        """The failure, if the run would put too much at stake; one that was admitted before is."""
        refused = self._exposure.admit(check, run_id)
        if refused is None:
            return None
        return Failure(Kind.EXPOSURE, refused.text, position=str(check.probe.position))

    def _open(
        self,
        check: Check,
        run_id: str,
        trigger: Trigger,
        attempt: int,
        progress: Listener,
        effects: RunEffects,
    ) -> Scene:
        watch = Stopwatch(self._clock)
        attributes = spans.run_attributes(check, run_id, trigger, attempt)
        trace = self._tracing.run(spans.run_name(check), attributes, nanoseconds(watch.started_at))
        trace.sampled = check.key in self._failing or int(trace.trace_id[:8], 16) % check.probe.trace == 0
        return Scene(
            check=check,
            run_id=run_id,
            trace=trace,
            watch=watch,
            transport=self._transport,
            tokens=self._tokens,
            lines=self._lines,
            new_id=self._new_id,
            redactor=always(),
            written=self._hosts(check),
            perform=perform,
            progress=progress,
            passed_before=self._passes.has(check.key, check.probe.definition),
            effects=effects,
            hooks=self._hooks,
        )

    def _wants_hooks(self, check: Check) -> bool:
        known = self._waiting.get(check.key)
        if known is None or known[0] is not check:
            known = self._waiting[check.key] = (check, wants_hooks(check.probe))
        return known[1]

    def _hosts(self, check: Check) -> frozenset[str]:
        """The hosts that a check's file names; the same for each of its runs, until the file is another."""
        known = self._written.get(check.key)
        if known is None or known[0] is not check:
            known = self._written[check.key] = (check, written_hosts(check))
        return known[1]

    async def _prepare(self, scene: Scene, scheduled_at: datetime | None, attempt: int) -> Failure | None:
        """Fill the run's names; the failure, if the run cannot begin."""
        check, started_at = scene.check, scene.watch.started_at
        try:
            secrets = await self._secrets.resolve(check.probe)
            scene.redactor = redactor(frozenset(secrets.values()), check.probe.redact)
            callback = await self._callback(check, scene.run_id)
            if callback:
                # Whoever knows it may deliver.
                scene.redactor = scene.redactor.with_secrets([callback.rpartition("/")[2]])
            run = run_names(scene.run_id, check.region, attempt, scheduled_at, started_at, callback)
            scene.names = names_of(check, run, secrets, started_at)
        except SecretMissing as error:
            position = error.position or check.probe.position
            return Failure(Kind.SECRET_MISSING, str(error), position=str(position))
        except BusError as error:
            return Failure(Kind.PROBER_UNWELL, f"no webhook could be delivered to this run: {error}")
        except LookupFailed as error:
            return Failure(Kind.SCRIPT_ERROR, str(error), position=str(check.probe.position))
        return None

    async def _callback(self, check: Check, run_id: str) -> str:
        """The URL for this run's webhooks; empty where the probe has no use for one. Raises `BusError`."""
        if self._hooks is None or not self._wants_hooks(check):
            return ""
        terms = await self._hooks.terms()
        return url_of(terms, run_token(terms.key, run_id))

    async def _excused(self, result: Result, check: Check) -> Result:
        """The result as ours, if our budget was the cause, or if the region's references fail too."""
        limited = result.failure
        if limited and limited.kind is Kind.RATE_LIMITED and self._drained(check):
            return record.over_budget(result, limited, check.probe.safety.budget)
        if self._references is None or result.outcome is not Outcome.FAILED:
            return result
        failure, region = result.failure, check.region
        if failure is None or failure.kind not in TRANSPORT:
            return result
        if not await self._references.unwell(region, check.probe.every):
            return result
        return record.region_unwell(result, failure, len(self._references.of(region)))


async def _settle(effects: RunEffects, seconds: float) -> tuple[UndoResult, ...]:
    """Take back what a run made; whatever goes wrong with that, the run's result is what it is."""
    try:
        return await effects.settle(seconds)
    except StoreError as error:
        left = "what run %s made could not all be taken back, it is tried again: %s"
        log.error(left, effects.scene.run_id, error)  # noqa: TRY400 - known
        return ()
    except Exception:
        log.exception("the undo of run %s broke; it is tried again", effects.scene.run_id)
        return ()


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
