"""Durations as files write them: `500ms`, `3s`, `5m`, `1h`, `7d`, and sums as `1h30m`."""

import re
from datetime import timedelta
from typing import Annotated

from msgspec import Meta

Duration = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{1,9}(ms|s|m|h|d))+$",
        extra_json_schema={
            "patternErrorMessage": "a duration is written as `500ms`, `30s`, `5m`, `1h30m` or `7d`"
        },
    ),
]
"""The shape of a duration; `duration` reads it."""

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_PART = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_LONGEST = timedelta(days=3660)


def duration(text: str) -> timedelta:
    """The length of time a text stands for. Raises ValueError when it is not a duration, or longer than ten years."""
    parts = _PART.findall(text)
    if not parts or "".join(count + unit for count, unit in parts) != text:
        raise ValueError(f"`{text}` is not a duration; write it as `500ms`, `30s`, `5m`, `1h30m` or `7d`")
    days = sum((int(count) * (_UNITS[unit] / timedelta(days=1)) for count, unit in parts), 0.0)
    if days > _LONGEST / timedelta(days=1):
        raise ValueError(f"`{text}` is longer than ten years")
    return sum((int(count) * _UNITS[unit] for count, unit in parts), timedelta())
