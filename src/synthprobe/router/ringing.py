"""Rings people's phones: a pager whose timer is over sends one message, by the contact whose turn it is.

A pager is a row with a timer, one for each person, so that pages to them fold and a ladder survives a restart. A
message goes into the outbox in the transaction that moves the pager, under a key of its own: once, however often a
turn is repeated.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec.structs import replace

from synthprobe.core import pages
from synthprobe.core.alerts import Alert
from synthprobe.core.escalation import Skip, hastened
from synthprobe.core.incidents import Incident, IncidentState, TimelineEntry
from synthprobe.core.notifications import Notification
from synthprobe.core.pages import Pager, Ring, Ringing, Topic
from synthprobe.core.responders import ladder_of
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router import messages, neighbours
from synthprobe.router.entries import lateness
from synthprobe.router.keeping import keep_incident
from synthprobe.router.telling import Turning, addressed, key_of, prefix_of, subject_of
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import outbox as outbox_rows
from synthprobe.stores import page_outbox
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores.pagers import PageDecision


def page(person: str, topic: Topic, with_: Turning) -> Tx[None]:
    """Put an incident on a person's pager; it rings in its own turn, a moment later."""
    pager = yield from pager_rows.find(person)
    yield from save(pages.add(pager, topic), with_.tree)
    yield from pager_rows.decided(
        [PageDecision(with_.now, topic.incident, person, True, topic.reason.value, topic.level)]
    )


def spare(people: Iterable[str], incident: Incident, with_: Turning) -> Tx[None]:
    """Take an incident off people's pagers, and do not send what waits: somebody has it, or it is over."""
    for person in people:
        changed = yield from page_outbox.leave_out(prefix_of(person), incident.number)
        pager = yield from pager_rows.find(person)
        after = pages.rekeyed((yield from _dropped(pager, incident.number, with_)), changed)
        if after != pager:
            yield from save(after, with_.tree)


def spare_again(receiver: str, tree: Routes, now: datetime) -> Tx[None]:
    """Repeat no attempt to ring for what somebody took, or what ended, while the one before was under way."""
    for page in (yield from page_outbox.tried(receiver, now)):
        over: set[int] = set()
        for named in page.message.incidents:
            incident = yield from incident_rows.goes_on_as(named.number)
            if incident and not _rings(incident, named.reason or page.message.reason):
                over.add(incident.number)
        if not over:
            continue
        changed = yield from page_outbox.leave_out_of(page, over)
        pager = yield from pager_rows.find(page.message.person)
        yield from save(pages.rekeyed(pager, changed), tree)


def ring(person: str, with_: Turning) -> Tx[None]:
    """The turn of a person's pager, if it is due."""
    ladder = ladder_of(person, with_.tree)
    pager = yield from pager_rows.find(person)
    pager, incidents = yield from _still_open(pager, with_)
    taken = yield from _taken(pager)
    turned = pages.turn(pager, ladder, taken, with_.now)
    after = turned.pager
    if turned.ring:
        after = yield from _send(after, turned.ring, incidents, with_)
    for topic in turned.unreachable:
        yield from _unreachable(person, topic, with_)
    yield from save(after, with_.tree)


def test_page(person: str, contact: str, with_: Turning) -> Tx[str]:
    """Queue a page that tells of nothing but itself, by one contact. Raises `LookupError`."""
    contacts = [step.contact for step in ladder_of(person, with_.tree)]
    if not contacts or (contact and contact not in contacts):
        known = f"there are {', '.join(contacts)}" if contacts else "write `notify` in routes.yaml"
        raise LookupError(f"{person} has no contact {contact}; {known}" if contact else f"{person}: {known}")
    chosen = contact or contacts[0]
    subject = subject_of(person, 0)
    seq = yield from outbox_rows.next_seq(subject)
    message = messages.about(
        addressed(person, chosen, with_.tree),
        (),
        key=_key(person, [], subject, seq),
        kind=messages.TEST,
        reason=Ring.TEST.value,
        note=_TEST,
        public_url=with_.public_url,
        now=with_.now,
    )
    yield from neighbours.put(message, subject, seq)
    yield from pager_rows.decided([PageDecision(with_.now, 0, person, True, Ring.TEST.value)])
    return message.key


_TEST = "This is a test, asked for by somebody: nothing fails."


def _still_open(pager: Pager, with_: Turning) -> Tx[tuple[Pager, dict[int, Incident]]]:
    """The pager without what nobody needs to be paged for any more."""
    found: dict[int, Incident] = {}
    for topic in (*pager.topics, *pager.waiting):
        incident = yield from incident_rows.find(topic.incident)
        if incident and _concerns(incident, topic):
            found[incident.number] = incident
        else:
            pager = yield from _dropped(pager, topic.incident, with_)
    return pager, found


