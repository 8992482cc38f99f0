"""What every message for people says, in plain words; each sender puts it into its receiver's own form.

A page says: what fails, since when, step, expected and actual, regions failing and passing, last good run, trace,
runbook, who has it, how to acknowledge; times in UTC and in the reader's zone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident

TITLE_MOST = 150
VALUE_MOST = 300
ALERTS_MOST = 10
"""Alerts, and incidents, told one by one; more are counted."""
NUMBERS_MOST = 5
"""Numbers of incidents in a title."""


class Line(Struct, frozen=True):
    """One fact of a message; `url` is where it leads."""

    name: str
    value: str = ""
    url: str = ""
    at: datetime | None = None
    """Instead of a value: each receiver says instants in its own form."""


class Part(Struct, frozen=True):
    """An incident, or an alert, with its facts."""

    title: str
    lines: tuple[Line, ...]
    url: str = ""


def title(notification: Notification) -> str:
    """One line that says it all: `[FIRING #7] card fails in emea: step capture: …`."""
    ended = "RESOLVED" if notification.status == "resolved" else "FIRING"
    word = (
        _WORDS.get(notification.kind, ended) if notification.person or not notification.incidents else ended
    )
    named = notification.foremost
    numbers = "".join(f" #{incident.number}" for incident in named[:NUMBERS_MOST])
    more = "…" if len(named) > NUMBERS_MOST else ""
    return f"[{word}{numbers}{more}] {summary(notification)}"


_WORDS = {"update": "UPDATE", "handoff": "HANDOFF", "test": "TEST"}
"""Of what people are told beside what fires and ends."""


def summary(notification: Notification) -> str:
    """What it is about, without a word of its state."""
    named = notification.foremost
    if named and named[0].title:
        return named[0].title
    first = next(iter(notification.alerts), None)
    return first.annotations.get("summary", first.labels.get("alertname", "")) if first else notification.note


def incidents(notification: Notification) -> tuple[NotifiedIncident, ...]:
    """Those that a headline names first, then the others."""
    named = notification.foremost
    return (*named, *(incident for incident in notification.incidents if incident not in named))


def alerts(notification: Notification) -> tuple[NotifiedAlert, ...]:
    """What fires before what is over, the newest first: it may be one among hundreds."""
    return tuple(sorted(notification.alerts, key=lambda a: (a.status != "firing", -a.starts_at.timestamp())))


def parts(notification: Notification) -> tuple[Part, ...]:
    """The whole message: incidents, then alerts."""
    of_incidents = (incident_part(incident) for incident in incidents(notification)[:ALERTS_MOST])
    of_alerts = (alert_part(alert) for alert in alerts(notification)[:ALERTS_MOST])
    return (*of_incidents, *of_alerts)


def incident_part(incident: NotifiedIncident) -> Part:
    """An incident: how grave it is, where, who has it, and how to take it."""
    return Part(f"Incident #{incident.number}", tuple(_of_incident(incident)), incident.url)


def alert_part(alert: NotifiedAlert) -> Part:
    """An alert: since when, the step, what was expected and what came, and where to look."""
    probe = alert.labels.get("probe") or alert.labels.get("alertname", "")
    named = (probe, alert.labels.get("region", ""), alert.annotations.get("row", ""))
    return Part(" · ".join(filter(None, named)), tuple(_of_alert(alert)), alert.run_url)


def footer(notification: Notification) -> str:
    """Why it was sent, to whom, and how much it leaves out."""
    facts = [_why(notification), f"receiver {notification.receiver}"]
    for what, count in (("alert", len(notification.alerts)), ("incident", len(notification.incidents))):
        if (more := count - ALERTS_MOST) > 0:
            facts.append(f"{more} more {what}{'s' if more > 1 else ''}")
    return " · ".join(facts)


def plain(notification: Notification, zone: str = "") -> str:
    """The message as text; its first lines are all that a watch shows."""
    count = len(notification.incidents)
    several = f"{count} incidents." if notification.person and count > 1 and not notification.quiet else ""
    opening = " ".join(filter(None, (several, notification.note)))
    lines = [opening] if opening else []
    for part in parts(notification):
        lines.append(part.title if not part.url else f"{part.title} {part.url}")
        lines += (f"{line.name}: {said(line, zone)}{_at(line.url)}" for line in part.lines)
        lines.append("")
    return "\n".join([*lines, footer(notification)])


def said(line: Line, zone: str = "") -> str:
    """What a line says, as text."""
    return instant(line.at, zone) if line.at else line.value


def instant(at: datetime, zone: str = "") -> str:
    """An instant in UTC, and in the reader's zone where that is another."""
    utc = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        local = at.astimezone(ZoneInfo(zone)) if zone else at.astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError):
        return utc
    same_day = local.date() == at.astimezone(UTC).date()
    return (
        utc if not zone or zone == "UTC" else f"{utc} ({local:{'%H:%M' if same_day else '%a %H:%M'}} {zone})"
    )


