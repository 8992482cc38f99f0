"""Begins the escalation of an incident, within the transaction that flushes the group of one of its alerts."""

from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from synthprobe.core.escalation import begin
from synthprobe.core.incidents import IncidentState
from synthprobe.core.responders import Paging
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router.keeping import keep_incident
from synthprobe.stores import incidents as incident_rows


class At(Protocol):
    """The routes in force, and the instant of the flush."""

    @property
    def tree(self) -> Routes:
        """The routes in force."""
        ...

    @property
    def now(self) -> datetime:
        """The instant of the flush."""
        ...


def escalate(number: int, to: Paging, with_: At, due: datetime) -> Tx[bool]:
    """Make the first level of an incident due since an instant that has come; False where it escalates already, or somebody has it.

    An incident has one escalation, whatever number of its alerts and routes page.
    """
    incident = yield from incident_rows.find(number)
    if incident is None or incident.escalation or incident.state is not IncidentState.TRIGGERED:
        return False
    if to.policy not in with_.tree.escalation_policies:
        return False
    begun = replace(incident, escalation=begin(to.team, to.policy, due))
    yield from keep_incident(begun, (), with_.tree)
    return True
