"""Declined runs of the last minutes, for the rule that makes an outage of several."""

from datetime import datetime

from synthprobe.core.declines import WITHIN, Decline, belongings
from synthprobe.core.results import CheckInfo
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import document, integer, text
from synthprobe.stores.instants import from_micros, to_micros


def since(at: datetime) -> Tx[tuple[Decline, ...]]:
    """The declines that ended within ten minutes before an instant, but not those of runs a person asked for."""
    rows = yield Sql(
        """
        select r.check_key, r.started_at + r.duration_us as ended_at, c.doc
        from runs r join checks c on c.key = r.check_key
        where r.kind = 'declined' and r.trigger <> 'manual'
          and r.started_at > :begun and r.started_at + r.duration_us > :since
        """,
        # A run takes an hour at most; by its start there is an index.
        {"begun": to_micros(at - WITHIN) - 3_600_000_000, "since": to_micros(at - WITHIN)},
    )
    return tuple(
        Decline(
            text(row, "check_key"),
            from_micros(integer(row, "ended_at")),
            belongings(document(row, CheckInfo)),
        )
        for row in rows
    )
