"""What an incident's timeline says of its messages: who is being told, who was, and who could not be."""

from datetime import datetime, timedelta

from synthprobe.core.durations import duration_text
from synthprobe.core.groups import Reason
from synthprobe.core.incidents import TimelineEntry
from synthprobe.core.notifications import Notification
from synthprobe.stores.claims import DeliveryOutcome, Mark

LATE_AFTER = timedelta(seconds=5)
"""From here on what happens says how late its timer was."""

_MESSAGES = {Reason.FIRST.value: "first message"}


def decided(
    now: datetime, receiver: str, integration: str, reason: Reason, late: str, *, muted_by: str = ""
) -> TimelineEntry:
    """That a message is on its way, or that there is none, held back by what is named."""
    kind = _kind(integration)
    if reason.holds_back:
        return TimelineEntry(now, "held_back", f"Held back from {receiver} by {kind}: {muted_by}")
    if reason.sends:
        return TimelineEntry(now, "telling", f"Telling {receiver} by {kind}: {_message(reason)}{late}")
    return TimelineEntry(
        now, "not_notified", f"Did not notify {kind} of {receiver}: {_message(reason)}{late}"
    )


def ended(message: Notification, attempt: int, mark: Mark, after: timedelta) -> TimelineEntry | None:
    """That a message arrived or was given up; nothing while it is still tried."""
    to = f"{message.receiver} by {_kind(message.integration)}"
    if mark.outcome is DeliveryOutcome.DELIVERED:
        tried = f", at attempt {attempt}" if attempt > 1 else ""
        return TimelineEntry(mark.at, "delivered", f"Delivered to {to}: {_message(message.reason)}{tried}")
    if mark.outcome is DeliveryOutcome.DEAD:
        last = f"last answer {mark.status}" if mark.status else mark.message
        waited = duration_text(timedelta(seconds=round(after.total_seconds())))
        what = _message(message.reason)
        return TimelineEntry(mark.at, "given_up", f"Given up after {waited}: {what} to {to}, {last}")
    return None


def lateness(late: timedelta) -> str:
    """How late something is, as the end of a sentence; nothing while that is hardly anything."""
    return f", {late.total_seconds():.0f} s late" if late >= LATE_AFTER else ""


def _kind(integration: str) -> str:
    return integration.partition("[")[0]


def _message(reason: str) -> str:
    return _MESSAGES.get(reason, reason.replace("_", " "))
