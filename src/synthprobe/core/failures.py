"""What can go wrong in a run: the closed list of failure kinds, and a failure's stable identity across runs.

The kind is the same word in the span attribute `error.type`, the metric label, the alert and the page.
"""

import re
from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """Why a step failed; closed, see `docs/probes.md`."""

    DNS_ERROR = "dns_error"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_EXPIRED = "tls_expired"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_HOSTNAME = "tls_hostname"
    TLS_ERROR = "tls_error"
    TIMEOUT = "timeout"
    RESET = "reset"
    PROTOCOL_ERROR = "protocol_error"
    TOO_LARGE = "too_large"
    ASSERTION = "assertion"
    CAPTURE = "capture"
    TECHNICAL = "technical"
    DECLINED = "declined"
    CREDENTIALS = "credentials"
    RATE_LIMITED = "rate_limited"
    WEBHOOK_MISSING = "webhook_missing"
    WEBHOOK_INVALID = "webhook_invalid"
    UNDO_FAILED = "undo_failed"
    BLOCKED = "blocked"
    SCRIPT_ERROR = "script_error"
    SECRET_MISSING = "secret_missing"  # noqa: S105
    EXPOSURE = "exposure"
    PROBER_UNWELL = "prober_unwell"


TRANSPORT = frozenset(
    {
        Kind.DNS_ERROR,
        Kind.CONNECT_REFUSED,
        Kind.CONNECT_TIMEOUT,
        Kind.TLS_EXPIRED,
        Kind.TLS_UNTRUSTED,
        Kind.TLS_HOSTNAME,
        Kind.TLS_ERROR,
        Kind.TIMEOUT,
        Kind.RESET,
        Kind.PROTOCOL_ERROR,
        Kind.TOO_LARGE,
    }
)
"""Kinds that the wire reports; no usable response came."""

OURS = frozenset({Kind.BLOCKED, Kind.SCRIPT_ERROR, Kind.SECRET_MISSING, Kind.EXPOSURE, Kind.PROBER_UNWELL})
"""Kinds that are not the target's fault: the run is errored."""

SOFT = frozenset({Kind.DECLINED, Kind.CREDENTIALS, Kind.RATE_LIMITED})
"""Kinds that degrade a run rather than fail it."""


class Unwell(StrEnum):
    """Which part of ours was found to be in trouble, when `kind` is prober_unwell."""

    REGION = "region_unwell"
    """The region's references failed too: it is the network here, not the target."""


class Failure(Struct, frozen=True, omit_defaults=True):
    """What went wrong and where, in words fit for a page; every text in it is already redacted."""

    kind: Kind
    message: str
    step: str | None = None
    assertion: str | None = None
    """The assertion as written, when `kind` is assertion."""
    expected: str | None = None
    actual: str | None = None
    phase: str | None = None
    """The wire phase in which it happened: resolve, connect, tls, send, wait, receive."""
    position: str | None = None
    """`file:line:column` of what failed in the probe file."""
    verdict: Unwell | None = None


def signature(failure: Failure) -> str:
    """A failure's stable identity across runs: its kind, step, phase and assertion without ids, times and amounts."""
    parts: list[str] = [failure.kind.value]
    if failure.step:
        parts.append(failure.step)
    if failure.phase:
        parts.append(failure.phase)
    if told := failure.assertion or (failure.message if failure.kind in _NAMED_BY_MESSAGE else None):
        parts.append(_VARYING.sub("#", told)[:200])
    return " · ".join(parts)


_NAMED_BY_MESSAGE = frozenset({Kind.CAPTURE, Kind.SCRIPT_ERROR, Kind.SECRET_MISSING})
"""Kinds whose message says which of several things it was, in the probe's own words."""

_VARYING = re.compile(
    r"""
    [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}             # UUID
    | (?<![0-9a-zA-Z])(?=[a-zA-Z]*[0-9])[0-9a-zA-Z]{12,}             # other ids: long, with a digit
    | (?<![0-9a-zA-Z])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}(?![0-9a-zA-Z])   # hex
    | [0-9]+(?:[.:,T-][0-9]+)*                                       # amounts, dates, times, counts
    """,
    re.VERBOSE,
)
