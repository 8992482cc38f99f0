"""Repeats one request after a listed transport failure or status, where repeating cannot do a thing twice."""

from collections.abc import Awaitable, Callable

import anyio

from synthprobe.agent.scene import Acted, Attempt, Unsendable
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.requests import RETRY_WORDS, Request, Retry
from synthprobe.core.templates import LookupFailed

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods whose repetition changes nothing more (RFC 9110 §9.2.2)."""


async def repeat(
    retry: Retry,
    attempt: Callable[[int], Awaitable[tuple[Attempt, ...]]],
    remaining: Callable[[], float],
    *,
    repeatable: bool,
) -> Acted:
    """Make attempts until one is not to be repeated, `retry.max` is reached or no time remains for another.

    `repeatable`: whether it may be repeated although it may have arrived.
    `attempt(resend_count)` makes one, which is several exchanges where redirects are followed; the last of them says how
    it ended.
    """
    attempts: list[Attempt] = []
    repeats = 0
    while True:
        try:
            made = await attempt(len(attempts))
        except (LookupFailed, Unsendable) as error:
            if not attempts:
                raise
            # Something of an earlier attempt may have arrived: that must not be forgotten.
            return Acted(tuple(attempts), repeats, failure=Failure(Kind.SCRIPT_ERROR, str(error)))
        attempts += made
        pause = retry.backoff.total_seconds() * 2**repeats
        if not may_repeat(retry, made, repeats, repeatable=repeatable) or pause >= remaining():
            failure = made[-1].failure
            return Acted(tuple(attempts), repeats, None if failure else made[-1].response, failure)
        repeats += 1
        await anyio.sleep(pause)


def is_repeatable(request: Request) -> bool:
    """Whether a request may be sent twice: idempotent, or keyed."""
    return request.method in IDEMPOTENT or request.idempotency is not None


def may_repeat(retry: Retry, made: tuple[Attempt, ...], repeats: int, *, repeatable: bool) -> bool:
    """Whether an attempt is one to repeat, and it is safe to: it is repeatable, or nothing of it was sent."""
    if repeats >= retry.max or not _listed(retry, made[-1]):
        return False
    sent = any(exchange.may_have_arrived for exchange in made)
    return repeatable or not sent


def _listed(retry: Retry, made: Attempt) -> bool:
    listed = set(retry.on).union(*(RETRY_WORDS.get(word, ()) for word in retry.on))
    if made.failure is not None:
        return Kind(made.failure.kind).value in listed
    return made.response is not None and str(made.response.status) in listed
