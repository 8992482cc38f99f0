"""PagerDuty, Events API v2: trigger and resolve under one key an incident, so that a repeat collapses.

Source: developer.pagerduty.com/docs/events-api-v2 (202 accepted; 400 is a fault of ours or of the key, 429 and 5xx are
repeated; summary at most 1024 characters, 512 KB in all, details at most as text).
"""

import hashlib
from collections.abc import Mapping

import msgspec

from synthprobe.core.notifications import Notification, NotifiedIncident
from synthprobe.core.routes import Integration
from synthprobe.senders import wording
from synthprobe.senders.outgoing import (
    Answer,
    Outgoing,
    Secrets,
    Sender,
    Talk,
    http_refusal,
    secret_option,
    text_option,
)

EVENTS_URL = "https://events.pagerduty.com/v2/enqueue"
SUMMARY_MOST = 1024
KEY_MOST = 255
SEVERITIES: Mapping[str, str] = {"critical": "critical", "warning": "warning", "info": "info"}


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Talk:
    """One event for each incident of a notification; the first that is refused ends it."""
    key = secret_option(integration, "routing_key", secrets)
    url = text_option(integration, "url", EVENTS_URL)
    zone = text_option(integration, "location")
    events = [_event(incident, notification, key, zone) for incident in wording.incidents(notification)]
    return _send(events or [_event(None, notification, key, zone)], url)


def refusal(status: int, body: bytes) -> str | None:
    """Only `status: success` is one that was taken, whatever the HTTP status says."""
    refused = http_refusal(status, body)
    if refused:
        return refused
    try:
        answered = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return f"answered {status} with no JSON"
    said = answered.get("status") if isinstance(answered, dict) else None
    return None if said == "success" else f"answered {status} with status {said!r}"


SENDER = Sender(render=render, refusal=refusal, final=frozenset({400}))


def dedup_key(uid: str, receiver: str) -> str:
    """The key of an incident for one receiver: the same for trigger, acknowledge and resolve."""
    key = f"{uid}/{receiver}"
    return key if len(key) <= KEY_MOST else hashlib.sha256(key.encode()).hexdigest()


def _send(events: list[dict[str, object]], url: str) -> Talk:
    for event in events:
        answer: Answer = yield Outgoing(
            "POST", url, {"Content-Type": "application/json"}, msgspec.json.encode(event)
        )
        refused = refusal(answer.status or 0, answer.body)
        if refused is not None:
            return refused
    return None


def _event(
    incident: NotifiedIncident | None, notification: Notification, key: str, zone: str
) -> dict[str, object]:
    action = _action(incident, notification)
    uid = incident.uid if incident else hashlib.sha256(notification.group_key.encode()).hexdigest()
    event: dict[str, object] = {
        "routing_key": key,
        "event_action": action,
        "dedup_key": dedup_key(uid, notification.receiver),
    }
    return event if action != "trigger" else {**event, **_content(incident, notification, zone)}


def _action(incident: NotifiedIncident | None, notification: Notification) -> str:
    if incident is None:
        return "resolve" if notification.status == "resolved" else "trigger"
    if incident.state in ("resolved", "closed"):
        return "resolve"
    return "acknowledge" if incident.state == "acknowledged" and notification.kind == "update" else "trigger"


def _content(incident: NotifiedIncident | None, notification: Notification, zone: str) -> dict[str, object]:
    title = incident.title if incident else wording.summary(notification)
    alerts = [a for a in wording.alerts(notification) if incident is None or a.incident == incident.number]
    first = next(iter(alerts), None)
    told = [wording.incident_part(incident)] if incident else []
    told += [wording.alert_part(alert) for alert in alerts[: wording.ALERTS_MOST]]
    details = {
        part.title: {
            line.name: wording.said(line, zone) + (f" {line.url}" if line.url else "") for line in part.lines
        }
        for part in told
    }
    severity = incident.severity if incident else first.labels.get("severity", "") if first else ""
    payload = {
        "summary": wording.cut(title or "synthprobe", SUMMARY_MOST),
        "source": (first.labels.get("probe") or first.labels.get("alertname", "")) if first else "synthprobe",
        "severity": SEVERITIES.get(severity, "error"),
        "component": first.annotations.get("step", "") if first else "",
        "group": first.labels.get("region", "") if first else "",
        "class": first.annotations.get("kind", "") if first else "",
        "custom_details": {"note": notification.note, "reason": notification.reason, **details},
    }
    if incident:
        payload["timestamp"] = incident.opened_at.isoformat()
    links = [{"href": part.url, "text": part.title} for part in told if part.url]
    runbook = first.annotations.get("runbook", "") if first else ""
    links += [{"href": runbook, "text": "Runbook"}] if runbook.startswith(("http://", "https://")) else []
    return {
        "payload": payload,
        "links": links,
        "client": "synthprobe",
        "client_url": notification.external_url,
    }
