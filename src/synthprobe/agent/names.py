"""What references in a run look things up in: one JSON object per namespace."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from synthprobe.core.iso8583 import retrieval_reference, trace_number, transmission
from synthprobe.core.probes import Check
from synthprobe.core.templates import Json, fill


def run_names(
    run_id: str,
    region: str,
    attempt: int,
    scheduled_at: datetime | None,
    started_at: datetime,
    callback_url: str = "",
) -> dict[str, Json]:
    """The namespace `run`; a run that is no slot was scheduled when it started."""
    return {
        **({"callback_url": callback_url} if callback_url else {}),
        "id": run_id,
        "region": region,
        "attempt": attempt,
        "scheduled_at": rfc3339(scheduled_at or started_at),
        "started_at": rfc3339(started_at),
        "stan": trace_number(run_id),
        "rrn": retrieval_reference(run_id, started_at),
        "mmddhhmmss": transmission(started_at),
    }


def now_names(now: datetime) -> dict[str, Json]:
    """The namespace `now`, as of the start of a step."""
    return {
        "iso": rfc3339(now),
        **_to_the_second(now.replace(microsecond=0)),
    }


@lru_cache(maxsize=16)
def _to_the_second(now: datetime) -> dict[str, Json]:
    return {
        "unix": int(now.timestamp()),
        "http_date": format_datetime(now, usegmt=True),
        "date": now.date().isoformat(),
    }


def names_of(
    check: Check, run: dict[str, Json], secrets: Mapping[str, str], now: datetime
) -> dict[str, Json]:
    """Every namespace at the start of a run. Raises `LookupFailed` for a variable that refers to what is not there."""
    names: dict[str, Json] = {
        "run": run,
        "now": now_names(now),
        "matrix": dict(check.row.values) if check.row else {},
        "secrets": dict(secrets),
        "steps": {},
    }
    names["region"] = {key: fill(value, names) for key, value in check.probe.regions[check.region].items()}
    variables: dict[str, Json] = {}
    names["vars"] = variables
    for name, value in check.probe.vars.items():
        variables[name] = fill(value, names)
    return names


def rfc3339(at: datetime) -> str:
    """An instant as people and APIs write it, in UTC to the millisecond: `2026-03-02T12:00:00.000Z`."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
