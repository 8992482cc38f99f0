"""What may have arrived of what was sent: only what left no byte, or was refused, is known not to have done anything."""

from collections.abc import Sequence

from synthprobe.agent.scene import Attempt
from synthprobe.core.ledger import Arrival

_UNDECIDED = frozenset({408, 409, 425, 499})
"""Client errors that do not say that the request was not accepted: it may still run, or come to its end."""

_PASSING = _UNDECIDED | {401, 403, 407, 429, 502, 503, 504}
"""Refusals that come before the key is looked at: what is kept under it is not known from them."""


def arrival_of(attempts: Sequence[Attempt]) -> Arrival:
    """What became of a request by all its attempts: the gravest that may have happened counts."""
    found = {_arrival(each) for each in attempts}
    return next((state for state in _GRAVEST if state in found), Arrival.NOTHING)


def is_for_good(attempts: Sequence[Attempt]) -> bool:
    """Whether the last answer said that it did not succeed, and will not: a provider may keep that under its key."""
    last = attempts[-1].response if attempts else None
    return last is not None and last.status is not None and last.status >= 400 and last.status not in _PASSING


_GRAVEST = (Arrival.ANSWERED, Arrival.UNKNOWN, Arrival.REFUSED, Arrival.NOTHING)


def _arrival(attempt: Attempt) -> Arrival:
    if attempt.response is None:
        return Arrival.UNKNOWN if attempt.sighting.bytes_sent else Arrival.NOTHING
    status = attempt.response.status
    if status is None or status < 400:
        return Arrival.ANSWERED
    return Arrival.REFUSED if status < 500 and status not in _UNDECIDED else Arrival.UNKNOWN
