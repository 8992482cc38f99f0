"""The log as a receiver: one line a message, in `name=value` pairs that grep and log collectors read."""

import json

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.senders.outgoing import LogLine, Secrets, Sender


def render(notification: Notification, _integration: Integration, _secrets: Secrets) -> LogLine:
    """The line of a notification."""
    incident = next(iter(notification.foremost), None)
    of_it = (a for a in notification.alerts if incident and a.incident == incident.number)
    first = next(of_it, None) or next(iter(notification.alerts), None)
    pairs = {
        "status": notification.status,
        "reason": notification.reason,
        "receiver": notification.receiver,
        "incident": str(incident.number) if incident else "",
        "severity": incident.severity if incident else "",
        "scope": incident.scope if incident else "",
        "alerts": str(len(notification.alerts)),
        "summary": first.annotations.get("summary", "") if first else "",
        "run": first.run_url if first else "",
        "note": notification.note,
        "key": notification.key,
    }
    return LogLine("notification " + " ".join(f"{n}={_quoted(v)}" for n, v in pairs.items() if v))


SENDER = Sender(render=render, refusal=lambda _status, _body: None)


def _quoted(value: str) -> str:
    plain = value.isascii() and value.isprintable() and not set(value) & set(' "=\\')
    return value if plain else json.dumps(value, ensure_ascii=False)
