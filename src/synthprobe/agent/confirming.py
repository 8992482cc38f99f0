"""Decides when a failed run is confirmed at once, and by which checks.

The agent decides by itself, on a shadow of its checks' alerts: nothing flows back from the router. After a start the shadow
holds what fires and nothing more, so that the worst it does is to confirm once more than needed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from synthprobe.core import observing
from synthprobe.core.alerts import Alert, AlertState
from synthprobe.core.probes import Check
from synthprobe.core.results import CheckInfo, Outcome, Result

_OPEN = frozenset({AlertState.PENDING, AlertState.FIRING})


class Confirming:
    """What this agent believes of its checks' alerts."""

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}

    def recall(self, firing: Iterable[str], now: datetime) -> None:
        """The alerts of these checks fired when the process before this one ended."""
        for key in firing:
            self._alerts[key] = Alert(
                fingerprint="",
                labels={},
                state=AlertState.FIRING,
                first_failed_at=now,
                updated_at=now,
                check=key,
            )

    def after(
        self, check: Check, result: Result, served: Mapping[str, Check], now: datetime
    ) -> tuple[Check, ...]:
        """The checks to run at once after this result: mostly none.

        When the check's alert is about to fire they are the same row in the probe's other regions, as far as this agent
        serves them, or where there is none the check itself.
        """
        before = self._alerts.get(check.key)
        if before is None and result.outcome in (Outcome.PASSED, Outcome.ERRORED):
            return ()
        after = observing.observe(before, result, _info(check), now).alert
        self._keep(check.key, after)
        if result.scheduled_at is None or not observing.wants_confirming(before, after, check.probe.alert):
            return ()
        keys = (Check(check.probe, region, check.row).key for region in check.probe.regions)
        others = tuple(served[key] for key in keys if key in served and key != check.key)
        return others or (check,)

    def fires(self, key: str) -> bool:
        """Whether a check's alert fires, as far as this agent has seen."""
        alert = self._alerts.get(key)
        return alert is not None and alert.state is AlertState.FIRING

    def forget(self, key: str) -> None:
        """The check is run no longer: its alert ends."""
        self._alerts.pop(key, None)

    def _keep(self, key: str, alert: Alert | None) -> None:
        if alert is not None and alert.state in _OPEN:
            self._alerts[key] = alert
        else:
            self._alerts.pop(key, None)


def _info(check: Check) -> CheckInfo:
    """As much of a check as its alert's window depends on."""
    probe = check.probe
    return CheckInfo(
        check.key, probe.name, check.region, probe.every.total_seconds(), probe.definition, rule=probe.alert
    )
