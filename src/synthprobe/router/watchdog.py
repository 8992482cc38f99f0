"""The alert that always fires, so that its silence elsewhere says that nobody could be told: a dead-man switch.

It fires only where a route names it, since any other would take it for trouble, and belongs to no incident.
"""

from datetime import datetime

from msgspec.structs import replace

from synthprobe.core import routes
from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.conditions import WATCHDOG
from synthprobe.core.labels import fingerprint
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.router.placing import place
from synthprobe.stores import alerts as alert_rows

_LABELS = {"alertname": WATCHDOG}
_SEVERITY = "none"


def keep_watch(tree: Routes, now: datetime) -> Tx[None]:
    """Let the watchdog fire where a route names it, and end where none does any more."""
    found = routes.match(tree.root, {**_LABELS, "severity": _SEVERITY}, now)
    wanted = all(any(matcher.name == "alertname" for matcher in route.matchers) for route in found)
    known = yield from alert_rows.find(fingerprint(_LABELS))
    fires = known is not None and known.state is AlertState.FIRING
    if wanted and not fires:
        alert = Alert(
            fingerprint=fingerprint(_LABELS),
            labels=_LABELS,
            state=AlertState.FIRING,
            first_failed_at=now,
            updated_at=now,
            starts_at=now,
            severity=_SEVERITY,
            annotations={"summary": "synthprobe can tell people: this alert always fires"},
        )
        yield from alert_rows.save(alert)
        yield from place(alert, tree, now)
    elif known is not None and fires and not wanted:
        yield from alert_rows.save(replace(known, state=AlertState.RESOLVED, ends_at=now, updated_at=now))
