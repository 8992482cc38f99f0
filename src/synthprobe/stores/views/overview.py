"""What the first page shows: open incidents, and every check with its last slots."""

from datetime import datetime

from msgspec import Struct

from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.conditions import WATCHDOG
from synthprobe.core.incidents import Incident, IncidentState, Scope
from synthprobe.ports import Sql, Tx
from synthprobe.stores import alerts
from synthprobe.stores.columns import document
from synthprobe.stores.views.checks import CheckLine, check_lines


class IncidentLine(Struct, frozen=True, omit_defaults=True):
    """An incident in a list."""

    number: int
    title: str
    state: IncidentState
    scope: Scope
    severity: str
    opened_at: datetime
    first_failed_at: datetime
    regions: tuple[str, ...] = ()
    """Where it fires now."""
    resolved_at: datetime | None = None
    reopened: int = 0
    holder: str | None = None
    """Who has it."""
    escalates_at: datetime | None = None
    """When the next level starts, unless somebody takes it."""
    held_until: datetime | None = None
    """It flaps: resolved when nothing fires until then."""


class Overview(Struct, frozen=True):
    """The state of everything that is watched."""

    incidents: tuple[IncidentLine, ...]
    checks: tuple[CheckLine, ...]
    troubles: tuple[Alert, ...] = ()
    """What fires about a region or an agent: our own, for which no target is blamed."""


def overview() -> Tx[Overview]:
    """Incidents that are not closed, every served check, and our own troubles."""
    incidents = yield from open_incidents()
    checks = yield from check_lines()
    own = yield from alerts.of_no_check()
    return Overview(incidents, checks, tuple(alert for alert in own if _is_trouble(alert)))


def _is_trouble(alert: Alert) -> bool:
    return alert.state is AlertState.FIRING and alert.labels.get("alertname") != WATCHDOG


def open_incidents() -> Tx[tuple[IncidentLine, ...]]:
    """Incidents that are not closed, those that need somebody before those that are over, then newest first."""
    rows = yield Sql(
        "select doc from incidents where state <> 'closed' order by state = 'resolved', number desc"
    )
    return tuple(_line(document(row, Incident)) for row in rows)


def incident_lines(*, before: int | None = None, limit: int = 50) -> Tx[tuple[IncidentLine, ...]]:
    """Incidents open and closed, newest first; older than number `before` where given."""
    rows = yield Sql(
        "select doc from incidents where :before is null or number < :before order by number desc limit :limit",
        {"before": before, "limit": limit},
    )
    return tuple(_line(document(row, Incident)) for row in rows)


def version() -> Tx[str]:
    """A text that differs whenever a page may have something new to show; cheap, for live pages."""
    rows = yield Sql(_VERSION)
    return "-".join(str(value) for value in rows[0].values())


def _line(incident: Incident) -> IncidentLine:
    return IncidentLine(
        incident.number,
        incident.title,
        incident.state,
        incident.scope,
        incident.severity,
        incident.opened_at,
        incident.first_failed_at,
        tuple(sorted({member.region for member in incident.members if member.firing})),
        incident.resolved_at,
        incident.reopened,
        incident.holder,
        incident.escalates_at,
        incident.held_until,
    )


_VERSION = """
select (select coalesce(max(rowid), 0) from runs) as runs,
       (select coalesce(max(rowid), 0) from slots) as slots,
       (select coalesce(max(id), 0) from timeline) as entries,
       (select coalesce(max(id), 0) from deliveries) as deliveries,
       (select coalesce(max(announced_at), 0) from checks) as announced,
       (select coalesce(max(at), 0) from undos) as undone
"""
