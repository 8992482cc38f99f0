"""Series in memory and as text: the Prometheus text format 0.0.4, or OpenMetrics 1.0 with exemplars.

prometheus_client keeps about 5 kB a histogram and spends some 15 µs on each line it writes; with ten thousand checks
that is a gigabyte and seconds of a scrape. Here a histogram is an array and the labels of a line are a ready text.
Its scopes are what series are forgotten by: a check, or a probe in a region. One thread changes series; another may
write them as text meanwhile, since every snapshot it takes is a single atomic copy.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in order; a label with an empty value is the same as no label."""

Values: TypeAlias = tuple[str, ...]

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"


class Exemplar(Struct, frozen=True):
    """The run behind an observation; `at` in seconds since the epoch."""

    trace_id: str
    value: float
    at: float

    def __str__(self) -> str:
        return f' # {{trace_id="{self.trace_id}"}} {_number(self.value)} {self.at:.3f}'


class Family(Struct, frozen=True):
    """What a metric is called and which labels its series have besides their scope's."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def text(self, scope: Labels, values: Values) -> str:
        """The labels of one series, escaped."""
        pairs = (*scope, *zip(self.labels, values, strict=True))
        return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs if value)


class Gauge:
    """Numbers that go up and down."""

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self.family = Family(name, help, labels)
        self._series: dict[Labels, dict[Values, float]] = {}

    def set(self, value: float, *values: str, scope: Labels = ()) -> None:
        """Set one series."""
        self._series.setdefault(scope, {})[values] = value

    def replace(self, series: Mapping[Values, float]) -> None:
        """Set all series without a scope; those not named are gone."""
        self._series[()] = dict(series)

    def forget(self, scope: Labels) -> None:
        """Drop the series of a scope."""
        self._series.pop(scope, None)

    def lines(self, *, exemplars: bool) -> Iterator[str]:
        """The family as text; a gauge has no exemplars."""
        yield from _head(self.family.name, self.family, "gauge")
        for scope, row in list(self._series.items()):
            for values, value in list(row.items()):
                yield _line(self.family.name, self.family.text(scope, values), value)


class Counter:
    """Numbers that only go up."""

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self.family = Family(name, help, labels)
        self._series: dict[Labels, dict[Values, tuple[float, Exemplar | None]]] = {}

    def add(self, amount: float, *values: str, scope: Labels = (), exemplar: Exemplar | None = None) -> None:
        """Count; the exemplar is kept until the next one."""
        row = self._series.setdefault(scope, {})
        total, _ = row.get(values, (0.0, None))
        row[values] = (total + amount, exemplar)

    def reach(self, total: float, *values: str) -> None:
        """Take over a total that was counted elsewhere; it may have begun again from nothing."""
        self._series.setdefault((), {})[values] = (total, None)

    def forget(self, scope: Labels) -> None:
        """Drop the series of a scope."""
        self._series.pop(scope, None)

    def lines(self, *, exemplars: bool) -> Iterator[str]:
        """The family as text."""
        sample = f"{self.family.name}_total"
        yield from _head(self.family.name if exemplars else sample, self.family, "counter")
        for scope, row in list(self._series.items()):
            for values, (total, exemplar) in list(row.items()):
                yield _line(sample, self.family.text(scope, values), total, exemplar if exemplars else None)


class Histogram:
    """How often observations fell below each bound, and their sum."""

    def __init__(self, name: str, help: str, bounds: Sequence[float], *labels: str) -> None:
        self.family = Family(name, help, labels)
        self._bounds = tuple(bounds)
        self._series: dict[Labels, dict[Values, array[float]]] = {}
        self._exemplars: dict[Labels, dict[tuple[Values, int], Exemplar]] = {}

    def observe(
        self, value: float, *values: str, scope: Labels = (), exemplar: Exemplar | None = None
    ) -> None:
        """Count an observation; its bucket keeps the exemplar."""
        row = self._series.setdefault(scope, {})
        cell = row.get(values)
        if cell is None:
            cell = row[values] = array("d", bytes(8 * (len(self._bounds) + 2)))
        bucket = bisect_left(self._bounds, value)
        cell[bucket] += 1
        cell[-1] += value
        if exemplar:
            self._exemplars.setdefault(scope, {})[values, bucket] = exemplar

    def forget(self, scope: Labels) -> None:
        """Drop the series of a scope."""
        self._series.pop(scope, None)
        self._exemplars.pop(scope, None)

    def lines(self, *, exemplars: bool) -> Iterator[str]:
        """The family as text; buckets are cumulative."""
        yield from _head(self.family.name, self.family, "histogram")
        for scope, row in list(self._series.items()):
            for values, cell in list(row.items()):
                kept = self._exemplars.get(scope, {}) if exemplars else {}
                found = [kept.get((values, bucket)) for bucket in range(len(self._bounds) + 1)]
                yield from self._cell(self.family.text(scope, values), cell.tolist(), found)

    def _cell(self, labels: str, cell: list[float], exemplars: list[Exemplar | None]) -> Iterator[str]:
        name, comma, below = self.family.name, "," if labels else "", 0.0
        for bound, count, exemplar in zip((*self._bounds, math.inf), cell, exemplars, strict=False):
            below += count
            yield _line(f"{name}_bucket", f'{labels}{comma}le="{_number(bound)}"', below, exemplar)
        yield _line(f"{name}_count", labels, below)
        yield _line(f"{name}_sum", labels, cell[-1])


Series: TypeAlias = Gauge | Counter | Histogram


def exposition(families: Iterable[Series], accept: str) -> tuple[bytes, str]:
    """All families as text and its content type: OpenMetrics where the `Accept` header asks for it."""
    open_metrics = "application/openmetrics-text" in accept
    lines = [line for family in families for line in family.lines(exemplars=open_metrics)]
    if open_metrics:
        lines.append("# EOF\n")
    return "".join(lines).encode(), OPEN_METRICS if open_metrics else PLAIN


def _head(name: str, family: Family, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {family.help}\n", f"# TYPE {name} {kind}\n"


def _line(name: str, labels: str, value: float, exemplar: Exemplar | None = None) -> str:
    return (
        f"{name}{{{labels}}} {_number(value)}{exemplar or ''}\n" if labels else f"{name} {_number(value)}\n"
    )


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
