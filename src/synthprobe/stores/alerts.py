"""Alerts: one row per fingerprint."""

from collections.abc import Sequence
from datetime import datetime

from synthprobe.core.alerts import Alert, AlertState
from synthprobe.ports import Sql, SqlValue, Tx
from synthprobe.stores.columns import document, encode, instant_or_none, listed
from synthprobe.stores.instants import to_micros

OUTSIDE = "outside"
"""Stands for the check of alerts that come from outside; no check has such a key."""


def find(fingerprint: str) -> Tx[Alert | None]:
    """The alert of a fingerprint."""
    rows = yield Sql("select doc from alerts where fingerprint = :f", {"f": fingerprint})
    return document(rows[0], Alert) if rows else None


def found(fingerprints: Sequence[str]) -> Tx[tuple[Alert, ...]]:
    """Those alerts of these fingerprints that there are."""
    if not fingerprints:
        return ()
    names, params = listed(fingerprints)
    rows = yield Sql(f"select doc from alerts where fingerprint in ({names})", params)  # noqa: S608
    return tuple(document(row, Alert) for row in rows)


def of_check(check: str) -> Tx[tuple[Alert, ...]]:
    """The alerts a check has."""
    rows = yield Sql("select doc from alerts where check_key = :check", {"check": check})
    return tuple(document(row, Alert) for row in rows)


def of_incident(number: int) -> Tx[tuple[Alert, ...]]:
    """The alerts of an incident, what fires first."""
    rows = yield Sql(
        "select doc from alerts where incident = :n order by state <> 'firing', check_key, fingerprint",
        {"n": number},
    )
    return tuple(document(row, Alert) for row in rows)


def firing() -> Tx[tuple[Alert, ...]]:
    """Every alert that fires."""
    rows = yield Sql("select doc from alerts where state = 'firing' order by fingerprint")
    return tuple(document(row, Alert) for row in rows)


def open_() -> Tx[tuple[Alert, ...]]:
    """Every alert that is pending or fires."""
    rows = yield Sql("select doc from alerts where state in ('pending', 'firing')")
    return tuple(document(row, Alert) for row in rows)


def of_no_check() -> Tx[tuple[Alert, ...]]:
    """Every alert that is pending or fires and is about a region or an agent."""
    rows = yield Sql("select doc from alerts where state in ('pending', 'firing') and check_key = ''")
    return tuple(document(row, Alert) for row in rows)


def firing_without_timer() -> Tx[tuple[Alert, ...]]:
    """Alerts that fire although no group that holds them has a timer: there should be none."""
    rows = yield Sql(
        """
        select doc from alerts where state = 'firing' and not exists (
            select 1 from group_members join groups on groups.key = group_members.group_key
            where group_members.fingerprint = alerts.fingerprint and groups.next_flush_at is not null)
        """
    )
    return tuple(document(row, Alert) for row in rows)


def save(alert: Alert) -> Tx[None]:
    """Insert or replace an alert."""
    yield Sql(_SAVE, _row(alert))


def save_all(alerts: Sequence[Alert]) -> Tx[None]:
    """Insert or replace many."""
    if alerts:
        yield Sql(_SAVE, many=[_row(alert) for alert in alerts])


def forget(fingerprint: str) -> Tx[None]:
    """Remove an alert that ended without firing and that no group holds."""
    yield Sql("delete from alerts where fingerprint = :f", {"f": fingerprint})


def expired(now: datetime, limit: int) -> Tx[tuple[Alert, ...]]:
    """Alerts from outside that fire and whose end is past, the longest first."""
    rows = yield Sql(
        "select doc from alerts where expires_at <= :now order by expires_at, fingerprint limit :limit",
        {"now": to_micros(now), "limit": limit},
    )
    return tuple(document(row, Alert) for row in rows)


def next_expiry() -> Tx[datetime | None]:
    """The earliest end of an alert from outside."""
    rows = yield Sql("select min(expires_at) as at from alerts where expires_at is not null")
    return instant_or_none(rows[0], "at")


def forget_outside(before: datetime) -> Tx[None]:
    """Remove alerts from outside that ended before an instant and that no group has still to tell of."""
    yield Sql(
        """
        delete from alerts where check_key = :outside and state <> 'firing' and updated_at < :before
            and not exists (select 1 from group_members where group_members.fingerprint = alerts.fingerprint)
        """,
        {"outside": OUTSIDE, "before": to_micros(before)},
    )


def _expiry(alert: Alert) -> int | None:
    fires = alert.outside is not None and alert.state is AlertState.FIRING
    return to_micros(alert.outside.ends_at) if alert.outside and fires else None


_SAVE = """
    insert into alerts (fingerprint, check_key, state, incident, updated_at, expires_at, doc)
    values (:fingerprint, :check, :state, :incident, :updated_at, :expires_at, :doc)
    on conflict (fingerprint) do update set check_key = :check, state = :state, incident = :incident,
        updated_at = :updated_at, expires_at = :expires_at, doc = :doc
"""


def _row(alert: Alert) -> dict[str, SqlValue]:
    return {
        "fingerprint": alert.fingerprint,
        "check": OUTSIDE if alert.outside else alert.check,
        "expires_at": _expiry(alert),
        "state": alert.state.value,
        "incident": alert.incident,
        "updated_at": to_micros(alert.updated_at),
        "doc": encode(alert),
    }
