"""Composes the message of one decision out of alerts and incidents; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.alerts import PAUSED, Alert, AlertState, Withheld
from synthprobe.core.durations import duration_text
from synthprobe.core.groups import Group, Reason
from synthprobe.core.incident_words import UNSEEN, headline_of, name_of
from synthprobe.core.incidents import Incident, failing_regions
from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident

FIRING = "firing"
RESOLVED = "resolved"
PENDING = "pending"
UPDATE = "update"
HANDOFF = "handoff"
TEST = "test"

GIVEN_UP = "given_up"
"""The reason of a notice that a message was given up."""

SILENCE_ENDS = "silence_ends"
"""The reason of a notice that a silence ends soon."""


def compose(
    key: str,
    group: Group,
    integration: str,
    reason: Reason,
    alerts: Iterable[Alert],
    incidents: Iterable[Incident],
    *,
    public_url: str,
    now: datetime,
) -> Notification:
    """The message that tells one integration of its group, links included."""
    held = tuple(alerts)
    told = tuple(_alert(alert, public_url) for alert in held)
    return Notification(
        key=key,
        receiver=group.receiver,
        integration=integration,
        kind=FIRING if any(alert.status == FIRING for alert in told) else RESOLVED,
        reason=reason.value,
        group_key=group.key,
        group_labels=group.labels,
        alerts=told,
        incidents=tuple(_incident(incident, held, public_url) for incident in incidents),
        created_at=now,
        external_url=public_url,
        note=_withdrawn(held),
        late=max((now - (group.due_at or now)).total_seconds(), 0.0),
    )


class Addressed(Struct, frozen=True):
    """To whom a message about incidents goes, outside the groups: a person by a contact, or a receiver."""

    receiver: str
    integration: str
    person: str = ""
    contact: str = ""
    location: str = ""
    quiet: bool = False


def about(
    to: Addressed,
    held: Iterable[tuple[Incident, Sequence[Alert]]],
    *,
    key: str,
    kind: str,
    reason: str,
    note: str,
    public_url: str,
    now: datetime,
    level: int | None = None,
    late: timedelta = timedelta(),
) -> Notification:
    """A page, or a quiet update, about one incident or several that are told together."""
    pairs = tuple(held)
    alerts = tuple(alert for _, each in pairs for alert in each)
    told = tuple(_alert(alert, public_url) for alert in alerts)
    if kind == FIRING:
        told = tuple(alert for alert in told if alert.status == FIRING)
    incidents = tuple(_incident(incident, alerts, public_url, to.person) for incident, _ in pairs)
    return Notification(
        key=key,
        receiver=to.receiver,
        integration=to.integration,
        kind=kind,
        reason=reason,
        group_key=",".join(f"incident/{incident.uid}" for incident in incidents),
        group_labels={},
        alerts=told,
        incidents=incidents,
        created_at=now,
        external_url=public_url,
        note=" ".join(part for part in (note, _withdrawn(alerts) if kind == RESOLVED else "") if part),
        person=to.person,
        contact=to.contact,
        location=to.location,
        quiet=to.quiet,
        level=level,
        late=late.total_seconds(),
    )


def given_up(
    message: Notification, key: str, receiver: str, integration: str, *, after: timedelta, now: datetime
) -> Notification:
    """The notice to `on_give_up` that a message did not reach its receiver."""
    tried = duration_text(timedelta(seconds=round(after.total_seconds())))
    note = f"{message.receiver} ({message.integration}) could not be told: given up after {tried} of trying."
    return replace(
        message,
        key=key,
        receiver=receiver,
        integration=integration,
        kind=UPDATE,
        reason=GIVEN_UP,
        created_at=now,
        note=note,
    )


def silence_ends(
    key: str,
    group: Group,
    integration: str,
    alerts: Iterable[Alert],
    note: str,
    *,
    public_url: str,
    now: datetime,
) -> Notification:
    """The notice that a silence ends soon, and what it holds back."""
    return Notification(
        key=key,
        receiver=group.receiver,
        integration=integration,
        kind=UPDATE,
        reason=SILENCE_ENDS,
        group_key=group.key,
        group_labels=group.labels,
        alerts=tuple(_alert(alert, public_url) for alert in alerts),
        incidents=(),
        created_at=now,
        external_url=public_url,
        note=note,
    )


def withheld(
    group: Group, integration: str, why: Withheld, alert: Alert, note: str, *, public_url: str, now: datetime
) -> Notification:
    """The note of what would have fired, whose key is still to be given; to a machine nothing fires."""
    return Notification(
        key="",
        receiver=group.receiver,
        integration=integration,
        kind=UPDATE,
        reason=why.value,
        group_key=group.key,
        group_labels=group.labels,
        alerts=(
            replace(_alert(alert, public_url), status=PENDING, starts_at=alert.updated_at, ends_at=None),
        ),
        incidents=(),
        created_at=now,
        external_url=public_url,
        note=note,
    )


def _alert(alert: Alert, public_url: str) -> NotifiedAlert:
    fires = alert.state is AlertState.FIRING
    return NotifiedAlert(
        fingerprint=alert.fingerprint,
        status=FIRING if fires else RESOLVED,
        labels=alert.full_labels,
        annotations=alert.annotations,
        starts_at=alert.starts_at or alert.first_failed_at,
        first_failed_at=alert.first_failed_at,
        ends_at=None if fires else alert.ends_at or alert.updated_at,
        incident=alert.incident,
        run_url=_source(alert, public_url),
    )


def _source(alert: Alert, public_url: str) -> str:
    """Where to read more of an alert: its newest failed run, or what sent it."""
    if alert.outside and alert.outside.generator_url:
        return alert.outside.generator_url
    return f"{public_url}/runs/{alert.last_result}" if alert.last_result else public_url


def _withdrawn(alerts: tuple[Alert, ...]) -> str:
    """That an end is no recovery."""
    ended = [alert for alert in alerts if alert.state is AlertState.WITHDRAWN]
    if not ended:
        return ""
    first, paused = (
        ended[0].check or name_of(ended[0]),
        {alert.annotations.get(PAUSED, "") for alert in ended},
    )
    who = f"{first} was" if len(ended) == 1 else f"{first} and {len(ended) - 1} more were"
    if not any(alert.check for alert in ended):
        return f"{who} withdrawn: {UNSEEN}."
    if paused == {""}:
        return f"{who} removed: not proven healthy."
    others = " or removed" if "" in paused else ""
    why = f" ({paused.pop()})" if len(paused) == 1 else ""
    return f"{who} paused{others}{why}: not proven healthy."


def _title(incident: Incident, alerts: tuple[Alert, ...]) -> str:
    """What fails where by now; of what is over, what it was."""
    for alert in alerts:
        if alert.incident == incident.number and alert.state is AlertState.FIRING:
            return headline_of(alert, failing_regions(incident))
    return incident.title


def _incident(
    incident: Incident, alerts: tuple[Alert, ...], public_url: str, person: str = ""
) -> NotifiedIncident:
    url = f"{public_url}/incidents/{incident.number}"
    by = f"?by={quote(person, safe='')}" if person else ""
    return NotifiedIncident(
        number=incident.number,
        uid=incident.uid,
        title=_title(incident, alerts),
        state=incident.state.value,
        scope=incident.scope.value,
        severity=incident.severity,
        opened_at=incident.opened_at,
        url=url,
        failing=failing_regions(incident),
        holder=incident.holder or "",
        acknowledge_url=f"{url}/acknowledge{by}" if incident.state.is_open else "",
    )
