"""What the slots of a check said in a stretch of time: good and due, as `core/slo.py` counts them."""

from datetime import datetime, timedelta

from synthprobe.core.slo import Tally
from synthprobe.ports import Sql, SqlValue, Tx
from synthprobe.stores.columns import integer
from synthprobe.stores.instants import to_micros


def tally(check: str, since: datetime, until: datetime, latency: timedelta | None = None) -> Tx[Tally]:
    """The slots in (since, until]; with `latency` of those that were good, which were quick."""
    span: dict[str, SqlValue] = {"check": check, "since": to_micros(since), "until": to_micros(until)}
    if latency is not None:
        rows = yield Sql(_QUICK, {**span, "lt": latency // timedelta(microseconds=1)})
        return Tally(integer(rows[0], "good"), integer(rows[0], "due"))
    ran = yield Sql(_RAN, span)
    overlapped = yield Sql(_OVERLAPPED, span)
    good, due = integer(ran[0], "good"), integer(ran[0], "due")
    return Tally(good, due + integer(overlapped[0], "count"))


_RAN = """
select count(*) as due, coalesce(sum(outcome in ('passed', 'degraded')), 0) as good from runs
where check_key = :check and scheduled_at > :since and scheduled_at <= :until and outcome <> 'errored'
"""

_QUICK = """
select count(*) as due, coalesce(sum(duration_us < :lt), 0) as good from runs
where check_key = :check and scheduled_at > :since and scheduled_at <= :until and outcome in ('passed', 'degraded')
"""

_OVERLAPPED = """
select coalesce(sum(count), 0) as count from slots
where check_key = :check and fate = 'skipped' and why = 'overlap' and last_at > :since and first_at <= :until
"""
