"""What captures keep, and what is said when there is nothing to keep."""

import pytest
from answers import HERE, response

from synthprobe.core.captures import CaptureMissing, capture
from synthprobe.core.expectations import Capture, CaptureType, Subject
from synthprobe.core.templates import Json, parse


@pytest.mark.parametrize(
    ("source", "path", "kind", "kept"),
    [
        (Subject.JSON, "$.id", CaptureType.STRING, "0042"),
        (Subject.JSON, "$.fee", CaptureType.STRING, "1.10"),
        (Subject.JSON, "$.fee", CaptureType.DECIMAL, "1.10"),
        (Subject.JSON, "$.amount", CaptureType.DECIMAL, "2.00"),
        (Subject.JSON, "$.big", CaptureType.STRING, "12345678901234567890123"),
        (Subject.JSON, "$.paid", CaptureType.STRING, "true"),
        (Subject.JSON, "$.count", CaptureType.INT, 3),
        (Subject.JSON, "$.id", CaptureType.INT, 42),
        (Subject.JSON, "$.tags", CaptureType.LIST, ["a", "b", 3]),
        (Subject.JSON, "$.items[*].id", CaptureType.LIST, ["x", "y"]),
        (Subject.JSON, "$.items[?@.price > 7].id", CaptureType.STRING, "y"),
        (Subject.JSON, "$.card.exp", CaptureType.OBJECT, {"year": 2030}),
        (Subject.HEADER, "x-count", CaptureType.STRING, "5"),
        (Subject.HEADER, "x-count", CaptureType.INT, 5),
        (Subject.BODY, '"text": "(\\w+)', CaptureType.STRING, "hello"),
        (Subject.BODY, "wor.d", CaptureType.STRING, "world"),
        (Subject.STATUS, None, CaptureType.STRING, "201"),
        (Subject.STATUS, None, CaptureType.INT, 201),
        (Subject.URL, None, CaptureType.STRING, "http://pay.example/v1"),
        (Subject.DURATION, None, CaptureType.DECIMAL, "0.25"),
    ],
)
def test_captures_keep_values_as_written(
    source: Subject, path: str | None, kind: CaptureType, kept: Json
) -> None:
    found = capture(Capture("x", source, HERE, path, kind), response(), {})
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [
        ("$.nothing", CaptureType.STRING, "x: nothing at $.nothing"),
        ("$.none", CaptureType.STRING, "x: is null"),
        ("$.card", CaptureType.STRING, "x: is an object; say `type: object`"),
        ("$.text", CaptureType.INT, 'x: "hello world" is not a number'),
        ("$.fee", CaptureType.INT, "x: 1.10 is not a whole number"),
        ("$.id", CaptureType.LIST, "x: is of type string, not a list"),
        (
            "$.items[*].id",
            CaptureType.STRING,
            "x: $.items[*].id finds 2 values; narrow it or say `type: list`",
        ),
    ],
)
def test_what_cannot_be_captured_is_named(path: str, kind: CaptureType, says: str) -> None:
    with pytest.raises(CaptureMissing) as raised:
        capture(Capture("x", Subject.JSON, HERE, path, kind), response(), {})
    assert str(raised.value) == says


def test_a_default_stands_in_for_what_is_missing_only() -> None:
    wanted = Capture("x", Subject.JSON, HERE, "$.nothing", default=parse("${{ vars.a }}-1"), has_default=True)
    assert capture(wanted, response(), {"vars": {"a": "b"}}) == "b-1"
    wrong = Capture("x", Subject.JSON, HERE, "$.card", default="d", has_default=True)
    with pytest.raises(CaptureMissing):
        capture(wrong, response(), {})
