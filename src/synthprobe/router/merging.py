"""Lets the incidents of a problem that became global go on as one, within the transaction of whoever noticed."""

from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.alerts import Alert
from synthprobe.core.incidents import Followed, Incident
from synthprobe.core.merging import concerned, merge, merged_away
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router.keeping import keep
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import pagers as pager_rows


def merged(followed: Followed, alert: Alert, tree: Routes, now: datetime) -> Tx[Followed]:
    """What happened to an incident, and to which: where its problem became global, to the oldest of it."""
    problem = followed.incident.problem
    together = (yield from incident_rows.open_by_problem(problem)) if problem else ()
    oldest, *others = concerned(together, tree.scope) or (followed.incident,)
    if not others:
        return followed
    for other in others:
        yield from keep(merged_away(other, oldest.number, now), tree)
        yield from _carry_over(other, oldest)
    after = merge(oldest, others, alert=alert, rule=tree.scope, now=now)
    yield from keep(after, tree)
    yield from incident_rows.keep_keys(after.incident)
    return Followed(after.incident, followed.change, after.entries)


def _carry_over(gone: Incident, into: Incident) -> Tx[None]:
    """Alerts, runs, messages and pages go on under the older number, so that nobody is told of an end that is none."""
    yield from incident_rows.renumber(gone.number, into.number)
    for alert in (yield from alert_rows.of_incident(gone.number)):
        yield from alert_rows.save(replace(alert, incident=into.number))
        for group in (yield from group_rows.holding(alert.fingerprint)):
            for integration, told in (yield from group_rows.told_to(group.id)).items():
                if gone.number in told.incidents:
                    numbers = told.incidents - {gone.number} | {into.number}
                    yield from group_rows.tell(group.id, integration, replace(told, incidents=numbers))
    yield from pager_rows.renumber(gone.number, into.number)
