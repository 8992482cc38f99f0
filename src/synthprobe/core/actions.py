"""What people do about an incident: acknowledge, note, resolve, escalate now, reassign, accept.

An action is stored input, applied in the router's next turn: once, in the order in which actions came. Each lands on
the timeline with its name. What a holder does renews their acknowledgement.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.escalation import Standing
from synthprobe.core.incident_changes import resolved
from synthprobe.core.incidents import Incident, IncidentChange, IncidentState, TimelineEntry
from synthprobe.core.leases import Lease, LeaseEvent


class ActionKind(StrEnum):
    """What somebody wants to do."""

    ACKNOWLEDGE = "acknowledge"
    """Take the incident: nobody is paged for it any more."""
    NOTE = "note"
    RESOLVE = "resolve"
    """End it by hand; what still fails stays quiet until it passes, or for four hours."""
    ESCALATE = "escalate"
    """Start the next level now."""
    REASSIGN = "reassign"
    """Offer it to somebody, who must accept."""
    ACCEPT = "accept"
    """Take what was offered."""


class Action(Struct, frozen=True, omit_defaults=True):
    """One action as stored."""

    id: str
    """Stable: the same action sent twice is made once."""
    incident: int
    kind: ActionKind
    by: str
    at: datetime
    text: str = ""
    """Of a note, or why."""
    to: str = ""
    """Whom to reassign to."""
    via: str = ""
    """web, api or cli."""


class Refusal(StrEnum):
    """Why an action changed nothing."""

    OVER = "over"
    """The incident is resolved or closed."""
    NO_ESCALATION = "no_escalation"
    """It pages nobody: no route of it leads to an escalation policy."""
    FAULT = "fault"
    """It could not be applied for a reason of ours; the log says which."""


class Acted(Struct, frozen=True):
    """An incident after an action, what to write on its timeline, and what people who were paged hear."""

    incident: Incident
    entries: tuple[TimelineEntry, ...] = ()
    refusal: Refusal | None = None
    update: str = ""
    """A sentence for everybody who was paged, but for whoever acted."""
    to: tuple[str, ...] = ()
    """People who hear of it although they were not paged: an offer."""


ACCEPT_WITHIN = timedelta(minutes=15)
"""How long somebody has to accept what was reassigned to them."""

Leasing = Callable[[str], Lease]
"""A fresh lease of this incident for somebody, bounded by their shift."""


def act(incident: Incident, action: Action, *, lease: Leasing, now: datetime) -> Acted:
    """Apply one action."""
    if action.kind is ActionKind.NOTE:
        entry = TimelineEntry(now, "note", action.text, by=action.by)
        return Acted(_renewed(incident, action.by, lease, now), (entry,))
    if not incident.state.is_open:
        return Acted(incident, refusal=Refusal.OVER)
    match action.kind:
        case ActionKind.ACKNOWLEDGE | ActionKind.ACCEPT:
            return _taken(incident, action, lease, now)
        case ActionKind.RESOLVE:
            return _resolved(incident, action, now)
        case ActionKind.ESCALATE:
            return _escalated(incident, action, now)
        case ActionKind.REASSIGN:
            return _offered(incident, action, lease, now)


def lapsed(incident: Incident, event: LeaseEvent, standing: Standing | None, now: datetime) -> Acted:
    """The incident when its acknowledgement ended without another: triggered, and at level one of `standing`."""
    held = incident.lease
    who = held.holder if held else ""
    text = f"The acknowledgement of {who} lapsed: nobody has it"
    if held and event is LeaseEvent.NOT_ACCEPTED:
        text = f"{held.offered_to} did not accept what {who} had: nobody has it"
    after = replace(incident, state=IncidentState.TRIGGERED, lease=None, escalation=standing, updated_at=now)
    return Acted(after, (TimelineEntry(now, event.value, text),))


def offered(incident: Incident, to: str, text: str, now: datetime) -> Acted:
    """The incident offered to somebody else; its holder has it until they accept."""
    held = incident.lease
    if held is None:
        return Acted(incident)
    entry = TimelineEntry(now, LeaseEvent.HANDOFF.value, text)
    return Acted(replace(incident, lease=replace(held, offered_to=to), updated_at=now), (entry,))


def _taken(incident: Incident, action: Action, lease: Leasing, now: datetime) -> Acted:
    again = incident.holder == action.by
    before = f" from {incident.holder}" if incident.holder and not again else ""
    word = "Accepted" if action.kind is ActionKind.ACCEPT else "Acknowledged"
    said = f": {action.text}" if action.text else ""
    what = "renewed" if again else "accepted" if action.kind is ActionKind.ACCEPT else "acknowledged"
    entry = TimelineEntry(now, what, f"{'Renewed' if again else word}{before}{said}", by=action.by)
    taken = replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        lease=lease(action.by),
        paused_until=None,
        news=(),
        updated_at=now,
    )
    return Acted(taken, (entry,), update="" if again else f"{action.by} has it.")


def _resolved(incident: Incident, action: Action, now: datetime) -> Acted:
    said = f": {action.text}" if action.text else ""
    failing = " while it fails: quiet until it passes, or for four hours" if incident.firing else ""
    entry = TimelineEntry(now, IncidentChange.RESOLVED, f"Resolved by hand{failing}{said}", by=action.by)
    members = tuple(replace(member, firing=False) for member in incident.members)
    return Acted(resolved(replace(incident, members=members), now), (entry,))


def _escalated(incident: Incident, action: Action, now: datetime) -> Acted:
    if incident.escalation is None:
        return Acted(incident, refusal=Refusal.NO_ESCALATION)
    said = f": {action.text}" if action.text else ""
    entry = TimelineEntry(now, "escalated", f"Escalated now{said}", by=action.by)
    standing = replace(incident.escalation, due_at=now)
    after = replace(
        incident,
        state=IncidentState.TRIGGERED,
        lease=None,
        escalation=standing,
        paused_until=None,
        updated_at=now,
    )
    return Acted(after, (entry,))


def _offered(incident: Incident, action: Action, lease: Leasing, now: datetime) -> Acted:
    """Whoever reassigns has it until the other accepts, so that it is never nobody's by mistake."""
    held = incident.lease if incident.holder == action.by and incident.lease else lease(action.by)
    said = f": {action.text}" if action.text else ""
    entry = TimelineEntry(now, "reassigned", f"Offered to {action.to}{said}", by=action.by)
    after = replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        lease=replace(held, offered_to=action.to, until=min(held.until, now + ACCEPT_WITHIN)),
        news=(),
        updated_at=now,
    )
    return Acted(after, (entry,), update=f"{action.by} offers it to {action.to}.", to=(action.to,))


def _renewed(incident: Incident, by: str, lease: Leasing, now: datetime) -> Incident:
    held = incident.lease
    if held is None or held.holder != by:
        return replace(incident, updated_at=now)
    fresh = lease(by)
    if held.offered_to:
        # An offer stays an offer: what was given away is not taken back by a note.
        fresh = replace(held, acted_at=now)
    return replace(incident, lease=fresh, updated_at=now)
