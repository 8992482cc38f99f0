"""Begins the escalation of an incident, within the transaction of whoever finds that one of its alerts pages."""

from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.escalation import begin
from synthprobe.core.incidents import IncidentState
from synthprobe.core.responders import Paging
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router.keeping import keep_incident
from synthprobe.stores import incidents as incident_rows


def escalate(number: int, to: Paging, tree: Routes, at: datetime) -> Tx[bool]:
    """Make the first level of an incident due at an instant; False where it escalates already, or somebody has it.

    An incident has one escalation, whatever number of its alerts and routes page.
    """
    incident = yield from incident_rows.find(number)
    if incident is None or incident.escalation or incident.state is not IncidentState.TRIGGERED:
        return False
    if to.policy not in tree.escalation_policies:
        return False
    yield from keep_incident(replace(incident, escalation=begin(to.team, to.policy, at)), (), tree)
    return True
