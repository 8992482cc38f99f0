"""Webhooks: Alertmanager's payload, version 4, with a few keys of ours beside it.

Source: prometheus.io/docs/alerting/latest/configuration/#webhook_config and Alertmanager's template.Data.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from synthprobe.core.labels import Labels
from synthprobe.core.notifications import Notification, NotifiedAlert, NotifiedIncident
from synthprobe.core.routes import Integration
from synthprobe.senders.outgoing import (
    Outgoing,
    Secrets,
    Sender,
    Unrenderable,
    http_refusal,
    read_secret,
    secret_option,
)

UNSET_INSTANT = "0001-01-01T00:00:00Z"
"""Go's zero time: the end of what still fires."""


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of the payload."""

    status: str
    labels: Labels
    annotations: Mapping[str, str]
    starts_at: str
    ends_at: str
    generator_url: str = msgspec.field(name="generatorURL")
    fingerprint: str


class Payload(msgspec.Struct, frozen=True, rename="camel"):
    """The whole payload; keys from `notification_reason` on are ours."""

    receiver: str
    status: str
    alerts: tuple[Alert, ...]
    group_labels: Labels
    common_labels: Labels
    common_annotations: Mapping[str, str]
    external_url: str = msgspec.field(name="externalURL")
    version: str
    group_key: str
    truncated_alerts: int
    notification_reason: str
    idempotency_key: str
    note: str
    incidents: tuple[NotifiedIncident, ...]


def render(notification: Notification, integration: Integration, secrets: Secrets) -> Outgoing:
    """The POST of a notification."""
    payload = payload_of(notification, most=_most_alerts(integration))
    body = msgspec.json.encode(payload)
    headers = {"Content-Type": "application/json", "Idempotency-Key": notification.key}
    keys = _signing_keys(integration, secrets)
    signed = partial(signature, keys, notification.key, body) if keys else None
    return Outgoing("POST", secret_option(integration, "url", secrets), headers, body, signed)


def signature(keys: Sequence[bytes], ident: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """The headers of Standard Webhooks: one signature for each secret, so that a receiver may know either.

    The instant is that of the attempt, the id that of the message, on every repeat. Source: github.com/standard-webhooks/standard-webhooks.
    """
    stamp = int(at.timestamp())
    signed = f"{ident}.{stamp}.".encode() + body
    made = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": ident,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(f"v1,{each}" for each in made),
    }


def payload_of(notification: Notification, *, most: int = 0) -> Payload:
    """Alertmanager's data of a notification; `most` cuts the list of alerts, zero does not."""
    alerts = notification.alerts
    shown = alerts[:most] if most else alerts
    return Payload(
        receiver=notification.receiver,
        status=notification.status,
        alerts=tuple(_alert(alert) for alert in shown),
        group_labels=notification.group_labels,
        common_labels=_common(alert.labels for alert in alerts),
        common_annotations=_common(alert.annotations for alert in alerts),
        external_url=notification.external_url,
        version="4",
        group_key=notification.group_key,
        truncated_alerts=len(alerts) - len(shown),
        notification_reason=notification.reason,
        idempotency_key=notification.key,
        note=notification.note,
        incidents=notification.incidents,
    )


SENDER = Sender(render=render, refusal=http_refusal)


def _signing_keys(integration: Integration, secrets: Secrets) -> tuple[bytes, ...]:
    """The secrets, the new one first while they rotate. Raises `Unrenderable`."""
    files = integration.options.get("signing_secret_files", ())
    named = (
        [read_secret("signing_secret_files", str(file), secrets) for file in files]
        if isinstance(files, list | tuple)
        else []
    )
    try:
        return tuple(base64.b64decode(each.removeprefix("whsec_"), validate=True) for each in named)
    except ValueError as error:
        raise Unrenderable("a signing secret is not `whsec_` and base64") from error


def _alert(alert: NotifiedAlert) -> Alert:
    return Alert(
        # Alertmanager's contract knows two words; what is only pending does not fire.
        status="firing" if alert.status == "firing" else "resolved",
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=_instant(alert.starts_at),
        ends_at=_instant(alert.ends_at) if alert.ends_at else UNSET_INSTANT,
        generator_url=alert.run_url,
        fingerprint=alert.fingerprint,
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _common(sets: Iterable[Mapping[str, str]]) -> dict[str, str]:
    first, *others = list(sets) or [{}]
    return {name: value for name, value in first.items() if all(o.get(name) == value for o in others)}


def _most_alerts(integration: Integration) -> int:
    most = integration.options.get("max_alerts", 0)
    return most if isinstance(most, int) else 0
