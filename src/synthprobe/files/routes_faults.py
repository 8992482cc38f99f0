"""What a check of routes.yaml finds, and checks that several nouns share."""

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import available_timezones

from msgspec import UnsetType

from synthprobe.core.spelling import nearest, suggestion
from synthprobe.files.documents import Path
from synthprobe.files.durations import duration

Fault: TypeAlias = tuple[Path, str, str]
"""Where, what, and what to do."""


def zone_faults(location: str | UnsetType, path: Path) -> Iterator[Fault]:
    """A zone that the time zone database does not have."""
    if isinstance(location, str) and location not in _zones():
        near = nearest(location, _zones())
        hint = f"did you mean `{near}`?" if near else "write an IANA name, as in `Europe/London`"
        yield path, f"unknown time zone `{location}`", hint


def length_faults(text: str | UnsetType, path: Path) -> Iterator[Fault]:
    """A duration that is too long."""
    if isinstance(text, str):
        yield from reading_faults(duration, text, path)


def reading_faults(read: Callable[[str], object], text: str, path: Path) -> Iterator[Fault]:
    """A text of the right form that means nothing, such as the 30th of February."""
    try:
        read(text)
    except ValueError as error:
        yield path, str(error), ""


def name_faults(
    name: str | UnsetType, known: Collection[str], path: Path, noun: str, place: str
) -> Iterator[Fault]:
    """A name that nothing has; `place` is where it would be written."""
    if isinstance(name, str) and name not in known:
        yield path, f"there is no {noun} `{name}`", suggestion(name, known) or f"add it to `{place}`"


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
