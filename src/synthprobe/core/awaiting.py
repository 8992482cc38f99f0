"""What each inbound webhook turns out to be to a step that waits for one."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.assertions import Veil, evaluate
from synthprobe.core.awaits import Await
from synthprobe.core.expectations import Assertion
from synthprobe.core.hooks import Delivery
from synthprobe.core.responses import Response
from synthprobe.core.results import AssertionResult, Verdict
from synthprobe.core.signatures import BadSignature, verify
from synthprobe.core.templates import Names

VeilOf: TypeAlias = Callable[[Assertion], Veil]
"""What hides what an expectation must not show."""


class Fit(StrEnum):
    """What a delivery is to a step."""

    OURS = "ours"
    INVALID = "invalid"
    """It says that it is ours, and it is not proven, or cannot be read."""
    OTHER = "other"
    """Of this run, and not what is waited for."""
    FOREIGN = "foreign"
    """Of another run."""


class Found(Struct, frozen=True):
    """A delivery, what it is, and why it is no more than that."""

    delivery: Delivery
    fit: Fit
    why: str = ""


def fit(
    wanted: Await,
    delivery: Delivery,
    names: Names,
    secrets: Sequence[str],
    *,
    own: bool,
    veil: VeilOf = lambda assertion: lambda value: value,
) -> Found:
    """What a delivery is; `own`: it came to the URL of this very run. Raises `LookupFailed`."""
    response = as_response(delivery)
    if (missed := _missed(wanted.correlate, response, names, veil)) is not None:
        unreadable = own and missed.verdict is Verdict.ERROR
        return Found(delivery, Fit.INVALID if unreadable else Fit.FOREIGN, told(missed))
    if (missed := _missed(wanted.match, response, names, veil)) is not None:
        unreadable = missed.verdict is Verdict.ERROR
        return Found(delivery, Fit.INVALID if unreadable else Fit.OTHER, told(missed))
    if wanted.verification is not None:
        try:
            verify(wanted.verification.signing, secrets, delivery)
        except BadSignature as error:
            return Found(delivery, Fit.INVALID, str(error))
    return Found(delivery, Fit.OURS)


def as_response(delivery: Delivery, *, deliveries: int = 0, delay: float = 0.0) -> Response:
    """A delivery as assertions and captures see it."""
    return Response(
        status=None,
        headers=delivery.headers,
        body=delivery.body,
        duration=delay,
        url="",
        facts={"deliveries": deliveries, "delay": delay},
    )


def told(missed: AssertionResult) -> str:
    """An expectation that did not hold, in one sentence."""
    return f"{missed.text}: actual {missed.actual}" + (f" ({missed.message})" if missed.message else "")


def _missed(
    wanted: tuple[Assertion, ...], response: Response, names: Names, veil: VeilOf
) -> AssertionResult | None:
    """The first that does not hold."""
    results = (evaluate(each, response, names, veil(each)) for each in wanted)
    return next((result for result in results if result.verdict is not Verdict.PASS), None)
