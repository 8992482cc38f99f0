"""Durations as written in files: Prometheus's syntax (`1h30m`, `500ms`, `2d`), read and written."""

from datetime import timedelta

import re2

PATTERN = "^(0|([0-9]{1,6}y)?([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,9}ms)?)$"
"""For schemas: units from large to small, each at most once. It lets the empty text through; `parse_duration` does not."""


class DurationError(ValueError):
    """A text is no duration; the message says how to write one."""


def parse_duration(text: str) -> timedelta:
    """Read `1h30m`; a bare `0` is zero. Raises `DurationError`."""
    found = _PATTERN.fullmatch(text)
    if not text or not found:
        raise DurationError(
            f"not a duration: {text!r}: write numbers with units, as in 500ms, 30s, 1h30m or 2d"
        )
    milliseconds = 0
    for part in found.groups()[1:]:
        if part:
            unit = part.lstrip("0123456789")
            milliseconds += int(part[: -len(unit)]) * _MILLISECONDS[unit]
    try:
        return timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise DurationError(f"not a duration: {text!r}: too long") from error


def duration_text(duration: timedelta) -> str:
    """Write a duration with the fewest units: `1h30m`, `500ms`, `0s`; less than a millisecond is dropped."""
    left = duration // timedelta(milliseconds=1)
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, left = divmod(left, _MILLISECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


_PATTERN = re2.compile(PATTERN)
_MILLISECONDS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
