"""Faults: what goes wrong on which route, in which regions, from when until when."""

import re
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct


class Drip(Struct, frozen=True):
    """Send the answer `bytes` at a time, with `every` between."""

    bytes: int
    every: timedelta


class Fault(Struct, frozen=True):
    """One thing that goes wrong; `since` and `until` count from the start of the faults."""

    method: str
    """Upper case, or `*` for any."""
    path: str
    """`*` stands for one part between slashes."""
    since: timedelta
    until: timedelta | None = None
    regions: frozenset[str] = frozenset()
    """Empty: all."""
    delay: timedelta | None = None
    status: int = 0
    body: str | None = None
    reset: bool = False
    drip: Drip | None = None
    lose_answer: bool = False

    def active(self, elapsed: float) -> bool:
        """Whether its window holds this many seconds after the start."""
        after_start = timedelta(seconds=elapsed)
        return self.since <= after_start and (self.until is None or after_start < self.until)

    def concerns(self, method: str, path: str, region: str) -> bool:
        """Whether a request is one that it breaks."""
        return (
            self.method in ("*", method)
            and (not self.regions or region in self.regions)
            and _pattern(self.path).fullmatch(path) is not None
        )

    @property
    def text(self) -> str:
        """What goes wrong, in words."""
        where = f" in {', '.join(sorted(self.regions))}" if self.regions else " in every region"
        return f"{self.method} {self.path} {self._what()}{where}"

    def _what(self) -> str:
        said = {
            f"answers {self.status}": self.status,
            "cuts the connection": self.reset,
            "does its work and loses the answer": self.lose_answer,
            "drips its answer": self.drip,
            "answers with a wrong body": self.body is not None and not self.status,
            f"is {self.delay.total_seconds():g} s late" if self.delay else "": self.delay,
        }
        return " and ".join(words for words, holds in said.items() if holds)


def find(faults: Iterable[Fault], method: str, path: str, region: str, elapsed: float) -> Fault | None:
    """The first fault that concerns a request now."""
    for fault in faults:
        if fault.active(elapsed) and fault.concerns(method, path, region):
            return fault
    return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in path.split("*")))
