"""Overrides of on-call that people made: one row each, the document is the truth."""

from datetime import datetime

from synthprobe.core.teams import Override
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import document, encode
from synthprobe.stores.instants import to_micros


def all_() -> Tx[tuple[Override, ...]]:
    """Every override that is kept, in the order in which they end."""
    rows = yield Sql("select doc from overrides order by ends_at, id")
    return tuple(document(row, Override) for row in rows)


def save(override: Override) -> Tx[None]:
    """Keep a new override."""
    yield Sql(
        "insert into overrides (id, ends_at, doc) values (:id, :ends_at, :doc)",
        {"id": override.id, "ends_at": to_micros(override.end), "doc": encode(override)},
    )


def forget(override: str) -> Tx[None]:
    """Remove an override."""
    yield Sql("delete from overrides where id = :id", {"id": override})


def forget_ended(before: datetime) -> Tx[None]:
    """Remove overrides that ended before an instant."""
    yield Sql("delete from overrides where ends_at < :before", {"before": to_micros(before)})