def cut(text: str, most: int) -> str:
    """The beginning of a text, with a mark where something is missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _why(notification: Notification) -> str:
    """To people in words; what a receiver gets is often read by machines, too, by the word of the list."""
    if not notification.person or notification.reason not in _PERSONALLY:
        return f"reason {notification.reason}"
    level = f"level {notification.level}" if notification.level else "a level"
    return f"why you: {_PERSONALLY[notification.reason].format(level=level)}"


_PERSONALLY = {
    "level": "{level} of the escalation started",
    "lapsed": "nobody has it since its acknowledgement lapsed, and {level} started again",
    "not_accepted": "nobody has it since its handoff was not accepted, and {level} started again",
    "raised": "it became more serious",
    "joined": "more fails",
    "acknowledge": "you were told of it, and somebody took it",
    "accept": "you were told of it, and somebody took it",
    "reassign": "you were told of it, and it was offered to somebody",
    "handoff_notice": "a shift ends soon",
    "handoff": "it is offered to you",
    "still_on_it": "you have it",
    "resolved": "you were told of it",
    "withdrawn": "you were told of it",
    "merged": "you were told of it",
    "test": "somebody tests your contacts",
}


def _of_incident(incident: NotifiedIncident) -> Iterator[Line]:
    yield Line("state", f"{incident.state}, {incident.scope}, {incident.severity}")
    yield Line("since", at=incident.opened_at)
    if incident.failing:
        yield Line("failing in", ", ".join(incident.failing))
    if incident.passing:
        yield Line("passing in", ", ".join(incident.passing))
    if incident.state in ("triggered", "acknowledged"):
        yield Line("who has it", incident.holder or "nobody yet")
    if incident.state == "triggered":
        yield Line(
            "acknowledge",
            f"synthprobe incident ack {incident.number}, or on its page",
            incident.acknowledge_url or incident.url,
        )


def _of_alert(alert: NotifiedAlert) -> Iterator[Line]:
    yield Line("state", ", ".join(filter(None, (alert.status, alert.labels.get("severity", "")))))
    # Before anything that may be long: a text that is cut keeps its link.
    since = "failed from" if alert.ends_at else "failing since"
    yield Line(since, at=alert.first_failed_at)
    own = not {"run_id", "step"}.isdisjoint(alert.annotations)
    yield Line(*(("trace", "the failing run") if own else ("source", "what sent it")), alert.run_url)
    if alert.ends_at:
        yield Line("ended", at=alert.ends_at)
    for name in ("step", "message", "expected", "actual"):
        if value := alert.annotations.get(name):
            yield Line(name, cut(value, VALUE_MOST))
    if not own:
        yield from _of_outside(alert)
    if alert.last_good_at:
        yield Line("last good run", url=alert.last_good_url, at=alert.last_good_at)
    if runbook := alert.annotations.get("runbook"):
        yield Line("runbook", cut(runbook, VALUE_MOST))


def _of_outside(alert: NotifiedAlert) -> Iterator[Line]:
    """What an alert that is no probe's says of itself, and which one it is among its like."""
    for name in ("summary", "description"):
        if value := alert.annotations.get(name):
            yield Line(name, cut(value, VALUE_MOST))
    labels = ", ".join(f"{name}={value}" for name, value in alert.labels.items() if name not in _SAID)
    if labels:
        yield Line("labels", cut(labels, VALUE_MOST))


_SAID = frozenset({"alertname", "probe", "region", "severity"})
"""Labels that a message tells anyway."""


def _at(url: str) -> str:
    return f" {url}" if url else ""
