"""What a seed decides, and what came of it: one stream of chances, and the history it made."""

import hashlib
import random
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from synthprobe.clock import Clock

T = TypeVar("T")


class Dice:
    """Chances from one seed; once `calm`, nothing bad happens any more."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"simulation {seed}")
        self.calm = False

    def strikes(self, chance: float) -> bool:
        """Whether something bad happens now."""
        return not self.calm and self._random.random() < chance

    def choose(self, among: Sequence[T]) -> T:
        """One of these."""
        return self._random.choice(among)

    def seconds(self, least: float, most: float) -> float:
        """A duration, in whole milliseconds."""
        return round(self._random.uniform(least, most), 3)

    def number(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(least, most)

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()

    def bits(self, count: int) -> int:
        """So many random bits."""
        return self._random.getrandbits(count)

    def identity(self) -> str:
        """A fresh id."""
        return f"{self.bits(64):016x}"


class History:
    """Everything that happened, in order: what two runs of one seed must share."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lines: list[str] = []

    def note(self, *words: object) -> datetime:
        """Write down what happens now; returns the instant."""
        now = self._clock.now()
        self.lines.append(" ".join(map(str, (f"{self._clock.monotonic():.3f}", now.isoformat(), *words))))
        return now

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
