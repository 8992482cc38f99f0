"""What rings a person's phone: one ladder of contacts at a time, with everything that they are paged for on it.

    topic ──▶ waiting ──fold window over──▶ on the ladder ──contact by contact, until somebody acts──▶ through
                                                └──no contact took it──▶ unreachable: the next level starts

Pages to one person within a minute of the last are told together. The next contact is tried when its time has come, or
at once when the one before did not take the page within 30 seconds. Of calls there is one in five minutes at most.
"""

from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.teams import ContactStep

FOLD = timedelta(seconds=60)
"""Pages to one person within this time of the last are told together."""

TAKEN_WITHIN = timedelta(seconds=30)
"""A contact that has not taken a page by then is not waited for."""

CALL = "call"
"""The contact that may ring only once in `CALL_EVERY`, and never for a quiet update."""

CALL_EVERY = timedelta(minutes=5)


class Ring(StrEnum):
    """Why a phone rings; nothing else makes it ring."""

    LEVEL = "level"
    LAPSED = "lapsed"
    """The acknowledgement ended, and its level one starts."""
    NOT_ACCEPTED = "not_accepted"
    """A handoff was not accepted, and its level one starts."""
    RAISED = "raised"
    """Severity or scope went up, or something fails that the holder has not seen."""
    TEST = "test"


_NOTES = {
    Ring.LAPSED: "Its acknowledgement lapsed: nobody has it.",
    Ring.NOT_ACCEPTED: "Its handoff was not accepted: nobody has it.",
    Ring.RAISED: "It became more serious.",
}


def note_on(reason: str) -> str:
    """The sentence with which a page says why it rings, where that is no level's turn."""
    return next((note for ring, note in _NOTES.items() if ring == reason), "")


class Topic(Struct, frozen=True, omit_defaults=True):
    """That a person is paged for an incident, and why."""

    incident: int
    reason: Ring
    at: datetime
    level: int | None = None
    """Of the policy, counted from one."""


class Rung(Struct, frozen=True):
    """A contact that was tried, with the key of its message."""

    contact: str
    at: datetime
    key: str


class Pager(Struct, frozen=True, omit_defaults=True):
    """One person's pages."""

    person: str
    topics: tuple[Topic, ...] = ()
    """On the ladder now."""
    waiting: tuple[Topic, ...] = ()
    """Not told yet: within a minute of what was told last."""
    started_at: datetime | None = None
    """When the ladder began; None while there is none."""
    step: int = 0
    """Index of the contact that comes next."""
    rung: tuple[Rung, ...] = ()
    """Contacts of this ladder that were tried."""
    rang_at: datetime | None = None
    """When anything was told last."""
    called_at: datetime | None = None
    seq: int = 0
    """Of the newest message: part of its key."""


class Ringing(Struct, frozen=True):
    """One message to send now."""

    contact: str
    seq: int
    topics: tuple[Topic, ...]
    fresh: tuple[Topic, ...]
    """Those of the topics that the person is told of for the first time."""
    late: timedelta


class Turned(Struct, frozen=True):
    """A pager after its turn."""

    pager: Pager
    ring: Ringing | None = None
    unreachable: tuple[Topic, ...] = ()
    """No contact took them."""


def add(pager: Pager, topic: Topic) -> Pager:
    """Page a person for an incident; what waits for them about it already is replaced."""
    waiting = tuple(each for each in pager.waiting if each.incident != topic.incident)
    return replace(pager, waiting=(*waiting, topic))


def drop(pager: Pager, incident: int) -> Pager:
    """Take an incident off a person's pages: somebody has it, or it is over. A ladder with nothing on it ends."""
    left = tuple(topic for topic in pager.topics if topic.incident != incident)
    waiting = tuple(topic for topic in pager.waiting if topic.incident != incident)
    after = replace(pager, topics=left, waiting=waiting)
    return after if left else _ended(after)


def rekeyed(pager: Pager, keys: Mapping[str, str | None]) -> Pager:
    """The pager with the keys that messages have now; of None, not sent after all, the ladder goes on as if never rung."""
    now = ((rung, keys.get(rung.key, rung.key)) for rung in pager.rung)
    return replace(pager, rung=tuple(replace(rung, key=key) for rung, key in now if key is not None))


