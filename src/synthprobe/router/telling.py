"""Tells people, and receivers that a policy names, about an incident: quietly, or as its level says.

A page is an outbox row like any other message, under a key that is the same on each repeat and says which it is:
incident, person, kind and number. What rings is `router/ringing.py`'s; here are quiet updates and ends.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec import Struct

from synthprobe.core.incidents import Incident
from synthprobe.core.pages import CALL, quiet_contact
from synthprobe.core.responders import ESCALATION, ladder_of, location_of
from synthprobe.core.routes import Routes
from synthprobe.core.teams import Override
from synthprobe.ports import Tx
from synthprobe.router import messages, neighbours
from synthprobe.router.messages import FIRING, RESOLVED, UPDATE, Addressed
from synthprobe.router.placing import NewId
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import outbox as outbox_rows
from synthprobe.stores import page_outbox
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores.pagers import PageDecision

NO_QUIET_CONTACT = "no_quiet_contact"
"""Why somebody is not told what does not ring: they have nothing but calls."""


class Turning(Struct, frozen=True):
    """What a turn of an incident or a pager needs beside its number or name."""

    tree: Routes
    public_url: str
    now: datetime
    new_id: NewId
    overrides: tuple[Override, ...] = ()
    """Of the file, and those that people made."""


class Update(Struct, frozen=True):
    """What is told: its kind, the reason as a word, and a sentence before everything else."""

    reason: str
    note: str = ""
    kind: str = UPDATE
    level: int | None = None
    late: timedelta = timedelta()


def quietly(people: Iterable[str], incident: Incident, update: Update, with_: Turning) -> Tx[None]:
    """Tell people who were told before, without ringing; who has nothing but calls is left alone."""
    for person in dict.fromkeys(people):
        contact = quiet_contact(ladder_of(person, with_.tree))
        if contact:
            yield from tell(person, contact, incident, update, with_)
        yield from _decided(incident, person, update, with_, why_not="" if contact else NO_QUIET_CONTACT)


def tell(person: str, contact: str, incident: Incident, update: Update, with_: Turning) -> Tx[None]:
    """Queue a quiet message to a person, behind what the contact was told of this incident before."""
    integration = contact_name(contact)
    before = yield from page_outbox.reached(prefix_of(person), incident.number)
    subject = next(
        (each.subject for each in before if each.integration == integration),
        subject_of(person, incident.number),
    )
    yield from _queue(addressed(person, contact, with_.tree, quiet=True), subject, incident, update, with_)


def tell_end(incident: Incident, with_: Turning) -> Tx[None]:
    """Whoever was told that it fires, or may have been, is told the end: once, unless they heard of it again since."""
    update = Update(RESOLVED, kind=RESOLVED)
    for person in incident.paged:
        heard = yield from page_outbox.reached(prefix_of(person), incident.number)
        contact = _contact_for_end(person, [each.integration for each in heard], with_.tree)
        owed = yield from page_outbox.owed_an_end(prefix_of(person), incident.number)
        why_not = "" if contact else NO_QUIET_CONTACT
        why_not = (why_not if owed else "unchanged") if heard else "never_told"
        if contact and not why_not:
            yield from tell(person, contact, incident, update, with_)
        yield from _decided(incident, person, update, with_, why_not=why_not)
    for receiver in incident.rung:
        yield from tell_receiver(receiver, incident, update, with_)


def tell_receiver(name: str, incident: Incident, update: Update, with_: Turning) -> Tx[None]:
    """Queue a message to each way out of a receiver that a level, or the last resort, names."""
    receiver = with_.tree.receivers.get(name)
    for integration in receiver.integrations if receiver else ():
        if integration.kind == ESCALATION:
            continue
        way, subject = integration.name, subject_of(name, incident.number)
        if update.kind == RESOLVED:
            yield from outbox_rows.cancel_unsent(subject, name, way)
            last = yield from outbox_rows.last_received(subject, name, way)
            if last != FIRING or not integration.send_resolved:
                continue
        yield from _queue(Addressed(name, way), subject, incident, update, with_)


def addressed(person: str, contact: str, tree: Routes, *, quiet: bool = False) -> Addressed:
    """A person as the address of a message."""
    # Each contact is a receiver of its own: one whose circuit is open delays no other.
    receiver, location = f"{person}/{contact}", location_of(person, tree)
    return Addressed(receiver, contact_name(contact), person, contact, location, quiet=quiet)


def contact_name(contact: str) -> str:
    """What the outbox calls a contact."""
    return f"contact[{contact}]"


def subject_of(person: str, incident: int) -> str:
    """What the outbox calls the pages of a person about an incident: those leave one after the other."""
    return f"{prefix_of(person)}{incident}"


def prefix_of(person: str) -> str:
    """What the subject of everything begins with that pages this person."""
    return f"page/{quote(person, safe='')}/"


def key_of(incident: Incident, to: str, kind: str, subject: str, seq: int) -> str:
    """The idempotency key of a page: incident, person, kind and number in its line, so that none is queued twice.

    What pages fold into is a line of another incident's, which counts for itself, and is named then.
    """
    line = subject.rpartition("/")[2]
    number = f"{seq}" if line == f"{incident.number}" else f"{line}.{seq}"
    return f"{incident.uid}-{quote(to, safe='')}-{kind}-{number}"


def _queue(to: Addressed, subject: str, incident: Incident, update: Update, with_: Turning) -> Tx[None]:
    seq = yield from outbox_rows.next_seq(subject)
    alerts = yield from alert_rows.of_incident(incident.number)
    who = to.person or f"{to.receiver}-{to.integration}"
    message = messages.about(
        to,
        [(incident, alerts)],
        key=key_of(incident, who, update.kind, subject, seq),
        kind=update.kind,
        reason=update.reason,
        note=update.note,
        level=update.level,
        late=update.late,
        public_url=with_.public_url,
        now=with_.now,
    )
    yield from neighbours.put(message, subject, seq)


def _decided(incident: Incident, person: str, update: Update, with_: Turning, *, why_not: str) -> Tx[None]:
    detail = "" if why_not else f"quietly: {update.note}" if update.note else "quietly"
    decision = PageDecision(
        with_.now, incident.number, person, not why_not, why_not or update.reason, detail=detail
    )
    yield from pager_rows.decided([decision])


def _contact_for_end(person: str, heard: list[str], tree: Routes) -> str | None:
    """The contact that was reached last and does not ring, else the person's first that does not."""
    ladder = [step.contact for step in ladder_of(person, tree) if step.contact != CALL]
    reached = [contact for contact in ladder if contact_name(contact) in heard]
    return next(iter((*reached, *ladder)), None)
