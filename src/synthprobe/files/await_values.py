"""What a step waits for as its file writes it → the value the agent listens by; the file has been checked before."""

from datetime import timedelta

from msgspec import UnsetType

from synthprobe.core import awaits as core
from synthprobe.core.signatures import TOLERANCE, Algorithm, Encoding, Scheme, Signing
from synthprobe.files.await_shape import Await, Verify
from synthprobe.files.documents import Path
from synthprobe.files.durations import duration
from synthprobe.files.expectation_values import assertions_of
from synthprobe.files.making import Making
from synthprobe.files.shapes import given
from synthprobe.files.values import value_of

STRIPE_HEADER = "Stripe-Signature"


def await_value(written: Await, making: Making, path: Path) -> core.Await:
    """The wait of a step."""
    correlate = [] if isinstance(written.correlate, UnsetType) else [written.correlate]
    default = core.Await()
    return core.Await(
        correlate=assertions_of(correlate, making, (*path, "correlate")),
        match=assertions_of(written.match, making, (*path, "match")),
        verification=None if isinstance(written.verify, UnsetType) else _verification(written.verify),
        timeout=_length(written.timeout, default.timeout),
        settle=_length(written.settle, default.settle),
        since=given(written.since, ""),
    )


def _verification(written: Verify) -> core.Verification:
    scheme = Scheme(written.type)
    keys = written.key if isinstance(written.key, list) else [written.key]
    signing = Signing(
        scheme=scheme,
        header=given(written.header, STRIPE_HEADER if scheme is Scheme.STRIPE else ""),
        algorithm=Algorithm(given(written.algorithm, "sha256")),
        encoding=Encoding(given(written.encoding, "hex")),
        prefix=given(written.prefix, ""),
        timestamp=given(written.timestamp, ""),
        tolerance=_length(written.tolerance, TOLERANCE),
    )
    return core.Verification(signing, tuple(value_of(key) for key in keys))


def _length(written: str | UnsetType, default: timedelta) -> timedelta:
    return default if isinstance(written, UnsetType) else duration(written)
