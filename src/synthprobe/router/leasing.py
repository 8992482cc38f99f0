"""What is due about an acknowledgement: the question whether its holder is still on it, the handoff, the lapse."""

from datetime import timedelta

from msgspec.structs import replace

from synthprobe.core import leases
from synthprobe.core.actions import lapsed, offered
from synthprobe.core.escalation import begin
from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.core.leases import NOBODY, Lease, LeaseEvent
from synthprobe.core.responders import (
    Paging,
    cut_short,
    incoming,
    location_of,
    paging_of,
    place_of,
    places_of,
    shift_of,
    shifts_of,
)
from synthprobe.core.wallclock import clock
from synthprobe.ports import Tx
from synthprobe.router.handoffs import hand_over
from synthprobe.router.keeping import keep_incident
from synthprobe.router.telling import Turning, Update, quietly
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import incidents as incident_rows

ACK_TIMEOUT = timedelta(minutes=30)
"""Of an incident that no policy pages."""


def see_to_lease(incident: Incident, held: Lease, with_: Turning) -> Tx[Incident]:
    """The incident after what is due about its acknowledgement, if anything is."""
    match leases.due(held, with_.now):
        case LeaseEvent.STILL_ON_IT:
            ends = clock(held.until, location_of(held.holder, with_.tree))
            note = f"Still on it? Your acknowledgement ends at {ends} unless you act."
            yield from quietly([held.holder], incident, Update(LeaseEvent.STILL_ON_IT.value, note), with_)
            return replace(incident, lease=replace(held, asked=True))
        case LeaseEvent.NOTICE:
            return (yield from _notice(incident, held, with_))
        case LeaseEvent.HANDOFF:
            return (yield from _handoff(incident, held, with_))
        case LeaseEvent.LAPSED | LeaseEvent.NOT_ACCEPTED as event:
            return (yield from _lapse(incident, event, with_))
        case None:
            return incident


def _notice(incident: Incident, held: Lease, with_: Turning) -> Tx[Incident]:
    """The holder's shift ends soon: whoever comes next hears what is open, and the holder who that is."""
    noticed = replace(incident, lease=replace(held, notice_at=None))
    ended = held.shift_ends_at
    if ended is None:
        return noticed
    place = place_of(incident, team_of(incident, with_))
    people = incoming(held.holder, place, with_.tree, with_.overrides, ended)
    if held.holder in people:
        return noticed
    to = next(iter(people), None)
    ends = clock(ended, location_of(held.holder, with_.tree))
    note = f"Your shift ends at {ends}: {f'{to} is offered this then' if to else 'nobody comes on call'}."
    yield from quietly([held.holder], incident, Update(LeaseEvent.NOTICE.value, note), with_)
    if to:
        yield from hand_over(to, held.holder, ended, incident, with_)
    return noticed


def _handoff(incident: Incident, held: Lease, with_: Turning) -> Tx[Incident]:
    """The holder's shift ended: whoever comes on call is offered the incident, if it is somebody else."""
    tree, ended = with_.tree, held.shift_ends_at
    if ended is None:
        return incident
    place = place_of(incident, team_of(incident, with_))
    people = incoming(held.holder, place, tree, with_.overrides, ended)
    if held.holder in people:
        shift = shift_of(held.holder, place, tree, with_.overrides, with_.now)
        return replace(
            incident,
            lease=leases.rebound(held, shift, ack_timeout=_ack_timeout(incident, with_), now=with_.now),
        )
    to = next(iter(people), NOBODY)
    until = f"{held.until:%H:%M} UTC"
    text = (
        f"The shift of {held.holder} ended, nobody comes on call; lapses at {until}"
        if to == NOBODY
        else f"The shift of {held.holder} ended: offered to {to}, who has until {until}"
    )
    acted = offered(incident, to, text, with_.now)
    yield from keep_incident(acted.incident, acted.entries, tree)
    if to != NOBODY:
        yield from hand_over(to, held.holder, ended, acted.incident, with_)
    return acted.incident


