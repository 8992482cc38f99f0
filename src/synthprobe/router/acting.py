"""Applies what people did: the action, what it does to the incident, and its mark, in one transaction."""

from synthprobe.core.actions import Acted, Action, ActionKind, Refusal, act
from synthprobe.core.ending import resolved_by_hand
from synthprobe.core.incidents import Incident
from synthprobe.core.leases import LeaseEvent
from synthprobe.ports import Tx
from synthprobe.router.keeping import keep_incident
from synthprobe.router.leasing import lease_for
from synthprobe.router.messages import HANDOFF
from synthprobe.router.ringing import spare
from synthprobe.router.telling import Turning, Update, quietly
from synthprobe.router.ticketing import tell_tickets
from synthprobe.stores import actions as action_rows
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import incidents as incident_rows

_TOLD_TO_TICKETS = frozenset(
    {ActionKind.ACKNOWLEDGE, ActionKind.ACCEPT, ActionKind.REASSIGN, ActionKind.NOTE}
)
_TAKES = frozenset({ActionKind.ACKNOWLEDGE, ActionKind.ACCEPT, ActionKind.REASSIGN})


def apply(action: Action, with_: Turning) -> Tx[None]:
    """Apply one action, unless that was done already."""
    if (yield from action_rows.outcome(action.id)).applied:
        return
    incident = yield from incident_rows.goes_on_as(action.incident)
    if incident is None:
        yield from action_rows.applied(action, Refusal.OVER, with_.now)
        return
    acted = act(incident, action, lease=lambda who: lease_for(who, incident, with_), now=with_.now)
    yield from action_rows.applied(action, acted.refusal, with_.now)
    if acted.refusal is None:
        yield from _follow(incident, acted, action, with_)


def _follow(incident: Incident, acted: Acted, action: Action, with_: Turning) -> Tx[None]:
    yield from keep_incident(acted.incident, acted.entries, with_.tree)
    if action.kind is ActionKind.RESOLVE:
        for alert in (yield from alert_rows.of_incident(incident.number)):
            yield from alert_rows.save(resolved_by_hand(alert, with_.now))
    if action.kind in _TAKES:
        yield from spare(incident.paged, incident, with_)
    if action.kind in _TOLD_TO_TICKETS:
        said = (
            action.text if action.kind is ActionKind.NOTE else acted.update or f"{action.by} goes on with it."
        )
        yield from tell_tickets(acted.incident, action.kind.value, said, with_)
    if acted.update:
        others = [person for person in incident.paged if person not in (action.by, *acted.to)]
        yield from quietly(others, acted.incident, Update(action.kind.value, acted.update), with_)
    for person in acted.to:
        update = Update(LeaseEvent.HANDOFF.value, f"{acted.update} Accept, or it pages again.", kind=HANDOFF)
        yield from quietly([person], acted.incident, update, with_)
