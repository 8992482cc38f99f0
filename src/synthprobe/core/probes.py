"""A probe and what it is made of, as the agent runs it; `files/` makes these values from YAML."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from synthprobe.core.awaits import Await
from synthprobe.core.egress import Safety
from synthprobe.core.expectations import Position
from synthprobe.core.schedule import Times
from synthprobe.core.slo import Slo
from synthprobe.core.steps import Step, all_steps
from synthprobe.core.templates import Json, Value

RUN_TIMEOUT = timedelta(seconds=60)
"""Of a run whose probe names none; `every`, where that is shorter."""

UNDO_TIMEOUT = timedelta(seconds=30)
"""Of an attempt at undo whose probe names none."""


LIVE = "live"
"""The environment in which money is real."""


class VaultSource(Struct, frozen=True):
    """A field of a secret in HashiCorp Vault; without `url` in the one that the process is told of."""

    path: str
    field: str
    url: str = ""


class SecretSource(Struct, frozen=True):
    """Where a secret comes from: exactly one of `env`, `file` (relative to the probe file) and `vault`."""

    env: str | None = None
    file: str | None = None
    position: Position | None = None
    vault: VaultSource | None = None


class Row(Struct, frozen=True):
    """One row of the matrix: its identity is the first key's value (or `id`), the rest are values."""

    id: str
    label: str
    """The label that carries `id` on alerts: the first key's name."""
    values: Mapping[str, Json]


class FailAfter(Struct, frozen=True):
    """Fire on `failed` failed samples among the last `of`; n in a row is `failed == of == n` with `in_a_row`."""

    failed: int = 2
    of: int = 5
    in_a_row: bool = False


class AlertMode(StrEnum):
    """Whether a check's alert tells people, or only notes what it would have done."""

    PAGE = "page"
    TRIAL = "trial"


class AlertRule(Struct, frozen=True):
    """When a check's results become an alert; travels with its announcement to the router."""

    fail_after: FailAfter = FailAfter()
    degraded_after: FailAfter = FailAfter(failed=3, of=5)
    recover_after: int = 2
    severity: str = "critical"
    mode: AlertMode = AlertMode.PAGE
    confirm: bool = True
    """Whether further samples are taken when it is about to fire."""


class Redaction(Struct, frozen=True):
    """What a probe's author wants hidden beyond what is always hidden."""

    json: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


class Overlap(StrEnum):
    """What becomes of a slot whose check still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    """It waits for the run to end; a newer one takes its place."""


class WhileFailing(Struct, frozen=True):
    """Extra runs, no slots, from a first failed run on: so often, for so long."""

    every: timedelta
    lasting: timedelta


class Probe(Struct, frozen=True):
    """One YAML file: a named list of steps."""

    name: str
    steps: tuple[Step, ...]
    every: timedelta
    definition: str
    """SHA-256 (hex) of the file's text: changes when the definition changes."""
    position: Position
    owner: str = ""
    description: str = ""
    labels: Mapping[str, str] = {}
    runbook: str = ""
    environment: str = "sandbox"
    cron: str = ""
    """Then `every` is the shortest time between two starts."""
    timezone: str = "UTC"
    only: tuple[str, ...] = ()
    """Time intervals of the routes in one of which a slot must start; it is off elsewhere. Empty: always."""
    while_failing: WhileFailing | None = None
    paused: str = ""
    """Why none of its slots is run for now; empty: they are."""
    overlap: Overlap = Overlap.SKIP
    timeout: timedelta = RUN_TIMEOUT
    undo_timeout: timedelta = UNDO_TIMEOUT
    """One attempt at taking a run's effects back."""
    regions: Mapping[str, Mapping[str, Value]] = {}
    matrix: tuple[Row, ...] = ()
    vars: Mapping[str, Value] = {}
    secrets: Mapping[str, SecretSource] = {}
    alert: AlertRule = AlertRule()
    trace: int = 1
    """One run in so many asks the backends to keep their spans; each does while it fails."""
    baggage: tuple[str, ...] = ()
    """Patterns of hosts that are told by W3C Baggage which run calls."""
    slo: Slo | None = None
    redact: Redaction = Redaction()
    safety: Safety = Safety()


class Check(Struct, frozen=True):
    """A probe bound to a region and a matrix row: what is scheduled, what is up or down."""

    probe: Probe
    region: str
    row: Row | None = None

    @property
    def key(self) -> str:
        """Stable identity: `probe/region` or `probe/region/row`."""
        parts = (self.probe.name, self.region, *((self.row.id,) if self.row else ()))
        return "/".join(parts)

    @property
    def times(self) -> Times:
        """When its slots start."""
        probe = self.probe
        return Times(self.key, probe.every, probe.cron, probe.timezone)

    @property
    def why_off(self) -> str:
        """Why slots outside its hours are off, in a word."""
        return "paused" if self.probe.paused else "hours"


def wants_hooks(probe: Probe) -> bool:
    """Whether a probe waits for webhooks, or hands out the URL for them."""
    if any(isinstance(step.action, Await) for step in all_steps(probe.steps)):
        return True
    return b'"callback_url"' in msgspec.json.encode((probe.steps, probe.vars))


def checks(probe: Probe) -> Iterator[Check]:
    """Every check of a probe: one per region and matrix row, in the file's order."""
    for region in probe.regions:
        for row in probe.matrix or (None,):
            yield Check(probe, region, row)
