"""The only caller of the system's clocks; a `Clock` is passed in as a value, so that tests pass a virtual one."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct


class Clock(Struct, frozen=True):
    """`now` names instants (aware UTC, may be stepped); `monotonic` measures (seconds, never goes back)."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


def system() -> Clock:
    """The machine's clocks."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
