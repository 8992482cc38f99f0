"""Values as people read them: durations, ages, instants in UTC, and a sign beside every outcome's colour."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

SIGNS: Mapping[str, str] = {
    "passed": "✓",
    "degraded": "▲",
    "failed": "✕",
    "errored": "?",
    "skipped": "»",
    "missed": "○",
    "interrupted": "‖",
    "off": "·",
    "paused": "‖",
    "pass": "✓",
    "fail": "✕",
    "error": "?",
    "pending": "…",
    "firing": "✕",
    "triggered": "✕",
    "acknowledged": "●",
    "resolved": "✓",
    "closed": "✓",
    "withdrawn": "–",
    "leased": "…",
    "delivered": "✓",
    "dead": "✕",
    "cancelled": "–",
}
"""A shape for each word, since colour alone tells nothing to many eyes."""

REASONS: Mapping[str, str] = {
    "first": "the first message about this group",
    "new_alerts": "alerts were added",
    "some_resolved": "some alerts resolved",
    "all_resolved": "everything resolved",
    "repeat": "still firing, repeat interval over",
    "raised": "it became more severe",
    "reopened": "it failed again soon after it had resolved",
    "unchanged": "nothing new since the last message",
    "silenced": "a silence held it back",
    "inhibited": "another alert held it back",
    "muted": "the calendar held it back",
    "never_told": "it resolved before anybody had heard of it",
    "resolved_unwanted": "it resolved, which this receiver does not want to hear",
}
"""What each reason of a decision means."""


def duration(seconds: float | None) -> str:
    """A measured time with three digits that matter, or a dash for none."""
    if seconds is None:
        return "–"
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 60 else span(timedelta(seconds=seconds))


def difference(seconds: float | None) -> str:
    """A change of a measured time, with its sign."""
    if seconds is None:
        return "–"
    if abs(seconds) < 0.00005:
        return "±0"
    return ("+" if seconds >= 0 else "−") + duration(abs(seconds))


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `3 h 12 min`."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size, below, smaller in _UNITS:
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit} {rest} {below}" if rest else f"{seconds // size} {unit}"
    return f"{seconds} s"


def every(seconds: float) -> str:
    """An interval as it is scheduled."""
    return span(timedelta(seconds=seconds)) if seconds >= 1 else duration(seconds)


def utc(at: datetime) -> str:
    """An instant in full: `2026-03-02 12:00:05 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock_time(at: datetime) -> str:
    """The time of day of an instant, in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def iso(at: datetime) -> str:
    """An instant for machines (RFC 3339)."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def sign(word: str) -> str:
    """The sign of an outcome, fate, state or verdict."""
    return SIGNS.get(word, "•")


def path_part(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def title_word(word: str) -> str:
    """A word of ours as it starts a line: `new_alerts` becomes `New alerts`."""
    return word.replace("_", " ").capitalize()


_UNITS = (
    ("d", 86400, "h", 3600),
    ("h", 3600, "min", 60),
    ("min", 60, "s", 1),
)
