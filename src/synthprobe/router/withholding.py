"""Tells of an alert that is withheld: one quiet note to those who would have heard of it, and nobody's phone rings.

The alert stays pending, so that it has no incident, no group and no escalation; the note goes straight to the outbox. An
integration that pages, or opens a case that somebody must close, is passed over. Where no other is left, whoever is on
call for the owner's team is told by a contact that does not ring.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.alerts import WITHHELD, WOULD_HAVE_FIRED, Alert, AlertState, Withheld
from synthprobe.core.escalation import Target, TargetKind
from synthprobe.core.groups import Group
from synthprobe.core.notifications import Notification
from synthprobe.core.pages import quiet_contact
from synthprobe.core.responders import ESCALATION, Place, ladder_of, look_up, paging_of
from synthprobe.core.routes import Routes
from synthprobe.core.teams import GLOBAL
from synthprobe.ports import Tx
from synthprobe.router import messages, neighbours
from synthprobe.router.muting import held_until
from synthprobe.router.placing import NewId, placed_by
from synthprobe.router.telling import Turning, addressed
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import outbox as outbox_rows
from synthprobe.stores import withheld as withheld_rows

_RINGING = frozenset({ESCALATION, "pagerduty", "servicenow"})

_WHY = {
    Withheld.TRIAL: "it is in trial mode",
    Withheld.NEVER_PASSED: "its definition has never passed, so that the fault may be the probe's own",
}


def tell_withheld(alert: Alert, tree: Routes, public_url: str, new_id: NewId, now: datetime) -> Tx[None]:
    """Queue the note of an alert that is withheld; where all of it would be held back, it waits for the mute's end."""
    would = replace(alert, state=AlertState.FIRING, starts_at=alert.updated_at, routed_at=now, ends_at=None)
    if until := (yield from held_until(would, tree, now)):
        yield from withheld_rows.hold(alert.fingerprint, until)
        return
    yield from withheld_rows.forget(alert.fingerprint)
    placed = tuple(group for _, group in placed_by(would, tree))
    notes = tuple(_to_receivers(alert, placed, tree, public_url, now))
    subject = f"withheld/{alert.fingerprint}"
    for note in notes or tuple(_to_people(alert, would, placed, tree, public_url, now)):
        seq = yield from outbox_rows.next_seq(subject)
        yield from neighbours.put(replace(note, key=new_id()), subject, seq)


def tell_held(fingerprint: str, with_: Turning) -> Tx[None]:
    """The turn of a note that waits: what passes, or fires, by now needs none."""
    alert = yield from alert_rows.find(fingerprint)
    if alert is None or alert.state is not AlertState.PENDING or WITHHELD not in alert.annotations:
        yield from withheld_rows.forget(fingerprint)
        return
    yield from tell_withheld(alert, with_.tree, with_.public_url, with_.new_id, with_.now)


def _to_receivers(
    alert: Alert, placed: tuple[Group, ...], tree: Routes, public_url: str, now: datetime
) -> Iterator[Notification]:
    for group in {group.receiver: group for group in reversed(placed)}.values():
        receiver = tree.receivers.get(group.receiver)
        for integration in receiver.integrations if receiver else ():
            if integration.kind not in _RINGING:
                yield _note(alert, group, integration.name, public_url, now)


def _to_people(
    alert: Alert, would: Alert, placed: tuple[Group, ...], tree: Routes, public_url: str, now: datetime
) -> Iterator[Notification]:
    paging = paging_of(would.full_labels, tree, now)
    if paging is None:
        return
    people = look_up(
        Place(paging.team, alert.labels.get("region", ""), is_global=False), tree, tree.overrides, now
    )
    on_call = (people(Target(TargetKind.ON_CALL, name)) for name in ("local", GLOBAL))
    for person in next(filter(None, on_call), ()):
        contact = quiet_contact(ladder_of(person, tree))
        if contact is None:
            continue
        to = addressed(person, contact, tree, quiet=True)
        yield replace(
            _note(alert, placed[0], to.integration, public_url, now),
            receiver=to.receiver,
            person=to.person,
            contact=to.contact,
            location=to.location,
            quiet=to.quiet,
        )


def _note(alert: Alert, group: Group, integration: str, public_url: str, now: datetime) -> Notification:
    why = Withheld(alert.annotations[WITHHELD])
    said = f"Nobody was paged: {_WHY[why]}. It would have fired at {alert.annotations[WOULD_HAVE_FIRED]}."
    return messages.withheld(group, integration, why, alert, said, public_url=public_url, now=now)