def _dropped(pager: Pager, incident: int, with_: Turning) -> Tx[Pager]:
    """The pager without an incident; where it has not rung for that yet, it is kept that it did not."""
    yield from pager_rows.decided(
        PageDecision(with_.now, incident, pager.person, False, Skip.SPARED.value, topic.level)
        for topic in pager.waiting
        if topic.incident == incident
    )
    return pages.drop(pager, incident)


def _concerns(incident: Incident, topic: Topic) -> bool:
    """Whether a page still is one: a raise rings although somebody has the incident; nothing rings for what passes."""
    return _rings(incident, topic.reason) and bool(incident.firing) and not incident.muted


def _rings(incident: Incident, reason: str) -> bool:
    raised = reason == Ring.RAISED and incident.state is IncidentState.ACKNOWLEDGED
    return raised or incident.state is IncidentState.TRIGGERED


def _send(pager: Pager, ringing: Ringing, incidents: dict[int, Incident], with_: Turning) -> Tx[Pager]:
    held: list[tuple[Incident, Sequence[Alert]]] = []
    for number in sorted({topic.incident for topic in ringing.topics} & set(incidents)):
        held.append((incidents[number], (yield from alert_rows.of_incident(number))))
    known = sorted(set(ringing.topics) - set(ringing.fresh), key=lambda topic: topic.incident)
    again = ringing.contact in {rung.contact for rung in pager.rung}
    first = (*ringing.fresh, *known)[0]
    news = tuple(topic.incident for topic in (*ringing.fresh, *(() if again else known)))
    subject = subject_of(pager.person, min(topic.incident for topic in ringing.topics))
    seq = yield from outbox_rows.next_seq(subject)
    to = addressed(pager.person, ringing.contact, with_.tree)
    key = _key(pager.person, held, subject, seq)
    message = messages.about(
        to,
        held,
        key=key,
        kind=messages.FIRING,
        reason=first.reason.value,
        note=pages.note_on(first.reason),
        level=first.level,
        late=ringing.late,
        public_url=with_.public_url,
        now=with_.now,
    )
    yield from neighbours.put(_with_reasons(message, ringing.topics, news), subject, seq)
    for incident, _ in held:
        text = f"Paging {pager.person} by {ringing.contact}{lateness(ringing.late)}"
        yield from incident_rows.note(incident.number, [TimelineEntry(with_.now, "paging", text)])
    return pages.sent(pager, ringing, key, with_.now)


def _key(person: str, held: list[tuple[Incident, Sequence[Alert]]], subject: str, seq: int) -> str:
    if held:
        return key_of(held[0][0], person, messages.FIRING, subject, seq)
    return f"test-{quote(person, safe='')}-{seq}"


def _with_reasons(message: Notification, topics: Sequence[Topic], news: tuple[int, ...]) -> Notification:
    """Each incident with why it rings: what is over before the page arrives is left out, and its reason with it."""
    of = {topic.incident: topic for topic in topics}
    incidents = tuple(
        replace(each, reason=of[each.number].reason.value, level=of[each.number].level)
        for each in message.incidents
    )
    return replace(message, incidents=incidents, news=news)


def _unreachable(person: str, topic: Topic, with_: Turning) -> Tx[None]:
    """No contact took the page: what the level waits for cannot happen, so the next one starts."""
    decision = PageDecision(with_.now, topic.incident, person, False, Skip.UNREACHABLE.value, topic.level)
    yield from pager_rows.decided([decision])
    incident = yield from incident_rows.find(topic.incident)
    if incident is None or incident.escalation is None:
        return
    entry = TimelineEntry(
        with_.now, Skip.UNREACHABLE.value, f"{person} cannot be reached: no contact took the page"
    )
    standing = hastened(incident.escalation, person, with_.now) or incident.escalation
    yield from keep_incident(replace(incident, escalation=standing), [entry], with_.tree)


def _taken(pager: Pager) -> Tx[frozenset[str]]:
    return (yield from outbox_rows.taken(rung.key for rung in pager.rung))


def save(pager: Pager, tree: Routes) -> Tx[None]:
    """Keep a pager, with its next timer."""
    taken = yield from _taken(pager)
    due = pages.due_at(pager, ladder_of(pager.person, tree), taken)
    # A turn that is due already comes right after this one.
    yield from pager_rows.save(pager, due)


LONGEST = timedelta(hours=25)
"""No timer of a pager is further off, or the clock was set back."""