def _lapse(incident: Incident, event: LeaseEvent, with_: Turning) -> Tx[Incident]:
    """Nobody has it: it is routed anew, and level one starts with whoever is on call now."""
    to = yield from rerouted(incident, with_)
    standing = begin(to.team, to.policy, with_.now, event.value) if to else None
    acted = lapsed(incident, event, standing, with_.now)
    yield from keep_incident(acted.incident, acted.entries, with_.tree)
    return acted.incident


def follow_rota(with_: Turning) -> Tx[None]:
    """Let acknowledgements end as the rota in force has their holders' shifts; what was offered already stays so."""
    for incident in (yield from incident_rows.open_()):
        held = incident.lease
        if held is None or held.offered_to:
            continue
        bound = _rebound(incident, held, with_)
        if bound is not held:
            yield from _end_otherwise(replace(incident, lease=bound), bound, with_)


def _rebound(incident: Incident, held: Lease, with_: Turning) -> Lease:
    """The lease by the shift that its holder was in when they acted; itself where that ends as it did."""
    places = places_of(incident, team_of(incident, with_))
    found = shifts_of(held.holder, places, with_.tree, with_.overrides, held.acted_at)
    if held.shift_ends_at in {shift.ends_at if shift else None for shift in found}:
        return held
    if not found and held.shift_ends_at is None:
        return held
    shift = found[0] if found else cut_short(places[0], with_.tree, with_.now)
    if shift and shift.ends_at < with_.now:
        # Nobody knew before: whoever comes has all their time to accept.
        shift = replace(shift, ends_at=with_.now)
    return leases.rebound(held, shift, ack_timeout=_ack_timeout(incident, with_), now=with_.now)


def _end_otherwise(incident: Incident, bound: Lease, with_: Turning) -> Tx[None]:
    """Say that a shift ends otherwise than it did; the handoff of one that is over is offered in the incident's turn."""
    ends_at = bound.shift_ends_at
    when = f"ends at {ends_at:%Y-%m-%d %H:%M} UTC" if ends_at else "does not end"
    text = f"On-call was changed: the shift of {bound.holder} {when}"
    yield from keep_incident(incident, [TimelineEntry(with_.now, "rota", text)], with_.tree)
    if ends_at and ends_at <= with_.now:
        note = "On-call was changed: your shift is over, and this is offered to whoever is on call now."
        yield from quietly([bound.holder], incident, Update(LeaseEvent.NOTICE.value, note), with_)


def lease_for(person: str, incident: Incident, with_: Turning) -> Lease:
    """A fresh lease of an incident for somebody, bounded by their shift."""
    place = place_of(incident, team_of(incident, with_))
    return leases.lease(
        person,
        (member.thing for member in incident.firing),
        shift=shift_of(person, place, with_.tree, with_.overrides, with_.now),
        ack_timeout=_ack_timeout(incident, with_),
        now=with_.now,
    )


def team_of(incident: Incident, with_: Turning) -> str:
    """The team that an incident pages; the platform team where it pages none."""
    return incident.escalation.team if incident.escalation else with_.tree.platform


def rerouted(incident: Incident, with_: Turning) -> Tx[Paging | None]:
    """Who is paged for what fires of an incident, by the routes in force."""
    alerts = yield from alert_rows.of_incident(incident.number)
    firing = {member.fingerprint for member in incident.firing}
    found = (paging_of(a.full_labels, with_.tree, with_.now) for a in alerts if a.fingerprint in firing)
    return next((paging for paging in found if paging), None)


def _ack_timeout(incident: Incident, with_: Turning) -> timedelta:
    standing = incident.escalation
    policy = with_.tree.escalation_policies.get(standing.policy) if standing else None
    return policy.ack_timeout if policy else ACK_TIMEOUT
