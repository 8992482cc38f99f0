"""An acknowledgement is a lease: who has the incident, what they took, and until when.

    until = the earlier of last action + `ack_timeout` and end of the holder's shift + `accept_within`

Any action of the holder renews it. Five minutes before its end the holder is asked, quietly, whether they are still on
it. `notice` before their shift ends, both sides hear of the handoff; when it ends, the incident is offered to whoever
comes on call; whoever accepts holds it. What is not renewed, and not accepted, lapses: nobody has the incident any more.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

STILL_ON_IT = timedelta(minutes=5)
"""How long before its end a lease's holder is asked."""

Thing = tuple[str, str]
"""What may fail: a check (or an alert that is no check's, by fingerprint) and the signature of its failure."""


class Lease(Struct, frozen=True, omit_defaults=True):
    """An acknowledgement."""

    holder: str
    acted_at: datetime
    """The holder's last action."""
    until: datetime
    covers: frozenset[Thing]
    """What fired when the holder acted last, or what they were told since."""
    shift_ends_at: datetime | None = None
    """None where the holder's shift does not end it: they are on no schedule of the incident's team."""
    asked: bool = False
    """Whether the holder was asked if they are still on it."""
    notice_at: datetime | None = None
    """When both sides of the handoff hear of it beforehand; None where they did, or it is too late for that."""
    offered_to: str = ""
    """Who came on call since and has not accepted yet; `-` where nobody came."""


class Shift(Struct, frozen=True):
    """The shift that bounds a lease."""

    ends_at: datetime
    accept_within: timedelta
    notice: timedelta = timedelta()


class LeaseEvent(StrEnum):
    """What is due about a lease."""

    STILL_ON_IT = "still_on_it"
    NOTICE = "handoff_notice"
    HANDOFF = "handoff"
    LAPSED = "lapsed"
    NOT_ACCEPTED = "not_accepted"


NOBODY = "-"
"""Offered to nobody: the shift ended and nobody came on call."""


def lease(
    holder: str, covers: Iterable[Thing], *, shift: Shift | None, ack_timeout: timedelta, now: datetime
) -> Lease:
    """A lease as it is taken, accepted, or renewed by an action."""
    until = now + ack_timeout
    if shift:
        until = min(until, shift.ends_at + shift.accept_within)
    return Lease(
        holder=holder,
        acted_at=now,
        until=until,
        covers=frozenset(covers),
        shift_ends_at=shift.ends_at if shift else None,
        notice_at=_notice_at(shift, now),
        # One that is hardly longer than the warning would ask at once.
        asked=until - STILL_ON_IT <= now,
    )


def rebound(held: Lease, shift: Shift | None, *, ack_timeout: timedelta, now: datetime) -> Lease:
    """The lease of a holder whose shift ends when it did not before: their next one follows, or the rota was changed.

    No action was made, so nothing is renewed; a notice that is late already is given at once.
    """
    until = held.acted_at + ack_timeout
    if shift:
        until = min(until, shift.ends_at + shift.accept_within)
    late = now if shift and shift.notice and shift.ends_at > now else None
    return replace(
        held,
        until=until,
        shift_ends_at=shift.ends_at if shift else None,
        notice_at=_notice_at(shift, now) or late,
        asked=held.asked and until <= held.until,
    )


def due(held: Lease, now: datetime) -> LeaseEvent | None:
    """What is due about a lease now; only the most important, and that once."""
    if now >= held.until:
        return LeaseEvent.NOT_ACCEPTED if held.offered_to else LeaseEvent.LAPSED
    if held.shift_ends_at and now >= held.shift_ends_at and not held.offered_to:
        return LeaseEvent.HANDOFF
    if held.notice_at and now >= held.notice_at and not held.offered_to:
        return LeaseEvent.NOTICE
    if not held.asked and now >= held.until - STILL_ON_IT:
        return LeaseEvent.STILL_ON_IT
    return None


def due_at(held: Lease) -> datetime:
    """When something is due about a lease."""
    found = [held.until]
    if not held.asked:
        found.append(held.until - STILL_ON_IT)
    if held.shift_ends_at and not held.offered_to:
        found.append(held.shift_ends_at)
        found.append(held.notice_at or held.shift_ends_at)
    return min(found)


def _notice_at(shift: Shift | None, now: datetime) -> datetime | None:
    """When to give notice of a shift's end, if that is still to come."""
    found = shift.ends_at - shift.notice if shift and shift.notice else None
    return found if found and found > now else None
