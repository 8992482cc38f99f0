"""When something is due next, of all that has a timer: groups, incidents, pagers, silences, alerts from outside, notes held back, and actions, which are due at once."""

from datetime import datetime

from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import instant_or_none


def next_due() -> Tx[datetime | None]:
    """The earliest timer there is: what a loop that finds nothing due asks, and nothing else."""
    rows = yield Sql(
        """
        select min(at) as at from (
            select min(next_flush_at) as at from groups where next_flush_at is not null
            union all select min(due_at) from incidents where due_at is not null
            union all select min(due_at) from pagers where due_at is not null
            union all select min(remind_at) from silences where remind_at is not null
            union all select min(expires_at) from alerts where expires_at is not null
            union all select min(due_at) from withheld_notes
            union all select min(at) from actions where applied_at is null) timers
        """
    )
    return instant_or_none(rows[0], "at")
