"""What was promised, asked of the rows that are left: nothing finished is lost, nothing is counted twice."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from world import Call, Message

from synthprobe.core.reports import Finished, Report

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERY = 1_000_000
"""Microseconds between two slots of the world's probes."""


@contextmanager
def snapshot(store: Path) -> Iterator[sqlite3.Connection]:
    """Read a SQLite file that others write to: one moment of it, and nothing in it is changed, not even its log.

    A copy of the files would be torn where it is taken while a page is written.
    """
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        yield connection


def rows(store: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query; none while there is no file, or it has no such table yet."""
    if not store.exists():
        return []
    with snapshot(store) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as fault:
            if "no such table" in str(fault):
                return []
            raise


def runs(store: Path) -> set[str]:
    """Every run that the router has recorded."""
    return {run_id for (run_id,) in rows(store, "select run_id from runs")}


def passed(store: Path) -> set[str]:
    """Every check that has passed once."""
    return {check for (check,) in rows(store, "select check_key from runs where outcome = 'passed'")}


def spooled(spool: Path) -> set[str]:
    """Finished runs that wait on the agent's disk."""
    reports = [msgspec.msgpack.decode(doc, type=Report) for (doc,) in rows(spool, "select doc from reports")]
    return {report.result.run_id for report in reports if isinstance(report, Finished)}


def slots(store: Path) -> dict[str, list[int]]:
    """For each check every slot that has a fate, each as often as it has one."""
    found: dict[str, list[int]] = {}
    for check, at in rows(store, "select check_key, scheduled_at from runs where scheduled_at is not null"):
        found.setdefault(check, []).append(at)
    for check, at, _ in unrun(store):
        found.setdefault(check, []).append(at)
    return {check: sorted(times) for check, times in found.items()}


def unrun(store: Path) -> Iterator[tuple[str, int, str]]:
    """Each slot that did not run to its end, with its fate."""
    for check, fate, first, last in rows(store, "select check_key, fate, first_at, last_at from slots"):
        yield from ((check, at, fate) for at in range(first, last + 1, EVERY))


def interrupted(store: Path) -> set[tuple[str, int]]:
    """Slots whose run was cut off: check, and start in milliseconds."""
    return {(check, at // 1000) for check, at, fate in unrun(store) if fate == "interrupted"}


def slot_of(call: Call) -> tuple[str, int]:
    """The slot of a call: check, and start in milliseconds, which is what a probe is told."""
    at = datetime.fromisoformat(call.slot)
    return call.check, (at - EPOCH) // timedelta(milliseconds=1)


def unfated(times: Sequence[int]) -> list[int]:
    """Slots between the first and the last that have no fate."""
    return sorted(set(range(times[0], times[-1] + 1, EVERY)) - set(times))


def doubled(times: Sequence[int]) -> list[int]:
    """Slots that have more than one fate."""
    return sorted({at for at in times if times.count(at) > 1})


def undelivered(store: Path) -> list[tuple[Any, ...]]:
    """Messages that were neither delivered nor overtaken by a later one."""
    return rows(
        store, "select key, kind, state, last_error from outbox where state not in ('delivered', 'cancelled')"
    )


def first_seen(messages: Sequence[Message]) -> list[Message]:
    """Messages without the repeats of their delivery, in the order of arrival."""
    found: dict[str, Message] = {}
    for message in messages:
        found.setdefault(message.key, message)
    return list(found.values())
