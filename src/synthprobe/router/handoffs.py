"""Hands open incidents over to whoever comes on call: one quiet message with all there is to know."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from synthprobe.core.alerts import Alert
from synthprobe.core.digests import digest
from synthprobe.core.incidents import Incident
from synthprobe.core.leases import LeaseEvent
from synthprobe.core.pages import quiet_contact
from synthprobe.core.responders import ladder_of
from synthprobe.ports import Tx
from synthprobe.router import messages, neighbours
from synthprobe.router.telling import NO_QUIET_CONTACT, Turning, addressed, subject_of
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import outbox as outbox_rows
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores import silences as silence_rows
from synthprobe.stores.instants import to_micros
from synthprobe.stores.pagers import PageDecision


def hand_over(to: str, outgoing: str, ended: datetime, incident: Incident, with_: Turning) -> Tx[None]:
    """Tell somebody what they are offered, and everything else that is open; again only where the offer changed."""
    contact = quiet_contact(ladder_of(to, with_.tree))
    opened = yield from incident_rows.open_()
    offer = [each.number for each in opened if each.holder == outgoing]
    key = f"handoff-{quote(to, safe='')}-{quote(outgoing, safe='')}-{to_micros(ended)}-{'.'.join(map(str, offer))}"
    known = yield from outbox_rows.is_known(key)
    sent = contact is not None
    event = LeaseEvent.HANDOFF if with_.now >= ended else LeaseEvent.NOTICE
    reason = event.value if sent else NO_QUIET_CONTACT
    detail = "quietly" if sent else ""
    yield from pager_rows.decided([PageDecision(with_.now, incident.number, to, sent, reason, detail=detail)])
    if contact is None or known:
        return
    held: list[tuple[Incident, Sequence[Alert]]] = []
    for each in opened:
        held.append((each, (yield from alert_rows.of_incident(each.number))))
    address = addressed(to, contact, with_.tree, quiet=True)
    unexpired = yield from silence_rows.unexpired(with_.now)
    message = messages.about(
        address,
        held,
        key=key,
        kind=messages.HANDOFF,
        reason=event.value,
        note=digest(outgoing, ended, opened, unexpired, with_.now, location=address.location),
        public_url=with_.public_url,
        now=with_.now,
    )
    subject = subject_of(to, incident.number)
    yield from neighbours.put(message, subject, (yield from outbox_rows.next_seq(subject)))
