"""A circuit per receiver: one that fails again and again is tried by one message at a time, until it takes one.

    closed ──FAILURES in a row, or "come back later"──▶ open ──its pause is over──▶ one try ──taken──▶ closed
                                                         ▲                            └──refused──┐
                                                         └────────────────────────────────────────┘

Messages wait meanwhile and lose nothing: an attempt that is not made is not counted. Instants are monotonic seconds, so
that a clock that is set does not shut a receiver off.
"""

from msgspec import Struct

FAILURES = 3
LONGEST_PAUSE = 600.0
"""However long a receiver asks to be left alone."""


class Circuit(Struct, frozen=True):
    """How a receiver has behaved lately."""

    failures: int = 0
    """In a row."""
    open_until: float | None = None


CLOSED = Circuit()


def places(circuit: Circuit, most: int, now: float) -> int:
    """How many messages may be on their way to it at once."""
    if circuit.open_until is None:
        return most
    return 1 if now >= circuit.open_until else 0


def after_failure(circuit: Circuit, now: float, wait: float, *, asked: bool) -> Circuit:
    """The circuit after an attempt that failed and is repeated after `wait`; `asked`: the receiver wanted a pause."""
    failures = circuit.failures + 1
    if failures < FAILURES and not asked:
        return Circuit(failures)
    return Circuit(failures, now + min(wait, LONGEST_PAUSE))
