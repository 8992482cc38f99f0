"""What is known of ISO 8583 whatever the host: fields that each message has, and those that may be shown."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

SHOWN = frozenset({"t", "type", "3", "4", "7", "11", "37", "38", "39", "41", "49"})
"""The only fields that are shown anywhere; every other may hold what identifies a card or its holder."""

_REFERENCED = frozenset("124")
"""Classes of messages that carry a retrieval reference number: authorisation, financial, reversal."""


def trace_number(run_id: str, step: int = 0) -> str:
    """Six digits that tell a message from others (field 11): by its run, and its step within that."""
    number = int.from_bytes(sha256(run_id.encode()).digest()[:8])
    return f"{(number + step) % 999_999 + 1:06d}"


def retrieval_reference(run_id: str, at: datetime) -> str:
    """Twelve digits that name a transaction (field 37): year, day and hour, as is usual, and the run's trace number."""
    return f"{at:%y}"[-1] + f"{at:%j%H}" + trace_number(run_id)


def transmission(at: datetime) -> str:
    """Month, day and time in UTC (field 7)."""
    return f"{at:%m%d%H%M%S}"


def defaults(type: str, run_id: str, step: int, started_at: datetime, now: datetime) -> Mapping[str, str]:
    """The fields that a message of this type has where its author gives none."""
    made = {"7": transmission(now), "11": trace_number(run_id, step)}
    if type[1:2] in _REFERENCED:
        made["37"] = retrieval_reference(run_id, started_at)
    return made


def is_safe_to_repeat(type: str) -> bool:
    """Whether a message changes nothing however often it is sent: network management (x8xx)."""
    return type[1:2] == "8"
