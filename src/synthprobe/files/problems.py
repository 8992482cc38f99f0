"""What is wrong with a file, where, and what to do about it."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.expectations import Position


class ProblemLevel(StrEnum):
    """Whether a problem makes its file unusable."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Struct, frozen=True):
    """One fault of one file; line and column count from one."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    """What to do, as a short clause."""
    level: ProblemLevel = ProblemLevel.ERROR

    @property
    def is_error(self) -> bool:
        """Whether it makes its file unusable."""
        return self.level is ProblemLevel.ERROR

    def __str__(self) -> str:
        warning = "" if self.is_error else "warning: "
        hint = f" — {self.hint}" if self.hint else ""
        return _one_line(f"{self.file}:{self.line}:{self.column}: {warning}{self.message}{hint}")


class FileProblems(Exception):
    """A file cannot be used; `problems` holds everything that is wrong with it, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = ordered(problems)
        super().__init__("\n".join(map(str, self.problems)))


def problem_at(position: Position, message: str, hint: str = "") -> Problem:
    """An error at a position."""
    return Problem(position.file, position.line, position.column, message, hint)


def warning_at(position: Position, message: str, hint: str = "") -> Problem:
    """A warning at a position."""
    return Problem(position.file, position.line, position.column, message, hint, ProblemLevel.WARNING)


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, by file, line and column."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda problem: (problem.file, problem.line, problem.column)))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those problems that make a file unusable."""
    return tuple(problem for problem in problems if problem.is_error)


def _one_line(text: str) -> str:
    """The text with line breaks and control characters written out: a file's text must not steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
