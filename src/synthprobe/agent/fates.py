"""Gathers the fates of slots that did not run into ranges, before they are spooled: an hour of overlap is one row.

A range is forgotten once it is on disk, but for what a next slot of the same fate makes of it: told again, a range only
grows. Until then whoever writes for its check writes it too: told twice, a range is one range to the router.
"""

from collections.abc import Container, Iterable

from msgspec import structs

from synthprobe.core.results import Fate, SlotRange
from synthprobe.core.schedule import Starts


class Fates:
    """Ranges not yet spooled, by check, in slot order."""

    def __init__(self) -> None:
        self._open: dict[str, list[SlotRange]] = {}
        self._told: dict[str, SlotRange] = {}
        self._ended: set[str] = set()

    def note(self, check: str, fate: Fate, why: str, starts: Starts) -> None:
        """Add consecutive slots of one fate; they join the range right before them if it shares their fate."""
        ranges = self._open.setdefault(check, [])
        joins = check not in self._ended
        self._ended.discard(check)
        told = self._told.pop(check, None)
        if joins and not ranges and told is not None and (told.fate, told.why) == (fate, why):
            ranges.append(told)
        if joins and ranges and (ranges[-1].fate, ranges[-1].why) == (fate, why):
            count = ranges[-1].count + starts.count
            ranges[-1] = structs.replace(ranges[-1], last_at=starts.last, count=count)
        else:
            ranges.append(SlotRange(check, fate, starts.first, starts.last, starts.count, why=why))

    def end(self, check: str) -> None:
        """A slot of this check runs: what is noted next does not join what was noted before."""
        self._ended.add(check)
        self._told.pop(check, None)

    def keep(self, ranges: Iterable[SlotRange]) -> None:
        """Take ranges that could not be spooled otherwise, before what is noted here."""
        for each in reversed(tuple(ranges)):
            self._open.setdefault(each.check, []).insert(0, each)

    def of(self, check: str) -> tuple[SlotRange, ...]:
        """A check's ranges."""
        return tuple(self._open.get(check, ()))

    def all(self, but: Container[str] = ()) -> tuple[SlotRange, ...]:
        """Every check's ranges but those of some checks."""
        return tuple(each for check, ranges in self._open.items() if check not in but for each in ranges)

    def forget(self, ranges: Iterable[SlotRange]) -> None:
        """These are on disk; one that has grown since stays, to be told again as a whole."""
        for each in ranges:
            if (known := self._open.get(each.check)) and each in known:
                known.remove(each)
                if not known:
                    del self._open[each.check]
                    self._told[each.check] = each
