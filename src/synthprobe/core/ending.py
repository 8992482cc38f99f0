"""How an alert ends otherwise than by good runs: its check is taken away or paused, or somebody ends it by hand."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from synthprobe.core.alerts import PAUSED, Alert, AlertState, Change, Observed

QUIET_FOR = timedelta(hours=4)
"""How long what was resolved by hand stays quiet while it goes on failing."""


def withdraw(alert: Alert, now: datetime, *, paused: str = "") -> Observed:
    """End the alert of a check that was removed, or `paused` for a reason: not proven healthy."""
    at = max(now, alert.updated_at)
    match alert.state:
        case AlertState.FIRING:
            ended = replace(
                alert,
                state=AlertState.WITHDRAWN,
                ends_at=at,
                updated_at=at,
                window=(),
                troubles={},
                looks={},
                annotations={**alert.annotations, **({PAUSED: paused} if paused else {})},
            )
            return Observed(ended, Change.WITHDRAWN)
        case AlertState.PENDING:
            return closed(alert)
        case AlertState.RESOLVED | AlertState.WITHDRAWN:
            return Observed(alert, Change.NONE)


def resolved_by_hand(alert: Alert, now: datetime) -> Alert:
    """A firing alert that somebody ended: quiet until it passes, or for four hours."""
    if alert.state is not AlertState.FIRING:
        return alert
    at = max(now, alert.updated_at)
    quiet_until = now + QUIET_FOR
    return replace(
        alert,
        state=AlertState.RESOLVED,
        ends_at=at,
        updated_at=at,
        window=(),
        troubles={},
        quiet_until=quiet_until,
    )


def closed(alert: Alert) -> Observed:
    """The end of a pending alert, which nobody hears of."""
    if alert.ends_at is None:
        return Observed(None, Change.CLOSED)
    return Observed(replace(alert, state=AlertState.RESOLVED, window=()), Change.CLOSED)
