"""What an agent tells the router, in the order it happened; each is delivered at least once under a stable id."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from synthprobe.core.results import CheckInfo, Result, SlotRange, UndoState
from synthprobe.core.spans import Span


class Announced(Struct, frozen=True, tag="announced", omit_defaults=True):
    """The whole set of checks this agent serves from now on; checks it served before and no longer names are withdrawn."""

    agent: str
    at: datetime
    checks: tuple[CheckInfo, ...]


class Finished(Struct, frozen=True, tag="finished", omit_defaults=True):
    """A finished run with its spans (empty where they were not kept)."""

    agent: str
    result: Result
    spans: tuple[Span, ...] = ()


class Slots(Struct, frozen=True, tag="slots", omit_defaults=True):
    """Slots that did not run, as ranges."""

    agent: str
    ranges: tuple[SlotRange, ...]


class LedgerLine(Struct, frozen=True, omit_defaults=True):
    """One step's effect and where its taking back stands; texts are redacted."""

    id: str
    """Run and step."""
    run_id: str
    check: str
    probe: str
    region: str
    step: str
    state: UndoState
    why: str
    opened_at: datetime
    at: datetime
    """When this was so."""
    row: str | None = None
    owner: str = ""
    amount: str = ""
    """In the major unit of `currency`; empty where no money is at stake."""
    currency: str = ""
    failures: int = 0
    """Attempts in a row that did not bring it further."""
    due_at: datetime | None = None
    """When it is tried again."""
    trace_id: str = ""


class Undos(Struct, frozen=True, tag="undos", omit_defaults=True):
    """What became of effects that a run left behind, with the spans of the attempts."""

    agent: str
    at: datetime
    lines: tuple[LedgerLine, ...]
    spans: tuple[Span, ...] = ()


class Noted(Struct, frozen=True, tag="noted", omit_defaults=True):
    """What came to be known of a step after its run had ended; redacted."""

    agent: str
    run_id: str
    step: str
    at: datetime
    text: str


Report = Announced | Finished | Slots | Undos | Noted
"""Kept in the agent's spool until the router has committed it."""


class ConfigProblem(Struct, frozen=True):
    """A fault of a file that was changed: what it said before stays in force until it is mended."""

    file: str
    text: str
    """With line and column, as `synthprobe validate` says it."""


class Pulse(Struct, frozen=True, tag="pulse", omit_defaults=True):
    """That an agent is alive and how it feels; never spooled. Seconds and counts."""

    agent: str
    at: datetime
    loop_lag: float = 0.0
    active_runs: int = 0
    spooled: int = 0
    """Reports that the router does not have yet."""
    lateness: tuple[float, ...] = ()
    """Start lateness of each slot since the last pulse."""
    runs_dropped: int = 0
    """Passed runs given up because the spool was full, since this agent started."""
    problems: tuple[ConfigProblem, ...] = ()
    """What is wrong with its probe files now."""
    undo_pending: int = 0
    """Effects of runs that are over and not yet taken back."""
    exposure: Mapping[str, str] = {}
    """What is at stake by currency, in its major unit."""
    spans_dropped: int = 0
    """Spans that its collector did not take, since this agent started: a total, so that a lost pulse loses nothing."""
    halted: bool = False
    """Whether a person has stopped new runs."""
    trouble: str = ""
    """Why what it finds stays with it, if it does: its spool cannot be written, or the router takes nothing."""
