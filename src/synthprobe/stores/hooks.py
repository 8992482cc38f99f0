"""The inbox of inbound webhooks: kept as they came before they are answered, for ten minutes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from synthprobe.core.hooks import KEPT, Delivery
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.columns import instant, integer, text
from synthprobe.stores.instants import to_micros

MOST_OF_ONE = 500
"""Deliveries kept for one token; of more the oldest go."""

BATCH = 100
"""Deliveries told at once."""


def keep(token: str, headers: Sequence[tuple[str, str]], body: bytes, now: datetime) -> Tx[int]:
    """Keep a delivery and return its id."""
    yield from forget(now)
    rows = yield Sql(
        """
        insert into hook_deliveries (token, received_at, headers, body) values (:token, :at, :headers, :body)
        returning id
        """,
        {"token": token, "at": to_micros(now), "headers": msgspec.json.encode(tuple(headers)), "body": body},
    )
    yield Sql(
        """
        delete from hook_deliveries where token = :token and id <= (
            select id from hook_deliveries where token = :token order by id desc limit 1 offset :most)
        """,
        {"token": token, "most": MOST_OF_ONE},
    )
    return integer(rows[0], "id")


def since(tokens: Sequence[str], after: int) -> Tx[tuple[Delivery, ...]]:
    """The deliveries for any of these tokens after one, in the order they came."""
    found: list[DbRow] = []
    for token in tokens:
        found += yield Sql(
            """
            select id, token, received_at, headers, body from hook_deliveries
            where token = :token and id > :after order by id limit :limit
            """,
            {"token": token, "after": after, "limit": BATCH},
        )
    return tuple(sorted(map(_delivery, found), key=lambda delivery: delivery.id))[:BATCH]


def forget(now: datetime) -> Tx[None]:
    """Give up what has waited long enough."""
    yield Sql("delete from hook_deliveries where received_at < :before", {"before": to_micros(now - KEPT)})


def _delivery(row: DbRow) -> Delivery:
    headers, body = row["headers"], row["body"]
    assert isinstance(headers, bytes)
    assert isinstance(body, bytes)
    return Delivery(
        id=integer(row, "id"),
        token=text(row, "token"),
        received_at=instant(row, "received_at"),
        headers=msgspec.json.decode(headers, type=tuple[tuple[str, str], ...]),
        body=body,
    )
