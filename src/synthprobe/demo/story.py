"""The story the demo tells: chapters in order, each begun by what was really seen."""

from collections.abc import Callable, Sequence

from msgspec import Struct


class Seen(Struct, frozen=True):
    """What the product and the receiver say at one moment."""

    passing: frozenset[str] = frozenset()
    """Checks whose last run passed."""
    failing: frozenset[str] = frozenset()
    """Checks whose last run did not."""
    waiting: frozenset[str] = frozenset()
    """Checks that have not run yet."""
    faults: tuple[str, ...] = ()
    """Faults that are active now, in words."""
    firing: tuple[str, ...] = ()
    """Open incidents, in words."""
    paged: int = 0
    """Messages delivered that say `firing`."""
    resolved: int = 0
    """Messages delivered that say `resolved`."""

    @property
    def all_passing(self) -> bool:
        """Whether every check has run and passed."""
        return bool(self.passing) and not self.failing and not self.waiting


class Chapter(Struct, frozen=True):
    """One part of the story: when it begins and what is then said."""

    name: str
    begun: Callable[[Seen], bool]
    words: Callable[[Seen], str]


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "passing", lambda seen: seen.all_passing, lambda seen: f"all {len(seen.passing)} checks are passing"
    ),
    Chapter(
        "fault", lambda seen: bool(seen.faults), lambda seen: f"a fault begins: {'; '.join(seen.faults)}"
    ),
    Chapter(
        "firing", lambda seen: bool(seen.firing), lambda seen: f"an alert is firing: {'; '.join(seen.firing)}"
    ),
    Chapter("paged", lambda seen: seen.paged > 0, lambda _: "the page was delivered to the receiver"),
    Chapter("over", lambda seen: not seen.faults, lambda _: "the fault is over"),
    Chapter("recovery", lambda seen: seen.all_passing, lambda _: "recovery: every check is passing again"),
    Chapter("resolved", lambda seen: seen.resolved > 0, lambda _: "`resolved` was delivered to the receiver"),
)


def advance(chapter: int, seen: Seen) -> int:
    """How many chapters have begun, given how many had and what is seen now."""
    while chapter < len(CHAPTERS) and CHAPTERS[chapter].begun(seen):
        chapter += 1
    return chapter


def told(before: int, after: int, seen: Seen) -> Sequence[str]:
    """What to say about the chapters that have begun since."""
    return [chapter.words(seen) for chapter in CHAPTERS[before:after]]


def missing(chapter: int) -> str:
    """The first chapter that was not seen."""
    return CHAPTERS[chapter].name if chapter < len(CHAPTERS) else ""
