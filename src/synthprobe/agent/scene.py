"""What the steps of one run share, and what one step's action brought home."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import httpx
from msgspec import Struct

from synthprobe.agent.stopwatch import Stopwatch
from synthprobe.core.comparisons import text_of
from synthprobe.core.egress import canonical, host_matches
from synthprobe.core.failures import Failure
from synthprobe.core.probes import Check
from synthprobe.core.responses import Response
from synthprobe.core.templates import Json
from synthprobe.telemetry.redaction import Redactor
from synthprobe.telemetry.tracing import RunTrace
from synthprobe.wire.sighting import Sighting


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
    names: dict[str, Json] = field(default_factory=dict)

    def remaining(self) -> float:
        """Seconds until the whole run's timeout."""
        return self.check.probe.timeout.total_seconds() - self.watch.elapsed()

    def knows_host(self, host: str) -> bool:
        """Whether the probe's file names a host: in a URL of its own, or in `safety.hosts`."""
        return canonical(host) in self.written or host_matches(host, self.check.probe.safety.hosts)

    def learn(self, step: str, captures: Mapping[str, Json], *, secret: Collection[str]) -> None:
        """Make a step's captures known to later steps, and hide the secret ones from all that is shown."""
        known = self.names["steps"]
        assert isinstance(known, dict)
        known[step] = dict(captures)
        if secret:
            self.redactor = self.redactor.with_secrets(
                text_of(value)
                for name, value in captures.items()
                if name in secret and not isinstance(value, list | dict)
            )


class Attempt(Struct, frozen=True):
    """One wire attempt, unredacted: it is recorded when the step is over and all that is secret is known."""

    request: httpx.Request
    url_template: str
    resend_count: int
    sighting: Sighting
    span_id: str
    response: Response | None = None
    failure: Failure | None = None


class Acted(Struct, frozen=True):
    """What an action brought home: its attempts in order, and the response to judge or why there is none."""

    attempts: tuple[Attempt, ...] = ()
    """Every exchange, the hops of redirects among them."""
    repeats: int = 0
    """How often the whole was begun again."""
    response: Response | None = None
    failure: Failure | None = None


class Unsendable(ValueError):
    """What the templates make cannot be sent at all: the probe's own fault, a `script_error`."""
