"""What a run's page shows: the result, its spans, and the good run to compare it with."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from synthprobe.core.reports import LedgerLine
from synthprobe.core.results import Result
from synthprobe.core.spans import Span
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores import run_notes, traces
from synthprobe.stores.columns import document, instant, instant_or_none, integer, text
from synthprobe.stores.run_notes import RunNote
from synthprobe.stores.views import undo


class RunLine(Struct, frozen=True, omit_defaults=True):
    """The figures of a run, which are kept of every one."""

    run_id: str
    check: str
    probe: str
    region: str
    trigger: str
    outcome: str
    started_at: datetime
    duration: float
    """Seconds."""
    trace_id: str
    definition: str
    row: str | None = None
    kind: str | None = None
    """Of its first failure."""
    scheduled_at: datetime | None = None
    passed_after_retry: bool = False
    incident: int | None = None
    whole: bool = False
    """Whether steps, requests and responses were kept too."""


class RunView(Struct, frozen=True, omit_defaults=True):
    """One run with its neighbours on the same check; without a result only the figures were kept."""

    line: RunLine
    result: Result | None = None
    spans: tuple[Span, ...] = ()
    good: Result | None = None
    """The good run to compare with: the newest one before it, else the check's last."""
    previous: str | None = None
    next: str | None = None
    left: tuple[LedgerLine, ...] = ()
    """What the run left behind, and where its taking back stands."""
    notes: tuple[RunNote, ...] = ()
    """What came to be known after its end."""


def run_view(run_id: str) -> Tx[RunView | None]:
    """One run by its id, or None when it is not (or no longer) kept; eight statements."""
    rows = yield Sql(f"select {_FIGURES}, doc from runs where run_id = :run_id", {"run_id": run_id})  # noqa: S608
    if not rows:
        return None
    line = _line(rows[0])
    spans = yield from traces.find(line.trace_id)
    of_check: Mapping[str, str | int] = {"check": line.check, "at": integer(rows[0], "started_at")}
    return RunView(
        line,
        document(rows[0], Result) if line.whole else None,
        spans,
        (yield from _good(of_check, line)),
        (yield from _neighbour(_PREVIOUS, of_check)),
        (yield from _neighbour(_NEXT, of_check)),
        (yield from undo.of_run(run_id)),
        (yield from run_notes.of(run_id)),
    )


def run_lines(
    *, probe: str | None = None, region: str | None = None, outcome: str | None = None, limit: int = 50
) -> Tx[tuple[RunLine, ...]]:
    """The newest runs that fit, newest first."""
    filters = {"probe": probe, "region": region, "outcome": outcome, "limit": limit}
    scope = " and ".join((_OF_PROBE if probe else "true", _outcome(outcome)))
    rows = yield Sql(_NEWEST.format(figures=_FIGURES, scope=scope), filters)
    return tuple(_line(row) for row in rows)


def _outcome(outcome: str | None) -> str:
    """Runs that did not pass are few, and have an index of their own that is found by these words."""
    if outcome is None:
        return "true"
    return "outcome = 'passed'" if outcome == "passed" else "outcome = :outcome and outcome <> 'passed'"


def runs_whole(run_ids: Iterable[str]) -> Tx[Mapping[str, Result]]:
    """Those of these runs that are kept whole, by id."""
    params = {f"run{number}": run_id for number, run_id in enumerate(run_ids)}
    if not params:
        return {}
    names = ", ".join(f":{name}" for name in params)
    rows = yield Sql(
        f"select run_id, doc from runs where doc is not null and run_id in ({names})",  # noqa: S608
        params,
    )
    return {text(row, "run_id"): document(row, Result) for row in rows}


def _good(of_check: Mapping[str, str | int], line: RunLine) -> Tx[Result | None]:
    rows = yield Sql(_GOOD_BEFORE, of_check)
    rows = rows or (yield Sql(_LAST_GOOD, of_check))
    if not rows or rows[0]["run_id"] == line.run_id:
        return None
    return document(rows[0], Result)


def _neighbour(statement: str, of_check: Mapping[str, str | int]) -> Tx[str | None]:
    rows = yield Sql(statement, of_check)
    return text(rows[0], "run_id") if rows else None


def _line(row: DbRow) -> RunLine:
    incident, kind, row_id = row["incident"], row["kind"], row["row_id"]
    return RunLine(
        text(row, "run_id"),
        text(row, "check_key"),
        text(row, "probe"),
        text(row, "region"),
        text(row, "trigger"),
        text(row, "outcome"),
        instant(row, "started_at"),
        integer(row, "duration_us") / 1e6,
        text(row, "trace_id"),
        text(row, "definition"),
        row_id if isinstance(row_id, str) else None,
        kind if isinstance(kind, str) else None,
        instant_or_none(row, "scheduled_at"),
        bool(row["passed_after_retry"]),
        incident if isinstance(incident, int) else None,
        bool(row["whole"]),
    )


# In the order of `RunLine`; the document is left where it is unless it is wanted.
_FIGURES = """run_id, check_key, probe, region, row_id, trigger, outcome, kind, scheduled_at, started_at, duration_us,
trace_id, definition, passed_after_retry, incident, doc is not null as whole"""

_NEWEST = """
select {figures} from runs
where {scope} and (:region is null or region = :region)
order by started_at desc limit :limit
"""

_OF_PROBE = "check_key in (select key from checks where probe = :probe)"

_GOOD_BEFORE = """
select run_id, doc from runs
where check_key = :check and started_at < :at and outcome = 'passed' and doc is not null
order by started_at desc limit 1
"""

_LAST_GOOD = """
select r.run_id, r.doc from checks c join runs r on r.run_id = c.last_good_run
where c.key = :check and r.doc is not null
"""

_PREVIOUS = (
    "select run_id from runs where check_key = :check and started_at < :at order by started_at desc limit 1"
)

_NEXT = "select run_id from runs where check_key = :check and started_at > :at order by started_at limit 1"
