"""Guests of the account as rows: runs of other machines, which nobody here can see end.

One that ended in order and left nothing is forgotten. Any other counts until it says otherwise, or its follower does, or
a person who has looked settles it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from synthprobe.core.accounts import Guest, Refusal, standing
from synthprobe.core.money import Sums
from synthprobe.ports import DbRow, Sql, Tx
from synthprobe.stores import shares
from synthprobe.stores.columns import instant, integer, text
from synthprobe.stores.instants import to_micros

KEPT = timedelta(days=30)
"""How long it can be seen who settled what."""


def admit(
    holder: str, said: str, now: datetime, probe: str, own: Sums, stake: Sums, ceiling: Sums
) -> Tx[Refusal | None]:
    """Let a guest's run start, if it may: its stake counts from now on; what it says that it has counts anyway."""
    yield from _hear(holder, said, now)
    yield from shares.publish(holder, probe, own)
    return (yield from shares.admit(holder, probe, own, stake, ceiling))


def state(holder: str, said: str, now: datetime, own: Mapping[str, Sums]) -> Tx[None]:
    """Keep what a guest that is still there has at stake."""
    yield from _hear(holder, said, now)
    yield from shares.state(holder, own)


def end(holder: str, said: str, now: datetime, own: Mapping[str, Sums]) -> Tx[None]:
    """Keep what a guest leaves open, or forget it where that is nothing."""
    yield from state(holder, said, now, own)
    yield Sql("update guests set ended = 1 where holder = :holder", {"holder": holder})
    yield Sql(
        "delete from guests where holder = :holder and holder not in (select holder from shares)",
        {"holder": holder},
    )


def succeed(holders: Iterable[str]) -> Tx[None]:
    """What these held another guest has now, and says so itself."""
    for holder in holders:
        yield from shares.forget([holder])
        yield Sql("delete from guests where holder = :holder", {"holder": holder})


def settle(holder: str, by: str, note: str, now: datetime) -> Tx[bool]:
    """A person has seen to it that nothing of a guest is held any more; False where there is none that holds."""
    rows = yield Sql(
        "update guests set settled_by = :by, note = :note, seen_at = :now "
        "where holder = :holder and holder in (select holder from shares) returning holder",
        {"holder": holder, "by": by, "note": note, "now": to_micros(now)},
    )
    yield from shares.forget([text(row, "holder") for row in rows])
    return bool(rows)


def all_(now: datetime) -> Tx[tuple[Guest, ...]]:
    """Guests with something at stake, those not heard of for longest first; and those that were settled, the last first."""
    found: list[Guest] = []
    for row in (yield Sql(_HOLDING)):
        held = yield from shares.of(text(row, "holder"))
        found.append(_guest(row, held, now))
    settled = yield Sql("select * from guests where settled_by <> '' order by seen_at desc limit 50")
    return (*found, *(_guest(row, {}, now) for row in settled))


def _hear(holder: str, said: str, now: datetime) -> Tx[None]:
    yield Sql(_HEAR, {"holder": holder, "said": said, "now": to_micros(now)})
    yield Sql(_FORGET, {"before": to_micros(now - KEPT)})


def _guest(row: DbRow, held: Mapping[str, Sums], now: datetime) -> Guest:
    seen_at, by = instant(row, "seen_at"), text(row, "settled_by")
    return Guest(
        holder=text(row, "holder"),
        said=text(row, "said"),
        since=instant(row, "since"),
        seen_at=seen_at,
        standing=standing(seen_at, now, ended=bool(integer(row, "ended")), settled_by=by),
        held={probe: {each: f"{amount:f}" for each, amount in part.items()} for probe, part in held.items()},
        settled_by=by,
        note=text(row, "note"),
    )


_HEAR = """
insert into guests (holder, said, since, seen_at) values (:holder, :said, :now, :now)
on conflict (holder) do update set said = excluded.said, seen_at = excluded.seen_at, ended = 0, settled_by = '', note = ''
"""

_FORGET = "delete from guests where seen_at < :before and holder not in (select holder from shares)"

_HOLDING = """
select * from guests where settled_by = '' and holder in (select holder from shares) order by seen_at, holder
"""
