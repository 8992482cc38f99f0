"""What the days of budgets have used, as agents kept it in their spools before the account did: to be handed over once."""

from collections.abc import Iterable
from datetime import date

from synthprobe.core.budgets import Used
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import integer, text


def kept() -> Tx[tuple[Used, ...]]:
    """What was used, as far as it was not handed over."""
    rows = yield Sql("select name, day, used from budgets")
    return tuple(
        Used(text(row, "name"), date.fromisoformat(text(row, "day")), integer(row, "used")) for row in rows
    )


def forget(names: Iterable[str]) -> Tx[None]:
    """These were handed over."""
    for name in names:
        yield Sql("delete from budgets where name = :name", {"name": name})
