"""Tells tools that keep an incident of their own what people did about ours: acknowledged, reassigned, a note.

Chat, mail and webhooks are about groups of alerts and are not told: for them nothing changed.
"""

from msgspec.structs import replace

from synthprobe.core.groups import Reason
from synthprobe.core.incidents import Incident
from synthprobe.ports import Tx
from synthprobe.router import messages
from synthprobe.router.telling import Turning
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import groups as group_rows
from synthprobe.stores import outbox as outbox_rows

KINDS = frozenset({"pagerduty", "servicenow"})
"""Integrations with incidents of their own."""


def tell_tickets(incident: Incident, what: str, note: str, with_: Turning) -> Tx[None]:
    """Queue an update to each such integration that was told of this incident, behind what it was told before."""
    alerts = yield from alert_rows.of_incident(incident.number)
    seen: set[str] = set()
    for alert in alerts:
        for group in (yield from group_rows.holding(alert.fingerprint)):
            receiver = with_.tree.receivers.get(group.receiver)
            if group.id in seen or receiver is None:
                continue
            seen.add(group.id)
            for integration in receiver.integrations:
                name = integration.name
                told = yield from group_rows.told(group.id, name)
                if integration.kind not in KINDS or told is None or incident.number not in told.incidents:
                    continue
                message = messages.compose(
                    with_.new_id(), group, name, Reason.UNCHANGED, alerts, [incident],
                    public_url=with_.public_url, now=with_.now,
                )  # fmt: skip
                update = replace(message, kind=messages.UPDATE, reason=what, note=note)
                yield from outbox_rows.put(update, group.id, told.seq + 1)
                yield from group_rows.tell(group.id, name, replace(told, seq=told.seq + 1))
