"""Pagers: what rings each person's phone, with its timer; and why whom was, or was not, paged."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from synthprobe.core import pages
from synthprobe.core.pages import Pager
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores.columns import document, encode, instant, instant_or_none, integer, text
from synthprobe.stores.instants import to_micros


class PageDecision(Struct, frozen=True, omit_defaults=True):
    """Whether a person was paged or told about an incident, and why; `person` is empty where a level had nobody."""

    at: datetime
    incident: int
    person: str
    sent: bool
    reason: str
    level: int | None = None
    detail: str = ""


def find(person: str) -> Tx[Pager]:
    """A person's pager, a fresh one where they were never paged."""
    rows = yield Sql("select doc from pagers where person = :person", {"person": person})
    return document(rows[0], Pager) if rows else Pager(person)


def save(pager: Pager, due_at: datetime | None) -> Tx[None]:
    """Insert or replace a pager, with its timer."""
    yield Sql(
        """
        insert into pagers (person, due_at, doc) values (:person, :due, :doc)
        on conflict (person) do update set due_at = :due, doc = :doc
        """,
        {"person": pager.person, "due": to_micros(due_at) if due_at else None, "doc": encode(pager)},
    )


def renumber(old: int, new: int) -> Tx[None]:
    """Let what waits for people about a merged incident be about the one it goes on as; timers stay."""
    rows = yield Sql("select doc from pagers where due_at is not null")
    for row in rows:
        pager = document(row, Pager)
        moved = pages.renumbered(pager, old, new)
        if moved != pager:
            yield Sql(
                "update pagers set doc = :doc where person = :person",
                {"person": pager.person, "doc": encode(moved)},
            )


def put_off(person: str, until: datetime) -> Tx[None]:
    """Move a pager's timer without reading the pager, which may be what is wrong with it."""
    yield Sql(
        "update pagers set due_at = :until where person = :person",
        {"person": person, "until": to_micros(until)},
    )


def due(now: datetime, limit: int) -> Tx[tuple[str, ...]]:
    """People whose pager's timer is over, the longest overdue first."""
    rows = yield Sql(
        "select person from pagers where due_at <= :now order by due_at limit :limit",
        {"now": to_micros(now), "limit": limit},
    )
    return tuple(text(row, "person") for row in rows)


def next_due() -> Tx[datetime | None]:
    """The earliest timer of a pager."""
    rows = yield Sql("select min(due_at) as at from pagers where due_at is not null")
    return instant_or_none(rows[0], "at")


def hasten(latest: datetime) -> Tx[None]:
    """Make due what is further off than any timer is set: the clock was set back since."""
    yield Sql("update pagers set due_at = 0 where due_at > :latest", {"latest": to_micros(latest)})


def decided(decisions: Iterable[PageDecision]) -> Tx[None]:
    """Keep why people were paged, told, or not."""
    for decision in decisions:
        yield Sql(
            """
            insert into page_decisions (at, incident, person, sent, reason, level, detail)
            values (:at, :incident, :person, :sent, :reason, :level, :detail)
            """,
            {
                "at": to_micros(decision.at),
                "incident": decision.incident,
                "person": decision.person,
                "sent": int(decision.sent),
                "reason": decision.reason,
                "level": decision.level,
                "detail": decision.detail,
            },
        )


def decisions_of(incident: int) -> Tx[tuple[PageDecision, ...]]:
    """Why whom was, or was not, paged for an incident, in order."""
    rows = yield Sql("select * from page_decisions where incident = :n order by id", {"n": incident})
    return tuple(_decision(row) for row in rows)


def decisions_since(since: datetime) -> Tx[tuple[PageDecision, ...]]:
    """Why whom was, or was not, paged since an instant, in order."""
    rows = yield Sql("select * from page_decisions where at >= :at order by id", {"at": to_micros(since)})
    return tuple(_decision(row) for row in rows)


def _decision(row: DbRow) -> PageDecision:
    level = row["level"]
    return PageDecision(
        at=instant(row, "at"),
        incident=integer(row, "incident"),
        person=text(row, "person"),
        sent=bool(row["sent"]),
        reason=text(row, "reason"),
        level=level if isinstance(level, int) else None,
        detail=text(row, "detail"),
    )
