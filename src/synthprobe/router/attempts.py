"""An attempt to deliver: claimed, and what it came to, kept, noted, logged; where it was the last, `on_give_up` is told."""

import logging
from datetime import datetime

from synthprobe.core.routes import Routes
from synthprobe.core.sparing import sparingly
from synthprobe.ports import Tx
from synthprobe.router import entries, messages, neighbours
from synthprobe.router.facts import Attempted
from synthprobe.router.placing import NewId
from synthprobe.router.ringing import spare_again
from synthprobe.stores import claims
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores.claims import Claim, DeliveryOutcome, Mark

log = logging.getLogger(__name__)


def claim(receiver: str, limit: int, now: datetime, until: datetime, tree: Routes) -> Tx[tuple[Claim, ...]]:
    """Lease up to `limit` messages for a receiver until `until`; a page is not repeated for what is over meanwhile."""
    if receiver.partition("/")[0] in tree.users:
        yield from spare_again(receiver, tree, now)
    return (yield from claims.claim(receiver, limit, now, until))


def note(claimed: Claim, mark: Mark, tree: Routes, new_id: NewId) -> Tx[bool]:
    """Keep what an attempt came to; False when the lease was lost meanwhile."""
    marked = yield from claims.mark(claimed, mark)
    message = claimed.notification
    entry = entries.ended(message, claimed.attempt, mark, mark.at - claimed.created_at)
    if marked and entry:
        for incident in message.incidents:
            yield from incident_rows.note(incident.number, (entry,))
    if marked and mark.outcome is DeliveryOutcome.FAILED and message.kind == messages.FIRING:
        yield from spare_again(message.receiver, tree, mark.at)
    if marked and mark.outcome is DeliveryOutcome.DEAD:
        yield from _give_notice(claimed, mark, tree, new_id)
    return marked


def _give_notice(claimed: Claim, mark: Mark, tree: Routes, new_id: NewId) -> Tx[None]:
    """Tell `on_give_up`, once; a notice that is given up itself tells nobody."""
    message = claimed.notification
    last_resort = tree.receivers.get(tree.delivery.on_give_up or "")
    if last_resort is None or message.reason == messages.GIVEN_UP:
        return
    for integration in last_resort.integrations:
        notice = messages.given_up(
            message,
            new_id(),
            last_resort.name,
            integration.name,
            after=mark.at - claimed.created_at,
            now=mark.at,
        )
        yield from neighbours.put(notice, f"given_up/{message.key}", 1)


def log_failure(claimed: Claim, mark: Mark) -> None:
    """Say in the log that an attempt failed."""
    message = claimed.notification
    if mark.outcome is DeliveryOutcome.FAILED:
        kind, receiver = message.integration.partition("[")[0], message.receiver
        log.warning(
            "attempt %d to tell %s by %s failed and is repeated: %s",
            claimed.attempt, receiver, kind, mark.message, extra=sparingly(f"receiver {receiver}"),
        )  # fmt: skip
    if mark.outcome is DeliveryOutcome.DEAD:
        of = ", ".join(str(incident.number) for incident in message.incidents)
        who = f"{message.receiver} ({message.integration})"
        log.error("%s could not be told of incident %s, given up: %s", who, of, mark.message)


def attempted(claimed: Claim, mark: Mark) -> Attempted:
    """The same as a fact for listeners."""
    message = claimed.notification
    return Attempted(
        receiver=message.receiver,
        integration=message.integration,
        kind=message.kind,
        reason=message.reason,
        outcome=mark.outcome,
        latency=mark.at - claimed.created_at,
        message=mark.message,
    )
