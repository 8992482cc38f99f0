"""Trouble that lasts is told once a minute: whoever logs it names its kind, and the log keeps the rest back."""

from collections.abc import Mapping

EVERY = 60.0
"""Seconds between two lines about the same kind of trouble."""

MARK = "sparingly"
"""The attribute of a log record that names its kind."""


def sparingly(kind: str) -> Mapping[str, object]:
    """The `extra` of a log call whose line is worth one a minute; two kinds do not hold each other back."""
    return {MARK: kind}


class Sparing:
    """Remembers when each kind was told last."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def may(self, kind: str, now: float) -> bool:
        """Whether it may be told at this second; a clock that was set back counts as a new minute."""
        last = self._told.get(kind)
        if last is not None and 0 <= now - last < EVERY:
            return False
        self._told[kind] = now
        return True
