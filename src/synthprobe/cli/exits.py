"""Exit codes, the same for every command, and what an exception from a task group really holds."""

from collections.abc import Iterator
from enum import IntEnum


class Exit(IntEnum):
    """What the process says with its exit code."""

    OK = 0
    USAGE = 1
    INVALID = 2
    """A file or setting is invalid."""
    ERRORED = 3
    """Ours: the run could not be carried out."""
    FAILED = 4
    """The target's: a run failed."""
    NOT_UNDONE = 5
    """Something that a run made could not be taken back."""
    LOCKED = 6
    """An agent's, told to its router: another process has its spool open."""


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions inside a group, however nested; an exception by itself is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error
