"""Gathers the fates of slots that did not run into ranges, before they are spooled: an hour of overlap is one row."""

from collections.abc import Iterable

from msgspec import structs

from synthprobe.core.results import Fate, SlotRange
from synthprobe.core.schedule import Starts


class Fates:
    """Ranges not yet spooled, by check, in slot order."""

    def __init__(self) -> None:
        self._open: dict[str, list[SlotRange]] = {}

    def note(self, check: str, fate: Fate, why: str, starts: Starts) -> None:
        """Add consecutive slots of one fate; they join the range before them if it shares their fate."""
        ranges = self._open.setdefault(check, [])
        if ranges and (ranges[-1].fate, ranges[-1].why) == (fate, why):
            count = ranges[-1].count + starts.count
            ranges[-1] = structs.replace(ranges[-1], last_at=starts.last, count=count)
        else:
            ranges.append(SlotRange(check, fate, starts.first, starts.last, starts.count, why=why))

    def restore(self, ranges: Iterable[SlotRange]) -> None:
        """Take back ranges that could not be spooled, before what was noted since."""
        later = self.drain()
        for each in (*ranges, *later):
            self._open.setdefault(each.check, []).append(each)

    def take(self, check: str) -> tuple[SlotRange, ...]:
        """A check's ranges, which are forgotten here."""
        return tuple(self._open.pop(check, ()))

    def drain(self) -> tuple[SlotRange, ...]:
        """Every check's ranges, which are forgotten here."""
        drained = tuple(each for ranges in self._open.values() for each in ranges)
        self._open.clear()
        return drained
