"""Transaction B of an incident whose timer is over: news, its acknowledgement, its next level, its end; and its next timer.

What is due is decided here, from the rows as they are in this transaction: a level that finds all passing pages nobody.
"""

from msgspec.structs import replace

from synthprobe.core import incidents
from synthprobe.core.incident_changes import settled
from synthprobe.core.incidents import Incident, IncidentState, News
from synthprobe.ports import Tx
from synthprobe.router.keeping import close, keep, keep_incident
from synthprobe.router.leasing import see_to_lease
from synthprobe.router.levels import start_level
from synthprobe.router.muting import remute
from synthprobe.router.raising import tell_news
from synthprobe.router.ringing import spare
from synthprobe.router.telling import Turning, tell_end
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows


def turn(number: int, with_: Turning) -> Tx[None]:
    """The turn of one incident; what is not due yet stays as it is."""
    incident = yield from incident_rows.find(number)
    if incident is None:
        return
    due = incidents.due_at(incident, with_.tree.reopen_within)
    incident = yield from remute(incident, with_.tree, with_.now)
    after = settled(incident, with_.now)
    if after.entries:
        yield from keep(after, with_.tree)
        yield from _wake_groups(after.incident, with_)
        incident = after.incident
    if incident.state is IncidentState.RESOLVED:
        yield from _end(incident, with_)
        return
    if incident.news:
        incident = yield from tell_news(incident, with_)
    if incident.state is IncidentState.ACKNOWLEDGED and incident.lease:
        incident = yield from see_to_lease(incident, incident.lease, with_)
    if _escalates(incident, with_):
        incident = yield from start_level(incident, with_.now - (due or with_.now), with_)
    yield from keep_incident(incident, (), with_.tree)


def _end(incident: Incident, with_: Turning) -> Tx[None]:
    if News.RESOLVED in incident.news:
        yield from spare(incident.paged, incident, with_)
        yield from tell_end(incident, with_)
    incident = replace(incident, news=())
    yield from keep_incident(incident, (), with_.tree)
    ends_at = incidents.due_at(incident, with_.tree.reopen_within)
    if ends_at and ends_at <= with_.now:
        yield from close(incident, with_.tree, with_.now)


def _wake_groups(incident: Incident, with_: Turning) -> Tx[None]:
    """Let the groups that hold its alerts tell the end now, which was held while it flapped."""
    for alert in (yield from alert_rows.of_incident(incident.number)):
        for group in (yield from group_rows.holding(alert.fingerprint)):
            yield from group_rows.save(replace(group, next_flush_at=with_.now))


def _escalates(incident: Incident, with_: Turning) -> bool:
    standing = incident.escalation
    if incident.state is not IncidentState.TRIGGERED or standing is None or not incident.firing:
        return False
    return standing.due_at <= with_.now
