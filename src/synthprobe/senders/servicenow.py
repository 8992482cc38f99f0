"""ServiceNow's Table API: one record an incident, found again by its correlation id, so that a repeat makes no second.

    search by correlation_id ──none──▶ create (nothing to create for what is over)
                             └─found─▶ work note; acknowledged: in progress; over: resolved

Source: docs.servicenow.com (Table API: 200 and 201 with `result`, 401, 403, 404, 429 with Retry-After; states 1 new, 2 in
progress, 6 resolved, 7 closed; closing needs `close_code` and `close_notes`).
"""

import base64
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

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
from synthprobe.senders.pagerduty import dedup_key

NEW, IN_PROGRESS, RESOLVED = "1", "2", "6"
OVER = frozenset({"6", "7", "8"})
SHORT_MOST = 160
NOTE_MOST = 12_000
GRAVITY: Mapping[str, tuple[str, str]] = {"critical": ("1", "1"), "warning": ("2", "2")}
"""Impact and urgency by severity."""


class Table:
    """The table of records, and how its requests are made."""

    def __init__(self, integration: Integration, secrets: Secrets) -> None:
        name = quote(text_option(integration, "table", "incident"), safe="")
        self._url = f"{text_option(integration, 'url').rstrip('/')}/api/now/table/{name}"
        user = secret_option(integration, "user", secrets)
        password = secret_option(integration, "password", secrets)
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {credentials}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def search(self, correlation_id: str) -> Outgoing:
        """Ask for the record of an incident, the newest first."""
        query = {
            "sysparm_query": f"correlation_id={correlation_id}^ORDERBYDESCsys_created_on",
            "sysparm_fields": "sys_id,state,number",
            "sysparm_limit": "1",
        }
        return Outgoing("GET", f"{self._url}?{urlencode(query)}", self._headers, b"")

    def create(self, record: Mapping[str, str]) -> Outgoing:
        """Make a record."""
        return Outgoing("POST", self._url, self._headers, msgspec.json.encode(record))

    def change(self, sys_id: str, record: Mapping[str, str]) -> Outgoing:
        """Change a record."""
        url = f"{self._url}/{quote(sys_id, safe='')}"
        return Outgoing("PATCH", url, self._headers, msgspec.json.encode(record))


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Talk:
    """The talk about every incident of a notification."""
    table, zone = Table(integration, secrets), text_option(integration, "location")
    return _all(notification, table, zone)


SENDER = Sender(render=render, refusal=http_refusal)


def _all(notification: Notification, table: Table, zone: str) -> Talk:
    for incident in wording.incidents(notification):
        refused = yield from _one(incident, notification, table, zone)
        if refused is not None:
            return refused
    return None


def _one(
    incident: NotifiedIncident, notification: Notification, table: Table, zone: str
) -> Generator[Outgoing, Answer, str | None]:
    correlation = dedup_key(incident.uid, notification.receiver)
    answer = yield table.search(correlation)
    found, refused = _result(answer)
    if refused is not None:
        return refused
    known = found[0] if isinstance(found, list) and found else None
    over = incident.state in ("resolved", "closed")
    if known is None and over:
        return None
    if known is None:
        answer = yield table.create(_new(incident, notification, correlation, zone))
    else:
        answer = yield table.change(
            str(known.get("sys_id", "")), _changed(incident, notification, known, zone)
        )
    return _result(answer)[1]


def _result(answer: Answer) -> tuple[Any, str | None]:
    """What an answer holds; an error may come with a 2xx."""
    refused = http_refusal(answer.status or 0, answer.body)
    if refused is not None:
        return None, refused
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError:
        return None, f"answered {answer.status} with no JSON; is the instance asleep?"
    if not isinstance(body, dict) or "result" not in body:
        error = body.get("error") if isinstance(body, dict) else None
        message = error.get("message") if isinstance(error, dict) else error
        return None, f"answered {answer.status} with an error: {str(message)[:200]}"
    return body["result"], None


def _new(
    incident: NotifiedIncident, notification: Notification, correlation: str, zone: str
) -> dict[str, str]:
    impact, urgency = GRAVITY.get(incident.severity, ("3", "3"))
    return {
        "short_description": wording.cut(f"#{incident.number} {incident.title}", SHORT_MOST),
        "description": wording.cut(wording.plain(notification, zone), NOTE_MOST),
        "correlation_id": correlation,
        "correlation_display": "synthprobe",
        "impact": impact,
        "urgency": urgency,
        "state": IN_PROGRESS if incident.state == "acknowledged" else NEW,
        "work_notes": f"{incident.url}\n{_marked(notification)}",
    }


def _changed(
    incident: NotifiedIncident, notification: Notification, known: Mapping[str, Any], zone: str
) -> dict[str, str]:
    note = f"{wording.title(notification)}\n{wording.plain(notification, zone)}\n{_marked(notification)}"
    record = {"work_notes": wording.cut(note, NOTE_MOST)}
    was_over = str(known.get("state")) in OVER
    if incident.state in ("resolved", "closed"):
        if not was_over:
            closing = "synthprobe: every check concerned passes again"
            record |= {"state": RESOLVED, "close_code": "Resolved by monitoring", "close_notes": closing}
        return record
    if incident.state == "acknowledged":
        return {**record, "state": IN_PROGRESS}
    return {**record, "state": NEW} if was_over else record


def _marked(notification: Notification) -> str:
    """What tells a repeated note from a new one."""
    return f"(message {notification.key})"
