"""What is given up, in batches: old rows by age, and by size the detail of runs before their figures.

A batch is a window of at most `BATCH` rows in the order of their start. A reader looks for the next window and
whether anything in it may go, so that the writer only ever sees windows in which there is work. The writer asks again
what is pinned: a report may have come in between. Incidents, their timelines, decisions, messages, deliveries and
alerts are never given up.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from synthprobe.ports import Rows, Sql, SqlValue, Tx
from synthprobe.stores.columns import integer, text
from synthprobe.stores.instants import to_micros
from synthprobe.stores.pins import PINNED

BATCH = 50
"""Rows looked at by one transaction: ids are random, so that each row dropped dirties several pages of its own."""

HELD_AFTER_CLOSE = timedelta(days=90)
"""How long the runs of an incident, and their neighbours, stay when it is closed."""


class Keep(Struct, frozen=True):
    """How much is kept: by age, and by the store's size in bytes (None: however large)."""

    age: timedelta = timedelta(days=7)
    size: int | None = None


class Part(StrEnum):
    """What of a run is given up; also the order, when the store is too large."""

    PASSES = "the detail of sampled passes"
    DETAIL = "the detail of other runs"
    FIGURES = "whole runs"


class Cutoffs(Struct, frozen=True):
    """The instants that decide what may go."""

    before: datetime
    """Only runs that started before."""
    withdrawn_since: datetime
    closed_since: datetime


class Window(Struct, frozen=True):
    """Rows after one place, up to and with another, by start and run id."""

    after: tuple[int, str]
    last: tuple[int, str]
    any_to_go: bool
    """Whether something in it may be given up."""


class Space(Struct, frozen=True):
    """The store's file in bytes."""

    used: int
    free: int
    """Inside the file: taken first when something is stored."""


START = (0, "")
"""Before every run."""


def cutoffs(keep: Keep, before: datetime, now: datetime) -> Cutoffs:
    """What may go at `now` of runs that started before `before`."""
    return Cutoffs(before, withdrawn_since=now - keep.age, closed_since=now - HELD_AFTER_CLOSE)


def next_window(part: Part, after: tuple[int, str], at: Cutoffs) -> Tx[Window | None]:
    """The next rows that have this part, None behind the last; reads only."""
    scope: Mapping[str, SqlValue] = {
        "after_at": after[0],
        "after_id": after[1],
        "before": to_micros(at.before),
        "limit": BATCH,
    }
    rows = yield Sql(_LAST_OF_WINDOW.format(part=_HAS[part]), scope)
    if not rows:
        return None
    window = Window(after, (integer(rows[0], "started_at"), text(rows[0], "run_id")), any_to_go=True)
    found = yield Sql(f"{_TO_GO.format(part=_HAS[part])} limit 1", _params(window, at))
    return window if found else Window(window.after, window.last, any_to_go=False)


def give_up(part: Part, window: Window, at: Cutoffs) -> Tx[int]:
    """Give up this part of what may go in a window; returns of how many runs."""
    statement = _DROP if part is Part.FIGURES else _THIN
    gone = yield Sql(statement.format(to_go=_TO_GO.format(part=_HAS[part])), _params(window, at))
    for row in gone:
        if row["spans"]:
            yield Sql("delete from traces where trace_id = :trace", {"trace": row["trace_id"]})
    return len(gone)


def drop_slots(before: datetime) -> Tx[int]:
    """Drop one batch of slot ranges that ended before; returns how many."""
    gone = yield Sql(_DROP_SLOTS, {"before": to_micros(before), "limit": BATCH})
    return len(gone)


def drop_checks(withdrawn_before: datetime) -> Tx[tuple[str, ...]]:
    """Drop checks that were withdrawn before and to which nothing refers; returns their keys."""
    gone = yield Sql(_DROP_CHECKS, {"before": to_micros(withdrawn_before), "limit": BATCH})
    return tuple(text(row, "key") for row in gone)


def space() -> Tx[Space]:
    """How large the store is; SQLite only."""
    rows: Rows = yield Sql(_SPACE)
    page, free = integer(rows[0], "page"), integer(rows[0], "free")
    return Space(used=(integer(rows[0], "pages") - free) * page, free=free * page)


def shrink(pages: int) -> Tx[None]:
    """Give free pages back to the file system; SQLite only, and nothing happens in a file without `auto_vacuum`."""
    for _ in range(pages):
        # Python's sqlite3 makes one step of this statement, and one step frees one page.
        yield Sql("pragma incremental_vacuum(1)")


def _params(window: Window, at: Cutoffs) -> Mapping[str, SqlValue]:
    return {
        "after_at": window.after[0],
        "after_id": window.after[1],
        "last_at": window.last[0],
        "last_id": window.last[1],
        "closed_since": to_micros(at.closed_since),
        "withdrawn_since": to_micros(at.withdrawn_since),
    }


_HAS = {
    Part.PASSES: "r.doc is not null and r.outcome = 'passed' and r.trigger <> 'manual'",
    Part.DETAIL: "r.doc is not null",
    Part.FIGURES: "true",
}

_LAST_OF_WINDOW = """
select started_at, run_id from (
    select r.started_at, r.run_id from runs r
    where (r.started_at, r.run_id) > (:after_at, :after_id) and r.started_at < :before and {part}
    order by r.started_at, r.run_id limit :limit) rows_of_window
order by started_at desc, run_id desc limit 1
"""

_TO_GO = f"""
select r.run_id from runs r
where (r.started_at, r.run_id) > (:after_at, :after_id) and (r.started_at, r.run_id) <= (:last_at, :last_id)
and {{part}} and not {PINNED}
"""  # noqa: S608 - constants of this package

_DROP = "delete from runs where run_id in ({to_go}) returning trace_id, doc is not null as spans"

_THIN = "update runs set doc = null where run_id in ({to_go}) returning trace_id, true as spans"

_DROP_SLOTS = """
delete from slots where (check_key, first_at, fate) in
    (select check_key, first_at, fate from slots where last_at < :before order by last_at limit :limit)
returning check_key
"""

_DROP_CHECKS = """
delete from checks where key in (
    select c.key from checks c where c.withdrawn_at < :before
    and not exists (select 1 from runs r where r.check_key = c.key)
    and not exists (select 1 from slots s where s.check_key = c.key)
    and not exists (select 1 from alerts a where a.check_key = c.key)
    limit :limit)
returning key
"""

_SPACE = """
select p.page_count as pages, f.freelist_count as free, s.page_size as page
from pragma_page_count p, pragma_freelist_count f, pragma_page_size s
"""
