"""What a run found: stored and sent, so these are documents that tolerate unknown fields and carry a version.

Every text here that came from outside (headers, bodies, expected, actual) was redacted where it was made.
Durations are seconds (float); instants are aware UTC.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.exchanges import Exchange
from synthprobe.core.expectations import Level
from synthprobe.core.failures import Failure
from synthprobe.core.probes import AlertRule
from synthprobe.core.slo import Slo

VERSION = 1


class Outcome(StrEnum):
    """What a run says of its check: failed is the target's fault, errored is ours."""

    PASSED = "passed"
    DEGRADED = "degraded"
    FAILED = "failed"
    ERRORED = "errored"


class StepOutcome(StrEnum):
    """What became of one step."""

    PASSED = "passed"
    DEGRADED = "degraded"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


class Trigger(StrEnum):
    """Why a run was made; only `schedule` is a slot."""

    SCHEDULE = "schedule"
    CONFIRM = "confirm"
    """A further sample before the first page."""
    WHILE_FAILING = "while_failing"
    """A further sample between two slots, of a check that fails."""
    MANUAL = "manual"


class Verdict(StrEnum):
    """Of one assertion: error means it could not be evaluated, which is a failure too."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    ERROR = "error"


class AssertionResult(Struct, frozen=True, omit_defaults=True):
    """One assertion with expected and actual, whichever way it went."""

    text: str
    verdict: Verdict
    level: Level
    expected: str
    actual: str
    position: str
    message: str = ""
    """Why it could not be evaluated, when it could not."""


class StepResult(Struct, frozen=True, omit_defaults=True):
    """What one step found; `captures` are redacted texts. The steps of a fragment follow the step that uses it."""

    id: str
    """Of a step inside a fragment: `refund/create`."""
    kind: str
    outcome: StepOutcome
    started_at: datetime | None = None
    duration: float = 0.0
    assertions: tuple[AssertionResult, ...] = ()
    captures: Mapping[str, str] = {}
    exchanges: tuple[Exchange, ...] = ()
    failure: Failure | None = None
    passed_after_retry: bool = False
    span_id: str = ""
    position: str = ""
    description: str = ""
    why: str = ""
    """Of a step that was skipped though nothing had failed: the condition that did not hold."""


class UndoState(StrEnum):
    """Where the taking back of a step's effect stands."""

    DONE = "done"
    OWED = "owed"
    """It is tried again, for ever."""
    SPARED = "spared"
    """Not needed: another step of the run took it back, or nothing had left us."""
    SETTLED = "settled"
    """A person said that it is settled."""


class UndoResult(Struct, frozen=True, omit_defaults=True):
    """What became of one step's undo at the end of its run."""

    step: str
    state: UndoState
    why: str
    started_at: datetime | None = None
    duration: float = 0.0
    stake: str = ""
    """Amount and currency, where the step put money at stake."""
    exchanges: tuple[Exchange, ...] = ()
    span_id: str = ""


class Result(Struct, frozen=True, omit_defaults=True):
    """What one run found. The check is named by value, so that a result outlives its probe file."""

    run_id: str
    check: str
    """The check's key."""
    probe: str
    region: str
    trigger: Trigger
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    trace_id: str
    """32 hex digits, leading zeros kept."""
    definition: str
    row: str | None = None
    scheduled_at: datetime | None = None
    """The slot's start, when the run is a slot."""
    steps: tuple[StepResult, ...] = ()
    failure: Failure | None = None
    """The first failure: the one that names the alert."""
    signature: str = ""
    passed_after_retry: bool = False
    attempt: int = 1
    undo: tuple[UndoResult, ...] = ()
    """What was taken back after the steps, the last step first; it changes nothing of the outcome."""
    version: int = VERSION

    @property
    def duration(self) -> float:
        """Seconds from start to end of the run."""
        return (self.ended_at - self.started_at).total_seconds()


class Fate(StrEnum):
    """What became of a slot; exactly one each."""

    RAN = "ran"
    SKIPPED = "skipped"
    MISSED = "missed"
    INTERRUPTED = "interrupted"
    OFF = "off"
    """Nothing was to run: outside its hours, paused by its file, or halted by a person."""


class SlotRange(Struct, frozen=True, omit_defaults=True):
    """Consecutive slots of one check that shared a fate other than `ran`."""

    check: str
    fate: Fate
    first_at: datetime
    last_at: datetime
    count: int
    why: str = ""
    """`overlap`, `concurrency`, `down`, …; a closed word, not prose."""
    run_id: str = ""
    """Of an interrupted run."""


class CheckInfo(Struct, frozen=True, omit_defaults=True):
    """What the router must know of a check it will hear from."""

    key: str
    probe: str
    region: str
    every: float
    """Seconds; of one that starts by `cron` the shortest time between two starts."""
    definition: str
    labels: Mapping[str, str] = {}
    """The probe's own labels plus owner."""
    row: str | None = None
    row_label: str | None = None
    row_values: Mapping[str, str] = {}
    cron: str = ""
    timezone: str = ""
    longest: float = 0.0
    """Seconds between two starts at most, where that is more than `every`: nothing is heard for so long."""
    slo: Slo | None = None
    owner: str = ""
    description: str = ""
    runbook: str = ""
    environment: str = "sandbox"
    paused: str = ""
    """Why none of its slots is run for now; empty: they are."""
    rule: AlertRule = AlertRule()
    file: str = ""
    source: str = ""
    """The YAML as written, for the probe page; it holds references to secrets, never secrets."""
