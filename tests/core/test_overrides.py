"""What override may be made on a running server, and how it stands beside those of routes.yaml."""

from datetime import UTC, datetime
from typing import Any

import pytest

from synthprobe.core.overrides import OverrideRefused, check, with_made
from synthprobe.core.teams import Override
from synthprobe.files.routes import load_routes

TREE = load_routes(
    """
users: {ana: {}, ben: {}, chi: {}}
rotations: {days: {type: daily, start: '2026-01-01T08:00', location: UTC, users: [ana]}}
schedules: {emea: {layers: [{rotation: days}]}, apac: {layers: [{rotation: days}]}}
overrides: [{schedules: [emea], start: '2026-07-01T12:00Z', end: '2026-07-01T14:00Z', remove: ana, add: ben}]
route: {receiver: x}
receivers: [{name: x}]
""",
    "routes.yaml",
)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def at(hour: int) -> datetime:
    return NOON.replace(hour=hour)


def wanted(**change: Any) -> Override:
    usual = {"schedules": ("emea",), "start": at(14), "end": at(16), "add": "ben"}
    return Override(**{**usual, **change})


MADE = wanted(start=at(18), end=at(20), add="chi", id="o7")


@pytest.mark.parametrize(
    "override",
    [
        pytest.param(wanted(), id="one begins where another of the same person ends"),
        pytest.param(wanted(start=at(12), schedules=("apac",)), id="another schedule at the same time"),
        pytest.param(wanted(start=at(12), add="chi"), id="another person at the same time"),
        pytest.param(wanted(start=at(9), end=at(13), add="chi"), id="one that began before now"),
    ],
)
def test_what_contradicts_nothing_may_be_made(override: Override) -> None:
    check(override, TREE, [MADE], NOON)


@pytest.mark.parametrize(
    ("override", "why"),
    [
        pytest.param(wanted(schedules=()), "it names no schedule; there are emea, apac", id="no schedule"),
        pytest.param(wanted(schedules=("emae",)), "no schedule emae; did you mean `emea`?", id="another schedule"),
        pytest.param(wanted(remove="anna"), "no user anna; did you mean `ana`?", id="a stranger"),
        pytest.param(wanted(add=None), "neither `add` nor `remove`", id="nobody"),
        pytest.param(wanted(remove="ben"), "ben is added and removed", id="one for themselves"),
        pytest.param(wanted(end=at(14)), "it ends before it begins", id="no time"),
        pytest.param(wanted(start=at(9), end=at(12)), "it is over already", id="the past"),
        pytest.param(
            wanted(schedules=("apac", "emea"), start=at(13), end=at(17)),
            "it overlaps the override of routes.yaml of ben in emea, 2026-07-01 12:00 to 2026-07-01 14:00 UTC",
            id="over one of the file",
        ),
        pytest.param(
            wanted(start=at(19), end=at(21), remove="chi", add=None),
            "it overlaps the override o7 of chi in emea",
            id="over one that was made",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_or_contradicts_is_refused(override: Override, why: str) -> None:
    with pytest.raises(OverrideRefused) as caught:
        check(override, TREE, [MADE], NOON)
    assert why in str(caught.value)


def test_what_the_file_has_no_more_is_left_out() -> None:
    gone, half = wanted(add="dan", id="a"), wanted(schedules=("emea", "amer"), id="b")
    assert with_made(TREE, [gone, half]).overrides == (*TREE.overrides, wanted(id="b"))
    assert with_made(TREE, [gone]) is TREE
