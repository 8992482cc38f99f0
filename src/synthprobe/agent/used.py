"""What the day of each budget has used, as rows of the spool: written with whatever the spool writes next.

A run's requests are drawn before its beginning is written, so that none of it is sent before they are on disk.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from synthprobe.core.budgets import Used
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import integer, text


class Counts(Protocol):
    """Knows what was used, and which of it is not on disk yet."""

    def unsaved(self) -> Sequence[Used]:
        """What is to be written."""
        ...

    def saved(self, used: Iterable[Used]) -> None:
        """This is on disk."""
        ...


class NoCounts:
    """Of who has no budgets."""

    def unsaved(self) -> Sequence[Used]:
        """Nothing."""
        return ()

    def saved(self, used: Iterable[Used]) -> None:
        """Nothing was."""


def kept() -> Tx[tuple[Used, ...]]:
    """What was used, as far as it was written."""
    rows = yield Sql("select name, day, used from budgets")
    return tuple(
        Used(text(row, "name"), date.fromisoformat(text(row, "day")), integer(row, "used")) for row in rows
    )


def keep(used: Iterable[Used]) -> Tx[None]:
    """Write what was used; a day never has less than it had, and a later one takes its place."""
    for each in used:
        yield Sql(_KEEP, {"name": each.name, "day": each.day.isoformat(), "used": each.requests})


_KEEP = """
insert into budgets (name, day, used) values (:name, :day, :used)
on conflict (name) do update set day = excluded.day, used = excluded.used
where excluded.day > day or (excluded.day = day and excluded.used > used)
"""
