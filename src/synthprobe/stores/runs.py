"""Runs and slots: every run once, whole or as figures; and the slots that did not run."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.results import Result, SlotRange
from synthprobe.ports import Sql, SqlValue, Tx
from synthprobe.stores.columns import document, encode, integer
from synthprobe.stores.instants import to_micros
from synthprobe.stores.pins import BESIDE_FAILURE


def insert(result: Result) -> Tx[bool]:
    """Keep a run whole; False when the run, or another run of its slot, is known already."""
    rows = yield Sql(
        """
        insert into runs (run_id, check_key, probe, region, row_id, trigger, outcome, kind, signature, scheduled_at,
                          started_at, duration_us, trace_id, definition, passed_after_retry, doc)
        values (:run_id, :check_key, :probe, :region, :row_id, :trigger, :outcome, :kind, :signature, :scheduled_at,
                :started_at, :duration_us, :trace_id, :definition, :passed_after_retry, :doc)
        on conflict do nothing
        returning run_id
        """,
        _columns(result),
    )
    return bool(rows)


def find(run_id: str) -> Tx[Result | None]:
    """A run that was kept whole; None when it is unknown or only its figures are kept."""
    rows = yield Sql("select doc from runs where run_id = :id and doc is not null", {"id": run_id})
    return document(rows[0], Result) if rows else None


def thin(run_id: str) -> Tx[None]:
    """Keep only the figures of a run, and no spans; not of one a person asked for, or beside a failure."""
    thinned = yield Sql(
        f"""
        update runs as r set doc = null
        where r.run_id = :id and r.trigger <> 'manual' and not {BESIDE_FAILURE}
        returning trace_id
        """,  # noqa: S608 - a constant of this package
        {"id": run_id},
    )
    for row in thinned:
        yield Sql("delete from traces where trace_id = :trace", {"trace": row["trace_id"]})


def belong(check: str, since: datetime, incident: int) -> Tx[None]:
    """Note on a check's failed and degraded runs, from `since` on, which incident they belong to."""
    yield Sql(
        """
        update runs set incident = :incident
        where check_key = :check and started_at >= :since and incident is null
          and outcome <> 'passed' and outcome <> 'errored'
        """,
        {"check": check, "since": to_micros(since), "incident": incident},
    )


def keep_slots(ranges: Iterable[SlotRange]) -> Tx[tuple[SlotRange, ...]]:
    """Keep ranges of slots that did not run; told again, a range only grows. Each range's growth is returned."""
    grown: list[SlotRange] = []
    for found in ranges:
        columns: dict[str, SqlValue] = {
            "check": found.check,
            "fate": found.fate.value,
            "why": found.why,
            "first": to_micros(found.first_at),
            "last": to_micros(found.last_at),
            "count": found.count,
        }
        known = yield Sql(
            "select count from slots where check_key = :check and first_at = :first and fate = :fate",
            {name: columns[name] for name in ("check", "first", "fate")},
        )
        more = found.count - sum(integer(row, "count") for row in known)
        if more <= 0:
            continue
        grown.append(replace(found, count=more))
        yield Sql(
            """
            insert into slots (check_key, fate, why, first_at, last_at, count)
            values (:check, :fate, :why, :first, :last, :count)
            on conflict (check_key, first_at, fate) do update set last_at = excluded.last_at, count = excluded.count
            """,
            columns,
        )
    return tuple(grown)


def _columns(result: Result) -> dict[str, SqlValue]:
    return {
        "run_id": result.run_id,
        "check_key": result.check,
        "probe": result.probe,
        "region": result.region,
        "row_id": result.row,
        "trigger": result.trigger.value,
        "outcome": result.outcome.value,
        "kind": result.failure.kind.value if result.failure else None,
        "signature": result.signature,
        "scheduled_at": to_micros(result.scheduled_at) if result.scheduled_at else None,
        "started_at": to_micros(result.started_at),
        "duration_us": to_micros(result.ended_at) - to_micros(result.started_at),
        "trace_id": result.trace_id,
        "definition": result.definition,
        "passed_after_retry": int(result.passed_after_retry),
        "doc": encode(result),
    }
