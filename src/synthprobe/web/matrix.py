"""The overview's matrix: a line per probe and row, a column per region."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from synthprobe.stores.views.checks import CheckLine


class MatrixLine(Struct, frozen=True):
    """One probe, or one row of its matrix; cells by region."""

    probe: str
    row: str | None
    owner: str
    every: float
    cells: Mapping[str, CheckLine]


class Matrix(Struct, frozen=True):
    """Everything watched at a glance; what does not pass comes first."""

    regions: tuple[str, ...]
    lines: tuple[MatrixLine, ...]
    counts: Mapping[str, int]
    """Checks by their last outcome; `waiting` for those that have not run yet, `paused` for those that are."""

    @property
    def all_passing(self) -> bool:
        """Whether every check that has run passed, and one has."""
        return self.counts.get("passed", 0) > 0 and not set(self.counts) - {"passed", "waiting", "paused"}


def arrange(checks: Sequence[CheckLine]) -> Matrix:
    """Group checks (sorted by probe and row) into lines; trouble on top, else the order stays."""
    groups = groupby(checks, key=lambda check: (check.probe, check.row))
    lines = [_line(tuple(of_line)) for _, of_line in groups]
    counts: dict[str, int] = {}
    for check in checks:
        word = "paused" if check.paused else check.last_outcome or "waiting"
        counts[word] = counts.get(word, 0) + 1
    return Matrix(
        tuple(sorted({check.region for check in checks})),
        tuple(sorted(lines, key=_trouble)),
        counts,
    )


def _line(checks: tuple[CheckLine, ...]) -> MatrixLine:
    first = checks[0]
    return MatrixLine(
        first.probe, first.row, first.owner, first.every, {check.region: check for check in checks}
    )


def _trouble(line: MatrixLine) -> int:
    """Smaller is worse: firing, then a last run that did not pass, then the rest."""
    watched = [check for check in line.cells.values() if not check.paused]
    if any(check.alert == "firing" for check in watched):
        return 0
    return 1 if any(check.last_outcome not in (None, "passed") for check in watched) else 2
