"""What the router tells its listeners (metrics, trace export, live pages) once it is on disk."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from synthprobe.core.alerts import Alert, Change
from synthprobe.core.groups import Reason
from synthprobe.core.incidents import Incident
from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import CheckInfo, Result, SlotRange
from synthprobe.core.spans import Span
from synthprobe.stores.claims import DeliveryOutcome


class AlertMoved(Struct, frozen=True):
    """What a result, or a withdrawal, did to an alert and its incident."""

    change: Change
    alert: Alert | None
    incident: Incident | None = None


class RunRecorded(Struct, frozen=True):
    """A run was recorded for the first time; `check` is None when no agent has announced its check."""

    result: Result
    check: CheckInfo | None
    spans: tuple[Span, ...]
    moved: AlertMoved


class SlotsRecorded(Struct, frozen=True):
    """Slots that did not run were recorded; of a range that was known in part, `count` is what is new."""

    ranges: tuple[SlotRange, ...]


class UndosRecorded(Struct, frozen=True):
    """What became of effects that runs left behind."""

    lines: tuple[LedgerLine, ...]


class ChecksAnnounced(Struct, frozen=True):
    """An agent serves these checks from now on; the withdrawn ones are served by nobody."""

    agent: str
    at: datetime
    checks: tuple[CheckInfo, ...]
    withdrawn: tuple[str, ...]
    moved: tuple[AlertMoved, ...]


class Decided(Struct, frozen=True):
    """Whether and why an integration hears of its group; `late` is how long after its timer."""

    group: str
    receiver: str
    integration: str
    reason: Reason
    incidents: tuple[int, ...]
    at: datetime
    late: timedelta


class Attempted(Struct, frozen=True):
    """One attempt at delivering a message; `latency` counts from the decision."""

    receiver: str
    integration: str
    kind: str
    reason: str
    outcome: DeliveryOutcome
    latency: timedelta
    message: str


Fact = RunRecorded | SlotsRecorded | UndosRecorded | ChecksAnnounced | Decided | Attempted

Listener = Callable[[Fact], None]
"""Called on the loop after the commit; it must not block, and what it raises is logged and forgotten."""
