"""A check's latency over the last day, as points in a drawing 600 wide and 100 high; a pure layout."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from synthprobe.stores.views.probe import PERIOD, Latency, Point

WIDTH, HEIGHT = 600, 100

_MARKS: Mapping[str, str] = {
    "passed": "M{x} {y}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
    "degraded": "M{x} {y}m0 -6l6 11h-12z",
    "failed": "M{x} {y}m-5 -5l10 10m0 -10l-10 10",
    "errored": "M{x} {y}m-5 -5h10v10h-10z",
}
"""A shape per outcome: dot, triangle, cross, square."""


class Chart(Struct, frozen=True):
    """Paths by outcome, the median's height, and what the top of the drawing stands for."""

    paths: Mapping[str, str]
    top: float
    """Seconds."""
    median: float | None
    since: datetime
    until: datetime


def draw(latency: Latency, now: datetime) -> Chart:
    """Lay out the points of one check; the time axis spans what is shown, a day at most."""
    points = latency.points
    since = max(points[0].at, now - PERIOD) if points else now - PERIOD
    top = max((point.duration for point in points), default=0.0) * 1.1 or 1.0
    paths: dict[str, list[str]] = {}
    for point in points:
        paths.setdefault(point.outcome, []).append(_mark(point, since, now, top))
    median = None if latency.p50 is None else round(_y(latency.p50, top), 1)
    return Chart({word: "".join(marks) for word, marks in paths.items()}, top, median, since, now)


def _mark(point: Point, since: datetime, now: datetime, top: float) -> str:
    whole = max((now - since).total_seconds(), 1.0)
    x = 8 + (point.at - since).total_seconds() / whole * (WIDTH - 16)
    return _MARKS.get(point.outcome, _MARKS["errored"]).format(
        x=round(x, 1), y=round(_y(point.duration, top), 1)
    )


def _y(seconds: float, top: float) -> float:
    return HEIGHT - 8 - seconds / top * (HEIGHT - 16)
