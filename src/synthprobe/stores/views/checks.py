"""Checks as the overview, the probe page and the incident page show them."""

from datetime import datetime

from msgspec import Struct

from synthprobe.core.results import CheckInfo
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.columns import document, instant, instant_or_none, text
from synthprobe.stores.views.strips import Strip, durations, quantile, strips


class CheckLine(Struct, frozen=True, omit_defaults=True):
    """One check now: its last slots, and how long its runs take (seconds, over those slots)."""

    key: str
    probe: str
    region: str
    every: float
    announced_at: datetime
    owner: str = ""
    row: str | None = None
    last_run_at: datetime | None = None
    last_outcome: str | None = None
    last_good_run: str | None = None
    alert: str | None = None
    """The graver state of its alerts, while there is one: pending or firing."""
    withheld: str = ""
    """Why an alert that is pending with failures enough does not fire."""
    paused: str = ""
    """Why none of its slots is run for now."""
    strip: Strip = ()
    p50: float | None = None
    p95: float | None = None


class CheckState(Struct, frozen=True, omit_defaults=True):
    """How a check of a concerned probe fares: what the incident page counts as failing or passing."""

    key: str
    probe: str
    region: str
    row: str | None = None
    last_outcome: str | None = None
    last_run_at: datetime | None = None
    last_good_run: str | None = None


def check_lines(probe: str | None = None) -> Tx[tuple[CheckLine, ...]]:
    """Every served check, of one probe or of all, by probe, row and region; four statements however many there are."""
    rows = yield Sql(_SERVED, {"probe": probe})
    alerts = yield Sql(_OPEN)
    open_ = {text(row, "check_key"): (text(row, "state"), _or_none(row, "withheld")) for row in alerts}
    marks = yield from strips(probe)
    keys = ((row, text(row, "key")) for row in rows)
    return tuple(_line(row, open_.get(key, (None, None)), marks.get(key, ())) for row, key in keys)


def check_infos(probe: str) -> Tx[tuple[CheckInfo, ...]]:
    """What agents announced of a probe's checks, withdrawn ones last."""
    rows = yield Sql(
        "select doc from checks where probe = :probe order by withdrawn_at is not null, key", {"probe": probe}
    )
    return tuple(document(row, CheckInfo) for row in rows)


def check_states(numbered: int) -> Tx[tuple[CheckState, ...]]:
    """Served checks, but for paused ones, of every probe that has an alert in this incident."""
    rows = yield Sql(_CONCERNED, {"number": numbered})
    return tuple(
        CheckState(
            text(row, "key"),
            text(row, "probe"),
            text(row, "region"),
            _or_none(row, "row_id"),
            _or_none(row, "last_outcome"),
            instant_or_none(row, "last_run_at"),
            _or_none(row, "last_good_run"),
        )
        for row in rows
    )


def _line(row: DbRow, alert: tuple[str | None, str | None], strip: Strip) -> CheckLine:
    info = document(row, CheckInfo)
    ascending = durations(strip)
    return CheckLine(
        key=info.key,
        probe=info.probe,
        region=info.region,
        every=info.every,
        announced_at=instant(row, "announced_at"),
        owner=info.owner,
        row=info.row,
        last_run_at=instant_or_none(row, "last_run_at"),
        last_outcome=_or_none(row, "last_outcome"),
        last_good_run=_or_none(row, "last_good_run"),
        alert=alert[0],
        withheld=alert[1] or "",
        paused=info.paused,
        strip=strip,
        p50=quantile(ascending, 0.5),
        p95=quantile(ascending, 0.95),
    )


def _or_none(row: DbRow, name: str) -> str | None:
    return None if row[name] is None else text(row, name)


# The last one of a check counts.
_OPEN = """
select check_key, state, json_extract(cast(doc as text), '$.annotations.withheld') as withheld from alerts
where state in ('pending', 'firing') order by state = 'firing', withheld is not null
"""

_SERVED = """
select key, announced_at, last_run_at, last_outcome, last_good_run, doc from checks
where withdrawn_at is null and (:probe is null or probe = :probe)
order by probe, coalesce(row_id, ''), region
"""

_CONCERNED = """
select key, probe, region, row_id, last_outcome, last_run_at, last_good_run from checks
where withdrawn_at is null and json_extract(cast(doc as text), '$.paused') is null and probe in (
    select c.probe from alerts a join checks c on c.key = a.check_key where a.incident = :number)
order by probe, region, coalesce(row_id, '')
"""
