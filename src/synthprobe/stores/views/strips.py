"""The last slots of each check, one mark each: runs by their outcome, slots that did not run by their fate."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from math import ceil

from msgspec import Struct

from synthprobe.ports import Rows, Sql, Tx
from synthprobe.stores.columns import instant, integer, text

LENGTH = 30
"""Marks in a strip."""


class Mark(Struct, frozen=True, omit_defaults=True):
    """One slot: an outcome (passed, degraded, failed, errored) or a fate (skipped, missed, interrupted, off)."""

    at: datetime
    word: str
    run_id: str | None = None
    duration: float | None = None
    """Seconds."""
    why: str = ""


Strip = tuple[Mark, ...]


def strips(probe: str | None = None) -> Tx[Mapping[str, Strip]]:
    """The strip of each served check by its key, oldest mark first; of one probe, or of all."""
    scope = {"probe": probe, "back": LENGTH - 1}
    runs = yield Sql(_RUNS, scope)
    ranges = yield Sql(_SLOTS, scope)
    marks: dict[str, list[Mark]] = {}
    for key, mark in chain(_ran(runs), _did_not_run(ranges)):
        marks.setdefault(key, []).append(mark)
    return {key: _newest(of_check) for key, of_check in marks.items()}


def durations(strip: Iterable[Mark]) -> list[float]:
    """Seconds of the runs of a strip that came to an end by themselves, shortest first."""
    timed = (mark.duration for mark in strip if mark.word in ("passed", "degraded"))
    return sorted(duration for duration in timed if duration is not None)


def quantile(ascending: list[float], share: float) -> float | None:
    """The nearest-rank quantile: a value that was really measured; None of nothing."""
    if not ascending:
        return None
    return ascending[max(ceil(share * len(ascending)) - 1, 0)]


def _ran(rows: Rows) -> Iterator[tuple[str, Mark]]:
    for row in rows:
        seconds = integer(row, "duration_us") / 1e6
        mark = Mark(instant(row, "scheduled_at"), text(row, "outcome"), text(row, "run_id"), seconds)
        yield text(row, "check_key"), mark


def _did_not_run(rows: Rows) -> Iterator[tuple[str, Mark]]:
    for row in rows:
        first, last, count = instant(row, "first_at"), instant(row, "last_at"), integer(row, "count")
        apart = (last - first) / max(count - 1, 1)
        for back in range(min(count, LENGTH)):
            yield text(row, "check_key"), Mark(last - back * apart, text(row, "fate"), why=text(row, "why"))


def _newest(marks: list[Mark]) -> Strip:
    return tuple(sorted(marks, key=lambda mark: mark.at)[-LENGTH:])


# SQLite takes a cross join in the order it is written: from the few checks to their runs, never through all runs.
_RUNS = """
select r.check_key, r.scheduled_at, r.outcome, r.run_id, r.duration_us
from checks c cross join runs r
where r.check_key = c.key and r.scheduled_at >= coalesce(
    (select x.scheduled_at from runs x where x.check_key = c.key and x.scheduled_at is not null
     order by x.scheduled_at desc limit 1 offset :back), 0)
and c.withdrawn_at is null and (:probe is null or c.probe = :probe)
"""

_SLOTS = """
select s.check_key, s.fate, s.why, s.first_at, s.last_at, s.count
from checks c cross join slots s
where s.check_key = c.key and s.first_at >= coalesce(
    (select x.first_at from slots x where x.check_key = c.key order by x.first_at desc limit 1 offset :back), 0)
and c.withdrawn_at is null and (:probe is null or c.probe = :probe)
"""
