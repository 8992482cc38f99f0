"""What the notifier does with the outbox: claims messages under a lease and a fence, and marks each attempt."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from synthprobe.core.notifications import Notification
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.columns import document, instant, instant_or_none, integer, text
from synthprobe.stores.instants import to_micros


class DeliveryOutcome(StrEnum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD = "dead"


class Claim(Struct, frozen=True):
    """A message this notifier may send until its lease runs out."""

    id: int
    fence: int
    attempt: int
    subject: str
    created_at: datetime
    notification: Notification


class Mark(Struct, frozen=True):
    """What one attempt came to; `due_at` is when a failed one is tried again."""

    outcome: DeliveryOutcome
    at: datetime
    message: str = ""
    status: int | None = None
    due_at: datetime | None = None
    arrived: bool = True
    """False when it is proven that nothing reached the receiver."""


def hasten(now: datetime, longest_lease: datetime) -> Tx[None]:
    """Make due what was queued, tried or leased in the future: the clock was set back since."""
    yield Sql(
        """
        update outbox set due_at = min(due_at, :now),
            lease_until = case when lease_until > :longest then :now else lease_until end
        where state in ('pending', 'leased') and (created_at > :now or lease_until > :longest
            or exists (select 1 from deliveries d where d.outbox_id = outbox.id and d.at > :now))
        """,
        {"now": to_micros(now), "longest": to_micros(longest_lease)},
    )


def receivers_due(now: datetime) -> Tx[tuple[str, ...]]:
    """Receivers for whom something is due, the oldest first: whether any of it is first in its line its claim asks."""
    rows = yield Sql(
        """
        select receiver from outbox where state in ('pending', 'leased') and due_at <= :now
        group by receiver order by min(id)
        """,
        {"now": to_micros(now)},
    )
    return tuple(text(row, "receiver") for row in rows)


def claim(receiver: str, limit: int, now: datetime, until: datetime) -> Tx[tuple[Claim, ...]]:
    """Lease up to `limit` messages for a receiver until `until`."""
    rows = yield Sql(
        f"select id from outbox o where {_CLAIMABLE} and receiver = :receiver order by id limit :limit",  # noqa: S608
        {"now": to_micros(now), "receiver": receiver, "limit": limit},
    )
    claims: list[Claim] = []
    for row in rows:
        leased = yield Sql(
            """
            update outbox set state = 'leased', lease_until = :until, fence = fence + 1, attempts = attempts + 1,
                maybe_received = maybe_received + 1
            where id = :id and (state = 'pending' or lease_until <= :now)
            returning id, fence, attempts, subject, created_at, doc
            """,
            {"id": row["id"], "now": to_micros(now), "until": to_micros(until)},
        )
        claims.extend(_claim(found) for found in leased)
    return tuple(claims)


def next_due(now: datetime) -> Tx[datetime | None]:
    """The earliest instant from now on at which something becomes claimable by itself: its time comes, or a lease ends.

    What is due already waits for a place, or for what is before it.
    """
    rows = yield Sql(
        f"""
        select min(at) as at from (
            select min(o.due_at) as at from outbox o
            where o.state in ('pending', 'leased') and o.state = 'pending' and o.due_at > :now and {_FIRST_IN_LINE}
            union all
            select min(lease_until) from outbox where state = 'leased' and lease_until > :now)
        """,  # noqa: S608 - a constant of this module
        {"now": to_micros(now)},
    )
    return instant_or_none(rows[0], "at")


def mark(claimed: Claim, attempt: Mark) -> Tx[bool]:
    """Note an attempt; False when the lease was lost meanwhile and somebody else decides."""
    yield Sql(
        """
        insert into deliveries (outbox_id, at, attempt, outcome, status, message)
        values (:id, :at, :attempt, :outcome, :status, :message)
        """,
        {
            "id": claimed.id,
            "at": to_micros(attempt.at),
            "attempt": claimed.attempt,
            "outcome": attempt.outcome.value,
            "status": attempt.status,
            "message": attempt.message,
        },
    )
    delivered = attempt.outcome is DeliveryOutcome.DELIVERED
    rows = yield Sql(
        """
        update outbox set state = :state, due_at = coalesce(:due, due_at), last_error = :error,
            delivered_at = :delivered, maybe_received = maybe_received - :unreached, lease_until = null
        where id = :id and fence = :fence and state = 'leased'
        returning id
        """,
        {
            "id": claimed.id,
            "fence": claimed.fence,
            "state": "pending" if attempt.outcome is DeliveryOutcome.FAILED else attempt.outcome.value,
            "due": to_micros(attempt.due_at) if attempt.due_at else None,
            "error": None if delivered else attempt.message,
            "delivered": to_micros(attempt.at) if delivered else None,
            "unreached": 0 if attempt.arrived else 1,
        },
    )
    return bool(rows)


_FIRST_IN_LINE = """
    not exists (
        select 1 from outbox earlier
        where earlier.subject = o.subject and earlier.receiver = o.receiver
          and earlier.integration = o.integration and earlier.seq < o.seq
          and earlier.state in ('pending', 'leased'))
"""

_NOT_WHILE_RINGING = """
    (o.kind not in ('resolved', 'update') or substr(o.integration, 1, 8) <> 'contact[' or not exists (
        select 1 from outbox_incidents own
        join outbox_incidents same on same.incident = own.incident
        join outbox call on call.id = same.outbox_id
        where own.outbox_id = o.id and call.id < o.id and call.kind = 'firing'
            and call.state = 'leased' and call.lease_until > :now
            and rtrim(call.subject, '0123456789') = rtrim(o.subject, '0123456789')))
"""
"""Each contact of a person is a line of its own, but while one rings no other tells the person that it is over, or whose
it is. Pages that wait are no matter: those are cancelled by what makes them needless."""

_CLAIMABLE = f"""
    o.state in ('pending', 'leased') and o.due_at <= :now and (o.state = 'pending' or o.lease_until <= :now)
    and {_FIRST_IN_LINE} and {_NOT_WHILE_RINGING}
"""


def _claim(row: DbRow) -> Claim:
    return Claim(
        id=integer(row, "id"),
        fence=integer(row, "fence"),
        attempt=integer(row, "attempts"),
        subject=text(row, "subject"),
        created_at=instant(row, "created_at"),
        notification=document(row, Notification),
    )
