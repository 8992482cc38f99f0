"""Gathers the fates of slots that did not run into ranges, before they are spooled: an hour of overlap is one row."""

from datetime import datetime

from msgspec import structs

from synthprobe.core.results import Fate, SlotRange


class Fates:
    """Ranges not yet spooled, by check, in slot order."""

    def __init__(self) -> None:
        self._open: dict[str, list[SlotRange]] = {}

    def note(
        self, check: str, fate: Fate, why: str, first_at: datetime, last_at: datetime, count: int = 1
    ) -> None:
        """Add consecutive slots of one fate; they join the range before them if it shares their fate."""
        ranges = self._open.setdefault(check, [])
        if ranges and (ranges[-1].fate, ranges[-1].why) == (fate, why):
            ranges[-1] = structs.replace(ranges[-1], last_at=last_at, count=ranges[-1].count + count)
        else:
            ranges.append(SlotRange(check, fate, first_at, last_at, count, why=why))

    def take(self, check: str) -> tuple[SlotRange, ...]:
        """A check's ranges, which are forgotten here."""
        return tuple(self._open.pop(check, ()))

    def drain(self) -> tuple[SlotRange, ...]:
        """Every check's ranges, which are forgotten here."""
        drained = tuple(each for ranges in self._open.values() for each in ranges)
        self._open.clear()
        return drained
