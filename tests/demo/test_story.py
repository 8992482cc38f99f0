"""The story is told chapter by chapter, and only what was really seen."""

import msgspec
import pytest

from synthprobe.demo.story import CHAPTERS, Seen, advance, missing, told

WELL = Seen(passing=frozenset({"card/emea", "card/amer"}))
ILL = Seen(
    passing=frozenset({"card/amer"}), failing=frozenset({"card/emea"}), faults=("capture answers 503",)
)
FIRING = msgspec.structs.replace(ILL, firing=("incident #1",))
PAGED = msgspec.structs.replace(FIRING, paged=1)
WELL_AGAIN = msgspec.structs.replace(WELL, paged=1)
RESOLVED = msgspec.structs.replace(WELL_AGAIN, resolved=1)


@pytest.mark.parametrize(
    ("chapter", "seen", "begun"),
    [
        pytest.param(0, Seen(), 0, id="nothing has run yet"),
        pytest.param(0, msgspec.structs.replace(WELL, waiting=frozenset({"x"})), 0, id="one has not run yet"),
        pytest.param(0, WELL, 1, id="all pass"),
        pytest.param(1, ILL, 2, id="a fault begins"),
        pytest.param(2, ILL, 2, id="failing is not yet firing"),
        pytest.param(1, PAGED, 4, id="fault, alert and page seen at once are told in order"),
        pytest.param(4, PAGED, 4, id="the fault goes on"),
        pytest.param(
            4, msgspec.structs.replace(PAGED, faults=()), 5, id="the fault is over, nothing recovered"
        ),
        pytest.param(5, WELL_AGAIN, 6, id="recovered, and not yet told"),
        pytest.param(5, RESOLVED, 7, id="the end"),
        pytest.param(0, RESOLVED, 1, id="no chapter is skipped"),
    ],
)
def test_a_chapter_begins_when_it_is_seen(chapter: int, seen: Seen, begun: int) -> None:
    assert advance(chapter, seen) == begun


def test_what_is_told_is_what_has_begun_since() -> None:
    assert told(1, 3, FIRING) == ["a fault begins: capture answers 503", "an alert is firing: incident #1"]
    assert told(3, 3, FIRING) == []


def test_what_was_not_seen_has_a_name() -> None:
    assert missing(2) == "firing"
    assert missing(len(CHAPTERS)) == ""
