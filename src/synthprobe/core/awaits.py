"""What a step waits for among inbound webhooks; `awaiting` says what fits it."""

from datetime import timedelta

from msgspec import Struct

from synthprobe.core.expectations import Assertion
from synthprobe.core.signatures import Signing
from synthprobe.core.templates import Value


class Verification(Struct, frozen=True):
    """How deliveries are proven, and with which secrets: one of them must fit, so that they can rotate."""

    signing: Signing
    keys: tuple[Value, ...]


class Await(Struct, frozen=True):
    """Wait for an inbound webhook."""

    correlate: tuple[Assertion, ...] = ()
    """Which deliveries are this run's; none: those to the run's own URL."""
    match: tuple[Assertion, ...] = ()
    """Which of them is waited for; all must hold."""
    verification: Verification | None = None
    timeout: timedelta = timedelta(seconds=30)
    settle: timedelta = timedelta()
    """How long it goes on listening, so that a duplicate is seen."""
    since: str = ""
    """The step whose start `delay` is counted from; empty: the last one before it that sent something."""
