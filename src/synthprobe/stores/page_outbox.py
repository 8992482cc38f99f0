"""What of the outbox is about people: what they heard, or may have, of an incident, and what is not told any more."""

from msgspec import Struct

from synthprobe.core.notifications import Notification, without
from synthprobe.ports import Sql, SqlValue, Tx
from synthprobe.stores.columns import document, encode, integer, text


class Reached(Struct, frozen=True):
    """A message to somebody about an incident that arrived, or may have."""

    subject: str
    integration: str


def reached(prefix: str, incident: int) -> Tx[tuple[Reached, ...]]:
    """By what somebody heard, or may have heard, that an incident fires: subjects with a prefix, the newest first."""
    rows = yield Sql(
        """
        select o.subject, o.integration from outbox_incidents i join outbox o on o.id = i.outbox_id
        where i.incident = :n and substr(o.subject, 1, length(:prefix)) = :prefix and o.kind = 'firing'
            and o.maybe_received > 0
        order by o.id desc
        """,
        {"n": incident, "prefix": prefix},
    )
    return tuple(Reached(text(row, "subject"), text(row, "integration")) for row in rows)


def cancel_pages(prefix: str, incident: int) -> Tx[frozenset[str]]:
    """Cancel what waits to tell somebody that an incident fires; what was made for others, too, leaves it out.

    Returns the keys of pages that name others and are cancelled all the same, since they were made for this one alone.
    """
    asked: dict[str, SqlValue] = {"n": incident, "prefix": prefix}
    yield Sql(
        """
        update outbox set state = 'cancelled'
        where substr(subject, 1, length(:prefix)) = :prefix and state = 'pending' and kind = 'firing'
            and id in (select outbox_id from outbox_incidents where incident = :n)
            and not exists (
                select 1 from outbox_incidents o join incidents i on i.number = o.incident
                where o.outbox_id = outbox.id and o.incident <> :n and i.state = 'triggered')
        """,
        asked,
    )
    # Of what may have arrived the content stays: one key is one message, and the end is told after it.
    rows = yield Sql(
        """
        select id, doc from outbox
        where substr(subject, 1, length(:prefix)) = :prefix and state = 'pending' and kind = 'firing'
            and maybe_received = 0 and id in (select outbox_id from outbox_incidents where incident = :n)
        """,
        asked,
    )
    empty: set[str] = set()
    for row in rows:
        message = document(row, Notification)
        left = without(message, incident)
        if message.news and not left.news:
            empty.add(message.key)
        yield from _rewrite(integer(row, "id"), left, incident, cancelled=message.key in empty)
    yield Sql(_CANCEL_ENDS, {"prefix": prefix})
    return frozenset(empty)


def _rewrite(row: int, left: Notification, incident: int, *, cancelled: bool) -> Tx[None]:
    state = "cancelled" if cancelled else "pending"
    yield Sql(
        "update outbox set doc = :doc, state = :state where id = :id",
        {"id": row, "doc": encode(left), "state": state},
    )
    yield Sql(
        "delete from outbox_incidents where outbox_id = :id and incident = :n", {"id": row, "n": incident}
    )


_CANCEL_ENDS = """
    update outbox set state = 'cancelled'
    where substr(subject, 1, length(:prefix)) = :prefix and state = 'pending' and kind = 'resolved'
        and maybe_received = 0 and not exists (
            select 1 from outbox_incidents own
            join outbox_incidents others on others.incident = own.incident
            join outbox o on o.id = others.outbox_id
            where own.outbox_id = outbox.id and substr(o.subject, 1, length(:prefix)) = :prefix
                and o.kind = 'firing' and (o.maybe_received > 0 or o.state in ('pending', 'leased')))
"""
"""The end of what nobody can have heard of: it was on its way when the end was decided, and did not arrive."""
