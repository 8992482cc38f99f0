"""What is made of measurements: percentiles, ratios, bars met or missed, one table and one JSON file per script."""

import statistics
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path

import msgspec
from msgspec import Struct

OUT = Path(__file__).parent / "out"
"""Where the JSON goes; not kept in the repository."""


class Row(Struct, frozen=True):
    """One measured figure: the median over the rounds, and each round's value."""

    what: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median."""
        return statistics.median(self.rounds)


class Bar(Struct, frozen=True):
    """A figure of `design/benchmarks.md` that must not be passed."""

    what: str
    value: float
    limit: float
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether the value keeps below the limit."""
        return self.value <= self.limit


class Report(Struct, frozen=True):
    """Everything one script found; `missing` names the peers that were not there, and how to install them."""

    name: str
    title: str
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    facts: Mapping[str, float | str] = {}
    missing: tuple[str, ...] = ()


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that at least `share` of all (0 to 1) do not exceed."""
    if not values:
        raise ValueError("no percentile of nothing")
    ordered = sorted(values)
    return ordered[max(ceil(share * len(ordered)), 1) - 1]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what both felt in one round cancels out."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def text(report: Report) -> str:
    """The report as a table."""
    lines = [report.title, "=" * len(report.title)]
    lines += [_row(row) for row in report.rows]
    lines += [f"  {name:<58} {_shown(value):>12}" for name, value in report.facts.items()]
    lines += [_bar(bar) for bar in report.bars]
    lines += [f"  not measured: {name}" for name in report.missing]
    return "\n".join(lines)


def save(report: Report, folder: Path = OUT) -> Path:
    """Write the report as JSON; returns the file."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{report.name}.json"
    shown = {
        **msgspec.to_builtins(report),
        "rows": [{**msgspec.to_builtins(row), "median": row.value} for row in report.rows],
        "bars": [{**msgspec.to_builtins(bar), "met": bar.met} for bar in report.bars],
    }
    file.write_bytes(msgspec.json.format(msgspec.json.encode(shown)) + b"\n")
    return file


def _row(row: Row) -> str:
    spread = f"{_number(min(row.rounds))} … {_number(max(row.rounds))}" if len(row.rounds) > 1 else ""
    return f"  {row.what:<58} {_number(row.value):>12} {row.unit:<10} {spread}".rstrip()


def _bar(bar: Bar) -> str:
    verdict = "met" if bar.met else "MISSED"
    return f"  {bar.what:<58} {_number(bar.value):>12} {bar.unit:<3} ≤ {_number(bar.limit)}: {verdict}"


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
