"""Durations as files write them; `files/` reads them."""

from datetime import timedelta


def duration_text(duration: timedelta) -> str:
    """Write a duration with the fewest units: `1h30m`, `500ms`, `0s`; less than a millisecond is dropped."""
    left = duration // timedelta(milliseconds=1)
    parts = []
    for unit, size in _MILLISECONDS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