def renumbered(pager: Pager, old: int, new: int) -> Pager:
    """The pager after an incident was merged into another."""

    def moved(topics: tuple[Topic, ...]) -> tuple[Topic, ...]:
        return tuple(replace(each, incident=new) if each.incident == old else each for each in topics)

    return replace(pager, topics=moved(pager.topics), waiting=moved(pager.waiting))


def due_at(pager: Pager, ladder: tuple[ContactStep, ...], taken: Set[str]) -> datetime | None:
    """When the pager's next turn is; `taken` are the keys of messages that arrived. None: nothing waits."""
    found = [_told_at(pager, ladder)] if pager.waiting else []
    if pager.started_at is not None:
        found.append(_next_contact_at(pager, pager.started_at, ladder, taken))
    return min(found, default=None)


def turn(pager: Pager, ladder: tuple[ContactStep, ...], taken: Set[str], now: datetime) -> Turned:
    """What is due on a pager: at most one message. Call again while it is due."""
    due = due_at(pager, ladder, taken)
    if due is None or due > now:
        return Turned(pager)
    if not ladder:
        return Turned(
            _ended(replace(pager, topics=(), waiting=())), unreachable=(*pager.topics, *pager.waiting)
        )
    if pager.started_at is None:
        begun = replace(pager, started_at=now - ladder[0].after, topics=())
        return _rung(begun, ladder[0].contact, due, now, on_to=1)
    if _next_contact_at(pager, pager.started_at, ladder, taken) > now:
        # More came while the ladder goes on: it is told at its first contact, and the ladder keeps its times.
        return _rung(pager, _first(ladder), due, now, on_to=pager.step)
    if pager.step >= len(ladder):
        reached = any(rung.key in taken for rung in pager.rung)
        return Turned(_ended(replace(pager, topics=())), unreachable=() if reached else pager.topics)
    return _rung(pager, ladder[pager.step].contact, due, now, on_to=pager.step + 1)


def quiet_contact(ladder: tuple[ContactStep, ...]) -> str | None:
    """The contact for what must not ring; None where the person has nothing but calls."""
    return next((step.contact for step in ladder if step.contact != CALL), None)


def sent(pager: Pager, ring: Ringing, key: str, now: datetime) -> Pager:
    """The pager once its message is queued under a key."""
    return replace(pager, rung=(*pager.rung, Rung(ring.contact, now, key)))


def _rung(pager: Pager, contact: str, due: datetime, now: datetime, *, on_to: int) -> Turned:
    fresh = pager.waiting
    again = {topic.incident for topic in fresh}
    topics = (*(topic for topic in pager.topics if topic.incident not in again), *fresh)
    after = replace(
        pager,
        topics=topics,
        waiting=(),
        step=on_to,
        rang_at=now,
        called_at=now if contact == CALL else pager.called_at,
        seq=pager.seq + 1,
    )
    return Turned(after, Ringing(contact, after.seq, topics, fresh, now - due))


def _ended(pager: Pager) -> Pager:
    return replace(pager, started_at=None, step=0, rung=())


def _next_contact_at(
    pager: Pager, started: datetime, ladder: tuple[ContactStep, ...], taken: Set[str]
) -> datetime:
    """When the next contact is due; behind the last one, when it has had its time."""
    last = pager.rung[-1] if pager.rung else None
    given_up_at = last.at + TAKEN_WITHIN if last and last.key not in taken else None
    if pager.step >= len(ladder):
        return given_up_at or started
    step = ladder[pager.step]
    planned = started + step.after
    return _allowed(pager, step.contact, min(planned, given_up_at or planned))


def _told_at(pager: Pager, ladder: tuple[ContactStep, ...]) -> datetime:
    """When what waits is told: at once, or when a minute has passed since something was."""
    oldest = min(topic.at for topic in pager.waiting)
    if not ladder:
        return oldest
    folded = max(oldest, pager.rang_at + FOLD) if pager.rang_at else oldest
    if pager.started_at is None:
        return _allowed(pager, ladder[0].contact, folded + ladder[0].after)
    return _allowed(pager, _first(ladder), folded)


def _first(ladder: tuple[ContactStep, ...]) -> str:
    return quiet_contact(ladder) or ladder[0].contact


def _allowed(pager: Pager, contact: str, at: datetime) -> datetime:
    return max(at, pager.called_at + CALL_EVERY) if contact == CALL and pager.called_at else at
