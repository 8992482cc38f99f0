"""What of the outbox is about people: what they heard, or may have, of an incident, and what is not told any more."""

from collections.abc import Mapping, Set
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.notifications import Notification, without
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores import outbox
from synthprobe.stores.columns import document, encode, integer, text
from synthprobe.stores.incidents import goes_on_as
from synthprobe.stores.instants import to_micros


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


class Waiting(Struct, frozen=True):
    """A page that waits for an attempt."""

    id: int
    subject: str
    maybe_received: bool
    message: Notification


def owed_an_end(prefix: str, incident: int) -> Tx[bool]:
    """Whether somebody heard, or may have heard, of an incident since its end was told to them last."""
    rows = yield Sql(
        """
        select o.kind from outbox_incidents i join outbox o on o.id = i.outbox_id
        where i.incident = :n and substr(o.subject, 1, length(:prefix)) = :prefix and o.maybe_received > 0
            and o.id > coalesce((
                select max(e.id) from outbox_incidents ie join outbox e on e.id = ie.outbox_id
                where ie.incident = :n and substr(e.subject, 1, length(:prefix)) = :prefix and e.kind = 'resolved'
                    and e.state <> 'cancelled'), 0)
        """,
        {"n": incident, "prefix": prefix},
    )
    return bool(rows)


def tried(receiver: str, now: datetime) -> Tx[tuple[Waiting, ...]]:
    """Pages to a person's contact that wait for another attempt."""
    rows = yield Sql(
        """
        select id, subject, maybe_received, doc from outbox
        where state in ('pending', 'leased') and receiver = :receiver and kind = 'firing'
            and substr(integration, 1, 8) = 'contact[' and attempts > 0
            and (state = 'pending' or lease_until <= :now)
        """,
        {"receiver": receiver, "now": to_micros(now)},
    )
    return tuple(_waiting(row) for row in rows)


def leave_out(prefix: str, incident: int) -> Tx[Mapping[str, str | None]]:
    """Let what waits to tell somebody that an incident fires leave it out, and cancel what tells of nothing else.

    Returns the keys of the pages that are sent under another key now, or (None) not at all.
    """
    rows = yield Sql(
        """
        select id, subject, maybe_received, doc from outbox
        where substr(subject, 1, length(:prefix)) = :prefix and state = 'pending' and kind = 'firing'
            and id in (select outbox_id from outbox_incidents where incident = :n)
        """,
        {"n": incident, "prefix": prefix},
    )
    changed: dict[str, str | None] = {}
    for row in rows:
        changed |= yield from leave_out_of(_waiting(row), frozenset({incident}))
    return changed


def leave_out_of(page: Waiting, incidents: Set[int]) -> Tx[Mapping[str, str | None]]:
    """The same for one page; those that were merged into these are left out, too."""
    over: set[int] = set(incidents)
    for named in page.message.incidents:
        standing = yield from goes_on_as(named.number)
        if standing and standing.number in incidents:
            over.add(named.number)
    left = without(page.message, over)
    key = page.message.key
    if not left.incidents or (page.message.news and not left.news):
        changed: dict[str, str | None] = {key: None}
        yield from _cancel(page)
    elif page.maybe_received:
        # One key is one message: the rest is told under another, and of what may have been heard the end is told.
        changed = {key: (yield from _put_again(page, left, over))}
        yield from _cancel(page)
    else:
        changed = {}
        yield from _rewrite(page, left, over)
    yield Sql(_CANCEL_ENDS, {"prefix": page.subject.rstrip("0123456789")})
    return changed


def _waiting(row: DbRow) -> Waiting:
    received = integer(row, "maybe_received") > 0
    return Waiting(integer(row, "id"), text(row, "subject"), received, document(row, Notification))


def _cancel(page: Waiting) -> Tx[None]:
    yield Sql("update outbox set state = 'cancelled', lease_until = null where id = :id", {"id": page.id})


def _put_again(page: Waiting, left: Notification, over: Set[int]) -> Tx[str]:
    key = f"{page.message.key}-without-{'-'.join(map(str, sorted(over)))}"
    seq = yield from outbox.next_seq(page.subject)
    row = yield from outbox.put(replace(left, key=key), page.subject, seq)
    yield Sql(
        "insert or ignore into outbox_incidents (outbox_id, incident) "
        "select :new, incident from outbox_incidents where outbox_id = :old",
        {"new": row, "old": page.id},
    )
    yield from _unlink(row, over)
    return key


def _rewrite(page: Waiting, left: Notification, over: Set[int]) -> Tx[None]:
    yield Sql("update outbox set doc = :doc where id = :id", {"id": page.id, "doc": encode(left)})
    yield from _unlink(page.id, over)


def _unlink(row: int, incidents: Set[int]) -> Tx[None]:
    yield Sql(
        "delete from outbox_incidents where outbox_id = :id and incident = :n",
        many=[{"id": row, "n": number} for number in sorted(incidents)],
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
