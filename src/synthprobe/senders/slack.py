"""Slack incoming webhooks: blocks for people, and a fallback text that says the same in one line.

Source: docs.slack.dev (Block Kit limits: header 150, section text 3000, 50 blocks; escaping of & < >).
"""

from datetime import UTC, datetime

import msgspec

from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident
from synthprobe.core.routes import Integration
from synthprobe.senders.outgoing import Outgoing, Secrets, Sender, http_refusal, secret_option

HEADER_MOST = 150
SECTION_MOST = 3000
FIELD_MOST = 300
ALERTS_MOST = 10
"""Alerts, and incidents, shown one by one; more are counted."""
NUMBERS_MOST = 5
"""Numbers of incidents in a title."""

Block = dict[str, object]


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Outgoing:
    """The POST of a notification to an incoming webhook."""
    message: Block = {"text": headline(notification), "blocks": blocks(notification)}
    channel = integration.options.get("channel")
    if isinstance(channel, str):
        message["channel"] = channel
    return Outgoing(
        method="POST",
        url=secret_option(integration, "api_url", secrets),
        headers={"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": notification.key},
        body=msgspec.json.encode(message),
    )


def refusal(status: int, body: bytes) -> str | None:
    """Slack answers some refusals with 200: only the body `ok` is a delivery."""
    refused = http_refusal(status, body)
    if refused or body.strip() == b"ok":
        return refused
    said = " ".join(body[:200].decode("utf-8", "replace").split())
    return f"answered {status} but said {said!r} instead of 'ok'"


def headline(notification: Notification) -> str:
    """One line: the fallback text, shown in the phone's notification."""
    line = " · ".join(part for part in (_title(notification), notification.note) if part)
    return _escape(_cut(line, SECTION_MOST))


def blocks(notification: Notification) -> list[Block]:
    """The message as Block Kit: title, note, incidents, alerts, reason."""
    # What is new stands first: it may be one among hundreds.
    alerts = sorted(notification.alerts, key=lambda a: (a.status != "firing", -a.starts_at.timestamp()))
    named = notification.foremost
    incidents = (*named, *(incident for incident in notification.incidents if incident not in named))
    facts = [f"reason {notification.reason}", f"receiver {notification.receiver}"]
    facts += _hidden("alert", len(alerts)) + _hidden("incident", len(incidents))
    return [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(_title(notification), HEADER_MOST)}},
        *([_section(_escape(notification.note))] if notification.note else []),
        *(_section(_incident(incident)) for incident in incidents[:ALERTS_MOST]),
        *(_section(_alert(alert)) for alert in alerts[:ALERTS_MOST]),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": _escape(" · ".join(facts))}]},
    ]


SENDER = Sender(render=render, refusal=refusal)


def _title(notification: Notification) -> str:
    word = "RESOLVED" if notification.status == "resolved" else "FIRING"
    first = notification.alerts[0] if notification.alerts else None
    named = notification.foremost
    said = named[0].title if named else ""
    summary = said or (first.annotations.get("summary", first.labels.get("alertname", "")) if first else "")
    numbers = "".join(f" #{incident.number}" for incident in named[:NUMBERS_MOST])
    return f"[{word}{numbers}{'…' if len(named) > NUMBERS_MOST else ''}] {summary}"


def _hidden(what: str, count: int) -> list[str]:
    more = count - ALERTS_MOST
    return [f"{more} more {what}{'s' if more > 1 else ''}"] if more > 0 else []


def _incident(incident: NotifiedIncident) -> str:
    link = f"<{incident.url}|Incident #{incident.number}>"
    return f"*{link}* · {_escape(f'{incident.state}, {incident.scope}, {incident.severity}')}"


def _alert(alert: NotifiedAlert) -> str:
    lines = [f"*{_escape(_name(alert))}* {alert.status} · {_escape(alert.labels.get('severity', ''))}"]
    # Before anything that may be long: a section that is cut keeps its link.
    since = "failed from" if alert.ends_at else "failing since"
    lines.append(f"{since} {_instant(alert.first_failed_at)} · <{alert.run_url}|failing run>")
    if alert.ends_at:
        lines.append(f"ended {_instant(alert.ends_at)}")
    for name in ("step", "message", "expected", "actual", "runbook"):
        value = alert.annotations.get(name)
        if value:
            lines.append(f"{name}: {_escape(_cut(value, FIELD_MOST))}")
    return "\n".join(lines)


def _name(alert: NotifiedAlert) -> str:
    probe = alert.labels.get("probe") or alert.labels.get("alertname", "")
    row = alert.annotations.get("row", "")
    return " · ".join(part for part in (probe, alert.labels.get("region", ""), row) if part)


def _instant(at: datetime) -> str:
    """UTC for everybody, and the reader's own zone by Slack's date markup."""
    utc = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return f"{utc} (<!date^{int(at.timestamp())}^{{time_secs}}|{utc}> your time)"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, SECTION_MOST)}}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
