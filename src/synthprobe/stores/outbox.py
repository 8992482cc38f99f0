"""The outbox: messages on their way, claimed under a lease and a fence, each attempt noted.

    pending ──claim──▶ leased ──2xx──▶ delivered
       ▲                 ├──failed──▶ pending (later)      the lease runs out ──▶ may be claimed again
       └─────────────────┘            └──given up──▶ dead
    pending ──its problem is over and nothing of it can have arrived──▶ cancelled

Messages to one integration about one subject leave in the order of their `seq`, one at a time.
"""

from collections.abc import Iterable

from synthprobe.core.notifications import Notification
from synthprobe.ports import Sql, Tx
from synthprobe.stores.columns import encode, integer, text
from synthprobe.stores.instants import to_micros


def put(message: Notification, subject: str, seq: int) -> Tx[int]:
    """Queue a message, due at once, and return its row's id."""
    row = yield from _insert(message, subject, seq)
    for incident in message.incidents:
        yield Sql(
            "insert or ignore into outbox_incidents (outbox_id, incident) values (:id, :n)",
            {"id": row, "n": incident.number},
        )
    return row


def next_seq(subject: str) -> Tx[int]:
    """One more than the newest message about a subject has."""
    rows = yield Sql("select coalesce(max(seq), 0) + 1 as seq from outbox where subject = :s", {"s": subject})
    return integer(rows[0], "seq")


def is_known(key: str) -> Tx[bool]:
    """Whether a message of this key was queued before."""
    return bool((yield Sql("select 1 from outbox where key = :key", {"key": key})))


def taken(keys: Iterable[str]) -> Tx[frozenset[str]]:
    """Those of these messages that were delivered."""
    found: set[str] = set()
    for key in keys:
        if (yield Sql("select 1 from outbox where key = :key and state = 'delivered'", {"key": key})):
            found.add(key)
    return frozenset(found)


def _insert(message: Notification, subject: str, seq: int) -> Tx[int]:
    rows = yield Sql(
        """
        insert into outbox (key, subject, receiver, integration, kind, seq, state, created_at, due_at, doc)
        values (:key, :subject, :receiver, :integration, :kind, :seq, 'pending', :at, :at, :doc)
        returning id
        """,
        {
            "key": message.key,
            "subject": subject,
            "receiver": message.receiver,
            "integration": message.integration,
            "kind": message.kind,
            "seq": seq,
            "at": to_micros(message.created_at),
            "doc": encode(message),
        },
    )
    return integer(rows[0], "id")


def cancel_unsent(subject: str, receiver: str, integration: str) -> Tx[None]:
    """Cancel waiting messages of which nothing can have arrived, back to the end of an earlier problem: that is owed."""
    yield Sql(
        """
        update outbox set state = 'cancelled'
        where subject = :subject and receiver = :receiver and integration = :integration
          and state = 'pending' and maybe_received = 0
          and seq > (
            select coalesce(max(seq), 0) from outbox
            where subject = :subject and receiver = :receiver and integration = :integration
              and kind = 'resolved' and state <> 'cancelled')
        """,
        {"subject": subject, "receiver": receiver, "integration": integration},
    )


def last_received(subject: str, receiver: str, integration: str) -> Tx[str | None]:
    """The kind of the newest message that arrived, may have arrived, or is still to be sent; updates tell no state."""
    rows = yield Sql(
        """
        select kind from outbox
        where subject = :subject and receiver = :receiver and integration = :integration
          and (maybe_received > 0 or state = 'pending') and kind <> 'update'
        order by seq desc limit 1
        """,
        {"subject": subject, "receiver": receiver, "integration": integration},
    )
    return text(rows[0], "kind") if rows else None


def newest(subject: str, receiver: str, integration: str) -> Tx[tuple[str, str] | None]:
    """Kind and state of the newest message about a subject to an integration."""
    rows = yield Sql(
        """
        select kind, state from outbox
        where subject = :subject and receiver = :receiver and integration = :integration
        order by seq desc limit 1
        """,
        {"subject": subject, "receiver": receiver, "integration": integration},
    )
    return (text(rows[0], "kind"), text(rows[0], "state")) if rows else None
