"""Silences and the sources of inhibition that are in force now."""

from collections.abc import Iterable
from datetime import datetime

from synthprobe.core.alerts import Alert
from synthprobe.core.inhibitions import InhibitRule, Source, may_be_inhibited, may_inhibit
from synthprobe.core.mutes import InForce
from synthprobe.core.routes import Routes
from synthprobe.ports import Tx
from synthprobe.stores import alerts as alert_rows
from synthprobe.stores import silences as silence_rows


def in_force_for(alerts: Iterable[Alert], tree: Routes, now: datetime) -> Tx[InForce]:
    """Silences and inhibition as they are now; sources are only looked for where an alert is a target."""
    silences = yield from silence_rows.unexpired(now)
    rules = tree.inhibit_rules
    if not rules or not any(may_be_inhibited(rules, alert.full_labels) for alert in alerts):
        return InForce(silences)
    return InForce(silences, rules, (yield from sources(rules)))


def sources(rules: Iterable[InhibitRule]) -> Tx[tuple[Source, ...]]:
    """What fires and may hold others back."""
    firing = yield from alert_rows.firing()
    return tuple(
        Source(alert.fingerprint, alert.full_labels)
        for alert in firing
        if may_inhibit(rules, alert.full_labels)
    )
