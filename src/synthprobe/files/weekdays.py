"""Days of the week as Alertmanager writes them: `monday`, `monday:friday`."""

from synthprobe.core.spelling import suggestion

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def weekdays(text: str) -> frozenset[int]:
    """The days of one entry, Monday being 0. Raises ValueError.

    Alertmanager's week begins on Sunday: `sunday:tuesday` is a range, `friday:monday` is not (timeinterval.go).
    """
    first, colon, last = text.lower().partition(":")
    start = _number(first)
    end = _number(last) if colon else start
    if end < start:
        raise ValueError(f"`{text}`: start day cannot be after end day; a week begins on sunday")
    return frozenset((day - 1) % 7 for day in range(start, end + 1))


def _number(name: str) -> int:
    if name not in NAMES:
        raise ValueError(f"`{name}` is not a day of the week; {suggestion(name, NAMES)}")
    return (NAMES.index(name) + 1) % 7
