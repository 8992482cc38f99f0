"""What the steps of one run share, and what one step's action brought home."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

import httpx
from msgspec import Struct

from synthprobe.agent.hooks import Hooks
from synthprobe.agent.progress import Listener
from synthprobe.agent.stopwatch import Stopwatch
from synthprobe.agent.tokens import Tokens
from synthprobe.core.comparisons import text_of
from synthprobe.core.egress import canonical, host_matches
from synthprobe.core.expectations import Level, Position
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.ledger import Arrival
from synthprobe.core.probes import Check
from synthprobe.core.requests import Request
from synthprobe.core.responses import Response
from synthprobe.core.results import AssertionResult, StepOutcome, StepResult
from synthprobe.core.steps import Step
from synthprobe.core.templates import Json
from synthprobe.telemetry.redaction import Redactor
from synthprobe.telemetry.tracing import OpenSpan, RunTrace
from synthprobe.wire.keeping import Keeping
from synthprobe.wire.lines import Lines
from synthprobe.wire.sighting import Sighting


class Sent(Struct, frozen=True):
    """What was said in one exchange, unredacted; of another protocol than HTTP its name is the method (`DNS`)."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = ""


class Attempt(Struct, frozen=True):
    """One wire attempt, unredacted: it is recorded when the step is over and all that is secret is known."""

    sent: Sent
    url_template: str
    resend_count: int
    sighting: Sighting
    span_id: str
    response: Response | None = None
    failure: Failure | None = None
    preliminary: bool = False
    """Whether it only fetched what the step's own request needs, a token."""

    @property
    def may_have_arrived(self) -> bool:
        """Whether any byte of the step's own request left."""
        return self.sighting.bytes_sent and not self.preliminary


class Acted(Struct, frozen=True):
    """What an action brought home: its attempts in order, and the response to judge or why there is none."""

    attempts: tuple[Attempt, ...] = ()
    """Every exchange, the hops of redirects among them."""
    repeats: int = 0
    """How often the whole was begun again."""
    response: Response | None = None
    failure: Failure | None = None
    level: Level = Level.FAILED
    """Of the failure."""
    assertions: tuple[AssertionResult, ...] = ()
    """What the action itself found to hold, or not: `until` of a poll."""
    nested: tuple[StepResult, ...] = ()
    """Of the steps of a fragment."""
    captures: Mapping[str, Json] = {}
    """What it gives beside the step's own captures."""


class Past(Struct, frozen=True):
    """What became of a step, for conditions of later ones."""

    outcome: StepOutcome
    sent: bool = False
    response: Response | None = None
    kind: Kind | None = None
    """Of its failure."""
    started_at: datetime | None = None

    @property
    def did_it(self) -> bool:
        """Whether it did what it is for: also slower or otherwise not as it should, but not when it was declined."""
        if self.outcome is StepOutcome.DEGRADED:
            return self.kind is Kind.ASSERTION
        return self.outcome is StepOutcome.PASSED


class Prepared(Struct, frozen=True):
    """A request with every reference filled: the same on every retry."""

    method: str
    url: httpx.URL
    headers: tuple[tuple[str, str], ...]
    content: bytes


class Shipped(Struct, frozen=True):
    """The request that a step made, for `resend`."""

    action: Request
    prepared: Prepared
    request: httpx.Request
    """As it was sent first, headers and all."""


class Effects(Protocol):
    """What the steps of a run may have made, and how that is taken back."""

    async def before(self, step: Step) -> None:
        """Write down what a step may make; whatever this raises, the step must not be sent."""
        ...

    def after(self, step: Step, arrival: Arrival) -> None:
        """Note what became of what the step sent."""
        ...


Perform: TypeAlias = "Callable[[Sequence[Step], Scene, OpenSpan], Awaitable[tuple[StepResult, ...]]]"
"""Does some steps in order, each under a span below the given one."""


@dataclass
class Scene:
    """One run while it runs: `names` and `redactor` grow with each capture."""

    check: Check
    run_id: str
    trace: RunTrace
    watch: Stopwatch
    transport: httpx.AsyncBaseTransport
    new_id: Callable[[], str]
    redactor: Redactor
    written: frozenset[str]
    """The hosts that the probe's file names in URLs."""
    perform: "Perform"
    """How the steps of a fragment are done."""
    progress: Listener
    effects: Effects
    passed_before: bool = False
    """Whether this definition of the check has passed before."""
    keeping: Keeping = field(default_factory=Keeping)
    """The connections it keeps between requests that say so."""
    names: dict[str, Json] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    """By the step's whole id."""
    shipped: dict[str, Shipped] = field(default_factory=dict)
    """By the step's whole id."""
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    """Of requests with `cookies: run`."""
    tokens: Tokens = field(default_factory=Tokens)
    """Of `auth`; shared by the agent's runs."""
    lines: Lines | None = None
    """For what is not HTTP; None where there is no network."""
    hooks: Hooks | None = None
    """Where inbound webhooks come in; None where none do."""
    taken: set[int] = field(default_factory=set)
    """Deliveries that a step has waited for: no other step of the run takes them for its own."""
    ends: float | None = None
    """When the step must be over whose fragment is being done, by the watch."""

    def remaining(self) -> float:
        """Seconds until the whole run's timeout, or that of the step whose fragment is being done."""
        whole = self.check.probe.timeout.total_seconds()
        return min(whole, whole if self.ends is None else self.ends) - self.watch.elapsed()

    def knows_host(self, host: str) -> bool:
        """Whether the probe's file names a host: in a URL of its own, or in `safety.hosts`."""
        return canonical(host) in self.written or host_matches(host, self.check.probe.safety.hosts)

    def learn(self, step: Step, captures: Mapping[str, Json], *, secret: Collection[str]) -> None:
        """Make a step's captures known to later steps, and hide the secret ones from all that is shown."""
        known = self.names["steps"]
        assert isinstance(known, dict)
        known[step.name] = dict(captures)
        if secret:
            self.redactor = self.redactor.with_secrets(
                text_of(value)
                for name, value in captures.items()
                if name in secret and not isinstance(value, list | dict)
            )


class TooMuch(ValueError):
    """A step would move more money than its probe allows: `exposure`, and it is not sent."""


class Unsendable(ValueError):
    """What the templates make cannot be sent at all: the probe's own fault, a `script_error`."""

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(message)
        self.position = position
        """Where the fault is, if not in the step."""
