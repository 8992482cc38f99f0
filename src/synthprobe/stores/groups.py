"""Groups: their timers, the alerts they hold, what each integration was told, and every decision."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from synthprobe.core.alerts import Alert
from synthprobe.core.groups import Group, Reason, Told
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import document, encode, listed, text
from synthprobe.stores.instants import to_micros


def find(key: str) -> Tx[Group | None]:
    """The group of an id."""
    rows = yield Sql("select doc from groups where key = :key", {"key": key})
    return document(rows[0], Group) if rows else None


def found(keys: Sequence[str]) -> Tx[tuple[Group, ...]]:
    """Those groups of these ids that there are."""
    names, params = listed(keys)
    rows = yield Sql(f"select doc from groups where key in ({names})", params)  # noqa: S608
    return tuple(document(row, Group) for row in rows)


def holding(fingerprint: str) -> Tx[tuple[Group, ...]]:
    """The groups that hold an alert."""
    rows = yield Sql(
        """
        select groups.doc from group_members join groups on groups.key = group_members.group_key
        where group_members.fingerprint = :f order by groups.key
        """,
        {"f": fingerprint},
    )
    return tuple(document(row, Group) for row in rows)


def holding_any(fingerprints: Sequence[str]) -> Tx[tuple[tuple[Group, str], ...]]:
    """The groups that hold any of these alerts, each with one of those that it holds."""
    if not fingerprints:
        return ()
    names, params = listed(fingerprints)
    rows = yield Sql(
        f"""
        select groups.doc, min(group_members.fingerprint) as fingerprint
        from group_members join groups on groups.key = group_members.group_key
        where group_members.fingerprint in ({names}) group by groups.key order by groups.key
        """,  # noqa: S608
        params,
    )
    return tuple((document(row, Group), text(row, "fingerprint")) for row in rows)


def save(group: Group) -> Tx[None]:
    """Insert or replace a group, with its timer."""
    yield Sql(
        """
        insert into groups (key, receiver, next_flush_at, muted, doc) values (:key, :receiver, :due, :muted, :doc)
        on conflict (key) do update set receiver = :receiver, next_flush_at = :due, muted = :muted, doc = :doc
        """,
        {
            "key": group.id,
            "receiver": group.receiver,
            "due": to_micros(group.due_at) if group.due_at else None,
            "muted": int(bool(group.muted_by)),
            "doc": encode(group),
        },
    )


def muted() -> Tx[tuple[Group, ...]]:
    """Every group that holds something back."""
    rows = yield Sql("select doc from groups where muted = 1")
    return tuple(document(row, Group) for row in rows)


def put_off(key: str, until: datetime) -> Tx[None]:
    """Move a group's timer without reading the group, which may be what is wrong with it."""
    yield Sql(
        "update groups set next_flush_at = :until where key = :key", {"key": key, "until": to_micros(until)}
    )


def armed() -> Tx[tuple[Group, ...]]:
    """Every group that has a timer."""
    rows = yield Sql("select doc from groups where next_flush_at is not null")
    return tuple(document(row, Group) for row in rows)


def hold(key: str, fingerprint: str) -> Tx[None]:
    """Put an alert into a group."""
    yield Sql(
        "insert or ignore into group_members (group_key, fingerprint) values (:key, :f)",
        {"key": key, "f": fingerprint},
    )


def hold_all(pairs: Sequence[tuple[str, str]]) -> Tx[None]:
    """Put many alerts into groups: pairs of a group's id and a fingerprint."""
    if pairs:
        yield Sql(
            "insert or ignore into group_members (group_key, fingerprint) values (:key, :f)",
            many=[{"key": key, "f": fingerprint} for key, fingerprint in pairs],
        )


def release(key: str, fingerprints: Iterable[str]) -> Tx[None]:
    """Take alerts out of a group."""
    for fingerprint in fingerprints:
        yield Sql(
            "delete from group_members where group_key = :key and fingerprint = :f",
            {"key": key, "f": fingerprint},
        )


def members(key: str) -> Tx[tuple[Alert, ...]]:
    """The alerts a group holds, the longest known first."""
    rows = yield Sql(
        """
        select alerts.doc from group_members join alerts on alerts.fingerprint = group_members.fingerprint
        where group_members.group_key = :key
        """,
        {"key": key},
    )
    held = (document(row, Alert) for row in rows)
    return tuple(
        sorted(held, key=lambda alert: (alert.starts_at or alert.first_failed_at, alert.fingerprint))
    )


def due(now: datetime, limit: int) -> Tx[tuple[str, ...]]:
    """Keys of the groups whose timer is over, the longest overdue first."""
    rows = yield Sql(
        "select key from groups where next_flush_at <= :now order by next_flush_at limit :limit",
        {"now": to_micros(now), "limit": limit},
    )
    return tuple(text(row, "key") for row in rows)


def told(key: str, integration: str) -> Tx[Told | None]:
    """What an integration last heard about a group."""
    rows = yield Sql(
        "select doc from told where group_key = :key and integration = :i", {"key": key, "i": integration}
    )
    return document(rows[0], Told) if rows else None


def told_to(key: str) -> Tx[dict[str, Told]]:
    """What every integration last heard about a group, also those that its receiver has no more."""
    rows = yield Sql("select integration, doc from told where group_key = :key", {"key": key})
    return {text(row, "integration"): document(row, Told) for row in rows}


def tell(key: str, integration: str, heard: Told) -> Tx[None]:
    """Keep what an integration has heard now."""
    yield Sql(
        """
        insert into told (group_key, integration, doc) values (:key, :i, :doc)
        on conflict (group_key, integration) do update set doc = :doc
        """,
        {"key": key, "i": integration, "doc": encode(heard)},
    )


def decided(
    group: Group,
    integration: str,
    reason: Reason,
    incidents: Iterable[int],
    now: datetime,
    *,
    muted_by: str = "",
) -> Tx[None]:
    """Keep a decision, sent or not."""
    numbers = ",".join(str(number) for number in incidents)
    yield Sql(
        """
        insert into decisions (at, group_key, receiver, integration, sent, reason, incidents, muted_by)
        values (:at, :key, :receiver, :integration, :sent, :reason, :incidents, :muted_by)
        """,
        {
            "at": to_micros(now),
            "key": group.id,
            "receiver": group.receiver,
            "integration": integration,
            "sent": int(reason.sends),
            "reason": reason.value,
            "incidents": f",{numbers}," if numbers else "",
            "muted_by": muted_by,
        },
    )
