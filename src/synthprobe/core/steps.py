"""A step: one action with what is expected of it.

A kind is one frozen struct here (or in a module of its own beside this one), one member of `Action`, and one file in
`agent/steps/`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.awaits import Await
from synthprobe.core.expectations import Assertion, Capture, Level, Position, Subject
from synthprobe.core.money import Money
from synthprobe.core.protocols import Handshake, Iso8583, Question, Tcp
from synthprobe.core.requests import Request, Retry
from synthprobe.core.take_back import Undo
from synthprobe.core.templates import Value


class Poll(Struct, frozen=True):
    """Ask again and again until a state is reached."""

    request: Request
    until: tuple[Assertion, ...]
    """All must hold."""
    fail_if: tuple[Assertion, ...] = ()
    """One that holds ends it: the state can no longer be reached."""
    every: timedelta = timedelta(seconds=1)
    max_every: timedelta = timedelta(seconds=1)
    """The pause doubles up to this."""
    timeout: timedelta = timedelta(seconds=30)


class Resend(Struct, frozen=True):
    """Send what an earlier step sent: method, URL, body and key; with `exact` the very bytes of its headers too."""

    step: str
    exact: bool = False


class Pause(Struct, frozen=True):
    """Wait."""

    length: timedelta


class Use(Struct, frozen=True):
    """The steps of a fragment; their ids begin with that of the step that uses it, as `refund/create`."""

    file: str
    steps: "tuple[Step, ...]"
    inputs: Mapping[str, Value] = {}
    """Looked up where it is used; the fragment's steps know them as `${{ inputs.* }}`."""
    outputs: Mapping[str, Value] = {}
    """Looked up inside, when its steps are over; later steps know them as this step's captures."""


Action: TypeAlias = Request | Poll | Await | Resend | Pause | Use | Tcp | Handshake | Question | Iso8583
"""What a step does."""


class StepState(StrEnum):
    """What a condition asks of an earlier step."""

    PASSED = "passed"
    """Degraded or not, it did what it should."""
    FAILED = "failed"
    SKIPPED = "skipped"
    SENT = "sent"
    """Something of it left, whatever came of that."""


class Condition(Struct, frozen=True):
    """What must be so of an earlier step for a step to run: its state, or assertions about what came back to it."""

    step: str
    text: str
    """As a person reads it: `authorise is passed`."""
    state: StepState | None = None
    assertions: tuple[Assertion, ...] = ()


class Classify(Struct, frozen=True):
    """Where a response says that it declined, or could not decide; read whatever its status is."""

    source: Subject
    path: str | None
    declined: frozenset[str] = frozenset()
    technical: frozenset[str] = frozenset()
    outcome: Level = Level.DEGRADED
    """What a decline makes of the run."""


class Step(Struct, frozen=True):
    """One action of a probe with what is expected of it."""

    id: str
    """Within a fragment that of the step that uses it comes first: `refund/create`."""
    action: Action
    position: Position
    description: str = ""
    condition: Condition | None = None
    assertions: tuple[Assertion, ...] = ()
    captures: tuple[Capture, ...] = ()
    classify: Classify | None = None
    retry: Retry = Retry()
    money: Money | None = None
    """What it puts at stake."""
    undo: Undo | None = None
    timeout: timedelta | None = None
    """Whole step, retries included."""
    continue_on_failure: bool = False

    @property
    def name(self) -> str:
        """What the steps beside it call it."""
        return self.id.rpartition("/")[2]


def all_steps(steps: Sequence[Step]) -> Iterator[Step]:
    """Steps with those of the fragments they use behind each, in the order they run."""
    for step in steps:
        yield step
        if isinstance(step.action, Use):
            yield from all_steps(step.action.steps)


def requests_of(steps: Sequence[Step]) -> int:
    """How many requests the steps of a run make at least; what undo asks is counted as it is sent."""
    return sum(not isinstance(step.action, Use | Pause) for step in all_steps(steps))


def request_of(action: Action) -> Request | None:
    """The HTTP request that an action makes of its own."""
    match action:
        case Request():
            return action
        case Poll(request=request):
            return request
    return None
