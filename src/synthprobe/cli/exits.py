"""Exit codes, the same for every command."""

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
