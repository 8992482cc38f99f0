"""What `routes simulate` plays: a beginning, an end, and what happens between them. Values only."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.failures import Kind
from synthprobe.core.labels import Labels, Matcher
from synthprobe.core.results import CheckInfo, Outcome
from synthprobe.core.routes import Routes
from synthprobe.core.teams import Override


class AlertEvent(Struct, frozen=True):
    """An alert from outside begins to fire, or is over."""

    labels: Labels
    firing: bool
    annotations: Mapping[str, str] = {}


class RunEvent(Struct, frozen=True):
    """A run of a check ends."""

    check: str
    outcome: Outcome
    step: str = ""
    kind: Kind = Kind.ASSERTION
    message: str = ""


class SilenceEvent(Struct, frozen=True):
    """Somebody silences alerts for a while; `id` is how the scenario names it."""

    id: str
    matchers: tuple[Matcher, ...]
    lasting: timedelta
    by: str
    comment: str = ""


class UnsilenceEvent(Struct, frozen=True):
    """A silence is ended early."""

    id: str


class ActionEvent(Struct, frozen=True):
    """Somebody acts on an incident; `kind` is a word of `ActionKind`."""

    kind: str
    incident: int
    by: str
    text: str = ""
    to: str = ""


class OverrideEvent(Struct, frozen=True):
    """A schedule is overridden."""

    override: Override


class ReloadEvent(Struct, frozen=True):
    """Another routes file is put in force."""

    routes: Routes


class RestartEvent(Struct, frozen=True):
    """The process is away for a while."""

    away: timedelta


Happening: TypeAlias = (
    AlertEvent
    | RunEvent
    | SilenceEvent
    | UnsilenceEvent
    | ActionEvent
    | OverrideEvent
    | ReloadEvent
    | RestartEvent
)


class Event(Struct, frozen=True):
    """Something that happens so long after the beginning."""

    after: timedelta
    what: Happening


class Scenario(Struct, frozen=True):
    """A whole one; events in the order of their time."""

    start: datetime
    lasting: timedelta
    checks: tuple[CheckInfo, ...] = ()
    events: tuple[Event, ...] = ()
