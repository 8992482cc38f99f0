"""Named places where a live test may kill the process: between a side effect and the row that tells of it."""

from collections.abc import Callable

Failpoint = Callable[[str], None]
"""Called with the place's name: `after_record`, `after_claim`, `after_send`, `before_mark`."""


def no_failpoint(_: str) -> None:
    """The default: nothing happens anywhere."""
