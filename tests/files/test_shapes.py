"""A document is converted to a struct, or every fault is told in a sentence."""

from typing import Annotated, ClassVar, Literal

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.documents import read
from synthprobe.files.problems import FileProblems
from synthprobe.files.shapes import convert, examine, require_exactly_one


class Way(Struct, frozen=True, forbid_unknown_fields=True, rename={"sea": "by-sea"}):
    """One of two ways."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ("by-sea", "land")

    sea: int | UnsetType = UNSET
    land: int | UnsetType = UNSET
    speed: Literal["slow", "fast"] | UnsetType = UNSET

    def __post_init__(self) -> None:
        require_exactly_one(self)


class Trip(Struct, frozen=True, forbid_unknown_fields=True):
    """A journey."""

    name: Annotated[
        str, Meta(pattern="^[a-z]+$", extra_json_schema={"patternErrorMessage": "use small letters"})
    ]
    ways: Annotated[list[Way], Meta(min_length=1)]
    notes: dict[str, int | str] | UnsetType = UNSET


UNBUILT = {"Way": {"air"}, "Way.speed": {"warp"}}


def test_a_document_that_fits_is_converted() -> None:
    document = read("name: north\nways:\n- by-sea: 3\n  speed: fast\n", "f")
    assert convert(document, Trip, UNBUILT) == Trip("north", [Way(sea=3, speed="fast")])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[]", ["1:1: expected a mapping of keys and values, found a list"], id="a list"),
        pytest.param("---\n", ["2:1: expected a mapping of keys and values, found nothing"], id="nothing"),
        pytest.param("{}", ["1:1: `name` is missing", "1:1: `ways` is missing"], id="keys are missing"),
        pytest.param(
            "nam: x\nways: [{land: 1}]",
            ["1:1: unknown key `nam` — did you mean `name`?"],
            id="a misspelt key is told once",
        ),
        pytest.param(
            "name: 5\nways: [{land: yes}]",
            [
                "1:7: expected text, found the number `5` — use small letters",
                "2:15: expected a whole number, found `yes`",
            ],
            id="wrong kinds",
        ),
        pytest.param(
            "name: X\nways: [{land: 1}]", ["1:7: `X` is not allowed here — use small letters"], id="pattern"
        ),
        pytest.param(
            "name: |\n  x\nways: [{land: 1}]",
            ["1:7: `x\\n` is not allowed here — use small letters"],
            id="a line break at the end of a name",
        ),
        pytest.param("name: x\nways: []", ["2:7: expected at least 1 item, found 0"], id="too few"),
        pytest.param(
            "name: x\nways: [{land: 1, by-sea: 2}, {}]",
            [
                "2:18: `land`, `by-sea` cannot stand together — keep one of them",
                "2:30: one of `by-sea`, `land` is missing",
            ],
            id="exactly one of several",
        ),
        pytest.param(
            "name: x\nways: [{air: 1}, {land: 1, speed: warp}, {land: 1, speed: fat}]",
            [
                "2:9: `air` is designed but not built in this version — remove it",
                "2:35: `warp` is designed but not built in this version — allowed: `fast`, `slow`",
                "2:59: `fat` is not allowed here — did you mean `fast`?",
            ],
            id="what is designed but not built",
        ),
        pytest.param(
            "name: x\nways: [{land: 1}]\nnotes: {a: [1]}",
            ["3:12: expected a whole number or text, found a list"],
            id="none of several kinds",
        ),
    ],
)
def test_a_document_that_does_not_fit_is_told_what_and_where(text: str, told: list[str]) -> None:
    with pytest.raises(FileProblems) as raised:
        convert(read(text, "f"), Trip, UNBUILT)
    assert [str(problem).removeprefix("f:") for problem in raised.value.problems] == told


def test_faults_of_the_document_are_told_with_those_of_the_shape() -> None:
    with pytest.raises(FileProblems) as raised:
        convert(read("name: x\nname: y\nways: 1", "f"), Trip)
    assert [problem.line for problem in raised.value.problems] == [2, 3]


def test_what_is_left_without_the_faults_is_converted_and_knows_its_places() -> None:
    document = read("name: x\nways: [{}, {land: a}, {land: 1, speed: no}]\nextra: 1", "f")
    examined = examine(document, Trip, {})
    assert examined.value == Trip("x", [Way(land=1)])
    assert str(examined.rest.position(("ways", 0, "land"))) == "f:2:30"
    assert not examined.rest.is_whole(("ways", 0))
    assert len(examined.problems) == 4


def test_stand_ins_take_the_place_of_what_is_missing() -> None:
    examined = examine(read("name: x", "f"), Trip, {}, lambda value: iter([(("ways",), [{"land": 0}])]))
    assert examined.value == Trip("x", [Way(land=0)])
    assert len(examined.problems) == 1
