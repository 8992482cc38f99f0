"""Silences: one row each; `ends_at` is looked up by, the document is the truth."""

from collections.abc import Iterable
from datetime import datetime

from synthprobe.core.silences import Silence
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import document, encode, instant_or_none, text
from synthprobe.stores.instants import to_micros


def find(silence: str) -> Tx[Silence | None]:
    """The silence of an id."""
    rows = yield Sql("select doc from silences where id = :id", {"id": silence})
    return document(rows[0], Silence) if rows else None


def unexpired(now: datetime) -> Tx[tuple[Silence, ...]]:
    """Silences that are active or pending, the first to end first."""
    rows = yield Sql(
        "select doc from silences where ends_at > :now order by ends_at, id", {"now": to_micros(now)}
    )
    return tuple(document(row, Silence) for row in rows)


def all_() -> Tx[tuple[Silence, ...]]:
    """Every silence that is kept, the last to end first."""
    rows = yield Sql("select doc from silences order by ends_at desc, id")
    return tuple(document(row, Silence) for row in rows)


def save(silence: Silence, remind_at: datetime | None) -> Tx[None]:
    """Insert or replace a silence, with the timer of its reminder."""
    yield Sql(
        """
        insert into silences (id, planned, ends_at, remind_at, doc) values (:id, :planned, :ends_at, :remind_at, :doc)
        on conflict (id) do update set ends_at = :ends_at, remind_at = :remind_at, doc = :doc
        """,
        {
            "id": silence.id,
            "planned": int(silence.planned),
            "ends_at": to_micros(silence.ends_at),
            "remind_at": to_micros(remind_at) if remind_at else None,
            "doc": encode(silence),
        },
    )


def planned() -> Tx[frozenset[str]]:
    """Ids of the planned silences that are kept."""
    rows = yield Sql("select id from silences where planned = 1")
    return frozenset(text(row, "id") for row in rows)


def forget(ids: Iterable[str]) -> Tx[None]:
    """Remove silences: planned ones that routes.yaml has no more."""
    for silence in ids:
        yield Sql("delete from silences where id = :id", {"id": silence})


def forget_ended(before: datetime) -> Tx[None]:
    """Remove silences made by hand that ended before an instant."""
    yield Sql("delete from silences where ends_at < :before and planned = 0", {"before": to_micros(before)})


def to_remind(now: datetime) -> Tx[tuple[Silence, ...]]:
    """Silences whose reminder is due."""
    rows = yield Sql("select doc from silences where remind_at <= :now order by id", {"now": to_micros(now)})
    return tuple(document(row, Silence) for row in rows)


def reminded(silence: str) -> Tx[None]:
    """Note that the reminder was given."""
    yield Sql("update silences set remind_at = null where id = :id", {"id": silence})


def next_reminder() -> Tx[datetime | None]:
    """The earliest reminder's instant."""
    rows = yield Sql("select min(remind_at) as at from silences where remind_at is not null")
    return instant_or_none(rows[0], "at")
