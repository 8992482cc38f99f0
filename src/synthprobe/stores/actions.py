"""Actions: what people did about incidents, kept before it is applied, applied once."""

from datetime import datetime

from msgspec import Struct

from synthprobe.core.actions import Action, Refusal
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import document, encode, text
from synthprobe.stores.instants import to_micros


class Outcome(Struct, frozen=True):
    """What became of an action."""

    applied: bool
    refusal: Refusal | None = None


def put(action: Action) -> Tx[bool]:
    """Keep an action; False when it is known already."""
    rows = yield Sql(
        """
        insert into actions (id, incident, at, doc) values (:id, :n, :at, :doc)
        on conflict (id) do nothing returning id
        """,
        {"id": action.id, "n": action.incident, "at": to_micros(action.at), "doc": encode(action)},
    )
    return bool(rows)


def waiting(now: datetime, limit: int) -> Tx[tuple[Action, ...]]:
    """Actions that were not applied yet, in the order of their coming."""
    rows = yield Sql(
        "select doc from actions where applied_at is null and at <= :now order by at, id limit :limit",
        {"now": to_micros(now), "limit": limit},
    )
    return tuple(document(row, Action) for row in rows)


def applied(action: Action, refusal: Refusal | None, now: datetime) -> Tx[None]:
    """Mark an action as applied, in the transaction that applies it."""
    yield Sql(
        "update actions set applied_at = :now, refusal = :refusal where id = :id",
        {"id": action.id, "now": to_micros(now), "refusal": refusal.value if refusal else None},
    )


def outcome(id: str) -> Tx[Outcome]:
    """What became of an action."""
    rows = yield Sql("select applied_at, refusal from actions where id = :id", {"id": id})
    if not rows or rows[0]["applied_at"] is None:
        return Outcome(applied=False)
    refusal = rows[0]["refusal"]
    return Outcome(applied=True, refusal=Refusal(text(rows[0], "refusal")) if refusal else None)
