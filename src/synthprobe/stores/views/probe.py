"""What a probe's page shows: its checks, how long their runs took lately, recent runs, its file."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from msgspec import Struct

from synthprobe.core.results import CheckInfo
from synthprobe.ports import DbRow, Rows, Sql, Tx
from synthprobe.stores.columns import instant, integer, text
from synthprobe.stores.instants import to_micros
from synthprobe.stores.views.checks import CheckLine, check_infos, check_lines
from synthprobe.stores.views.run import RunLine, run_lines
from synthprobe.stores.views.strips import quantile

PERIOD = timedelta(hours=24)
"""What the figures of a probe's page are about."""

POINTS = 240
"""Most points of a check that a chart shows."""


class Point(Struct, frozen=True):
    """One run on a chart: when, how long (seconds), how it went."""

    at: datetime
    duration: float
    outcome: str


class Latency(Struct, frozen=True, omit_defaults=True):
    """How long a check's runs took in the period: quantiles in seconds, of runs that passed or degraded."""

    key: str
    region: str
    runs: int
    failed: int
    row: str | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    points: tuple[Point, ...] = ()


class ProbeView(Struct, frozen=True):
    """One probe by its name; `infos` are what agents announced, withdrawn checks last."""

    name: str
    infos: tuple[CheckInfo, ...]
    checks: tuple[CheckLine, ...]
    latencies: tuple[Latency, ...]
    runs: tuple[RunLine, ...]


def probe_view(
    name: str, now: datetime, *, region: str | None = None, outcome: str | None = None
) -> Tx[ProbeView | None]:
    """A probe, its last day, and its newest runs (filtered); None when no agent ever announced it."""
    infos = yield from check_infos(name)
    if not infos:
        return None
    checks = yield from check_lines(name)
    rows = yield Sql(_POINTS, {"probe": name, "since": to_micros(now - PERIOD)})
    runs = yield from run_lines(probe=name, region=region, outcome=outcome)
    return ProbeView(name, infos, checks, tuple(_latencies(rows)), runs)


def _latencies(rows: Rows) -> Iterator[Latency]:
    for key, of_check in groupby(rows, key=lambda row: text(row, "check_key")):
        yield _latency(key, list(of_check))


def _latency(key: str, rows: list[DbRow]) -> Latency:
    points = [_point(row) for row in rows]
    ascending = sorted(point.duration for point in points if point.outcome in ("passed", "degraded"))
    row_id = rows[0]["row_id"]
    return Latency(
        key,
        text(rows[0], "region"),
        len(points),
        sum(point.outcome in ("failed", "errored") for point in points),
        row_id if isinstance(row_id, str) else None,
        quantile(ascending, 0.5),
        quantile(ascending, 0.95),
        quantile(ascending, 0.99),
        tuple(points[-POINTS:]),
    )


def _point(row: DbRow) -> Point:
    return Point(instant(row, "started_at"), integer(row, "duration_us") / 1e6, text(row, "outcome"))


_POINTS = """
select check_key, region, row_id, started_at, duration_us, outcome from runs
where check_key in (select key from checks where probe = :probe and withdrawn_at is null) and started_at >= :since
order by check_key, started_at
"""
