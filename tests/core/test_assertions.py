"""Every operator on every kind of value, and what is shown of it."""

import json
from typing import Any

import pytest
from answers import HERE, response
from hypothesis import given
from hypothesis import strategies as st

from synthprobe.core.assertions import SHOWN, evaluate, show
from synthprobe.core.expectations import Assertion, Cast, Level, Operator, Subject
from synthprobe.core.results import Verdict
from synthprobe.core.templates import Json, LookupFailed, parse

PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR


def judge(
    subject: Subject,
    path: str | None,
    operator: Operator,
    expected: Any,
    cast: Cast | None = None,
    **options: Any,
) -> Any:
    """One assertion's result on `response()`."""
    assertion = Assertion(subject, operator, expected, "as written", HERE, path=path, cast=cast)
    return evaluate(assertion, response(**options), {"vars": {"amount": "2"}})


@pytest.mark.parametrize(
    ("path", "operator", "expected", "cast", "verdict"),
    [
        # equality keeps types apart
        ("$.id", "equals", "0042", None, PASS),
        ("$.id", "equals", 42, None, FAIL),
        ("$.count", "equals", 3, None, PASS),
        ("$.count", "equals", 3.0, None, PASS),
        ("$.count", "equals", "3", None, FAIL),
        ("$.paid", "equals", True, None, PASS),
        ("$.paid", "equals", 1, None, FAIL),
        ("$.paid", "equals", "true", None, FAIL),
        ("$.none", "equals", None, None, PASS),
        ("$.none", "equals", "", None, FAIL),
        ("$.fee", "equals", 1.1, None, PASS),
        ("$.big", "equals", 12345678901234567890123, None, PASS),
        ("$.big", "equals", 12345678901234567890124, None, FAIL),
        ("$.card", "equals", {"exp": {"year": 2030}, "number": "4242"}, None, PASS),
        ("$.card", "equals", {"number": "4242"}, None, FAIL),
        ("$.tags", "equals", ("a", "b", 3), None, PASS),
        ("$.tags", "equals", ("b", "a", 3), None, FAIL),
        ("$.id", "not_equals", "43", None, PASS),
        ("$.id", "not_equals", "0042", None, FAIL),
        # casts compare by meaning
        ("$.amount", "equals", "2", Cast.DECIMAL, PASS),
        ("$.amount", "equals", 2, Cast.DECIMAL, PASS),
        ("$.fee", "equals", "1.1", Cast.DECIMAL, PASS),
        ("$.id", "equals", "42", Cast.NUMBER, PASS),
        ("$.text", "equals", "2", Cast.DECIMAL, ERROR),
        ("$.paid", "equals", "1", Cast.DECIMAL, ERROR),
        ("$.none", "gt", "1", Cast.DECIMAL, ERROR),
        ("$.count", "equals", "3", Cast.STRING, PASS),
        ("$.fee", "equals", "1.10", Cast.STRING, PASS),
        ("$.paid", "equals", "true", Cast.STRING, PASS),
        ("$.at", "equals", "2026-03-02T13:00:00+01:00", Cast.DATETIME, PASS),
        ("$.at", "lt", "2026-03-02T12:00:00.001Z", Cast.DATETIME, PASS),
        ("$.at", "gt", "2026-03-02", Cast.DATETIME, ERROR),
        ("$.text", "gt", "2026-03-02T12:00:00Z", Cast.DATETIME, ERROR),
        # order
        ("$.count", "lt", 4, None, PASS),
        ("$.count", "lt", 3, None, FAIL),
        ("$.count", "lte", 3, None, PASS),
        ("$.count", "gt", 2.5, None, PASS),
        ("$.count", "gte", 4, None, FAIL),
        ("$.amount", "lt", 3, None, ERROR),
        ("$.amount", "lt", "10", Cast.DECIMAL, PASS),
        ("$.amount", "lt", "10", Cast.STRING, FAIL),
        # membership
        ("$.id", "one_of", ("0041", "0042"), None, PASS),
        ("$.count", "one_of", ("3", 4), None, FAIL),
        ("$.amount", "one_of", ("1", "2"), Cast.DECIMAL, PASS),
        ("$.id", "not_one_of", ("1", "2"), None, PASS),
        ("$.id", "one_of", "0042", None, ERROR),
        ("$.tags", "contains", "b", None, PASS),
        ("$.tags", "contains", "3", None, FAIL),
        ("$.card", "contains", "number", None, PASS),
        ("$.text", "contains", "lo wo", None, PASS),
        ("$.text", "not_contains", "bye", None, PASS),
        ("$.count", "contains", "3", None, ERROR),
        ("$.count", "not_contains", "4", None, ERROR),
        # text
        ("$.text", "starts_with", "hello", None, PASS),
        ("$.text", "ends_with", "hello", None, FAIL),
        ("$.text", "matches", "o w", None, PASS),
        ("$.text", "matches", "^world$", None, FAIL),
        ("$.count", "matches", "3", None, ERROR),
        ("$.text", "matches", "(", None, ERROR),
        ("$.count", "matches", "3", Cast.STRING, PASS),
        # size and type
        ("$.tags", "length", 3, None, PASS),
        ("$.card", "length", 2, None, PASS),
        ("$.id", "length", 4, None, PASS),
        ("$.empty", "length", 0, None, PASS),
        ("$.count", "length", 1, None, ERROR),
        ("$.count", "type", "integer", None, PASS),
        ("$.count", "type", "number", None, PASS),
        ("$.fee", "type", "integer", None, FAIL),
        ("$.paid", "type", "boolean", None, PASS),
        ("$.none", "type", "null", None, PASS),
        ("$.card", "type", "object", None, PASS),
        ("$.tags", "type", "array", None, PASS),
        # presence
        ("$.none", "exists", True, None, PASS),
        ("$.nothing", "exists", True, None, FAIL),
        ("$.nothing", "exists", False, None, PASS),
        ("$.id", "exists", False, None, FAIL),
        ("$.nothing", "not_equals", "x", None, FAIL),
        ("$.nothing", "not_contains", "x", None, FAIL),
        ("$.nothing", "not_one_of", ("x",), None, FAIL),
        # paths that find many
        ("$.items[*].id", "contains", "y", None, PASS),
        ("$.items[*].id", "contains", "z", None, FAIL),
        ("$.items[*].id", "length", 2, None, PASS),
        ("$.items[?@.price > 9].id", "length", 0, None, PASS),
        ("$.items[?@.price > 9].id", "exists", False, None, PASS),
        ("$.items[?@.price > 7].id", "equals", "y", None, PASS),
        ("$.items[?@.id == 'x'].price", "lt", 6, None, PASS),
        ("$.items[?@.price > 9].id", "equals", "y", None, FAIL),
    ],
)
def test_json(path: str, operator: str, expected: Any, cast: Cast | None, verdict: Verdict) -> None:
    result = judge(Subject.JSON, path, Operator(operator), expected, cast)
    assert result.verdict is verdict, result
    assert bool(result.message) or verdict is not ERROR


@pytest.mark.parametrize(
    ("subject", "path", "operator", "expected", "verdict"),
    [
        (Subject.STATUS, None, "equals", 201, PASS),
        (Subject.STATUS, None, "equals", "201", PASS),
        (Subject.STATUS, None, "one_of", (200, 201), PASS),
        (Subject.STATUS, None, "lt", 300, PASS),
        (Subject.STATUS, None, "equals", 200, FAIL),
        (Subject.HEADER, "x-count", "equals", "5", PASS),
        (Subject.HEADER, "X-COUNT", "equals", 5, PASS),
        (Subject.HEADER, "X-Count", "lt", 10, PASS),
        (Subject.HEADER, "Content-Type", "lt", 10, ERROR),
        (Subject.HEADER, "Content-Type", "starts_with", "application/json", PASS),
        (Subject.HEADER, "X-Many", "equals", "a, b", PASS),
        (Subject.HEADER, "X-None", "exists", False, PASS),
        (Subject.HEADER, "X-None", "equals", "", FAIL),
        (Subject.BODY, None, "contains", "hello", PASS),
        (Subject.BODY, None, "matches", '"id": *"0042"', PASS),
        (Subject.DURATION, None, "lt", 0.3, PASS),
        (Subject.DURATION, None, "lt", 0.2, FAIL),
    ],
)
def test_other_subjects(
    subject: Subject, path: str | None, operator: str, expected: Any, verdict: Verdict
) -> None:
    assert judge(subject, path, Operator(operator), expected).verdict is verdict


@pytest.mark.parametrize(
    ("subject", "path", "operator", "expected", "shown", "actual"),
    [
        (Subject.JSON, "$.text", "equals", "bye", "bye", "hello world"),
        (Subject.JSON, "$.count", "equals", "3", '"3"', "3"),
        (Subject.JSON, "$.fee", "equals", 2, "2", "1.10"),
        (Subject.JSON, "$.none", "equals", "x", "x", "null"),
        (Subject.JSON, "$.nothing", "equals", "x", "x", "missing"),
        (Subject.JSON, "$.nothing", "exists", True, "present", "missing"),
        (Subject.JSON, "$.paid", "exists", False, "missing", "true"),
        (Subject.JSON, "$.count", "lt", 3, "< 3", "3"),
        (Subject.JSON, "$.text", "one_of", ("a", "b"), 'one of ["a", "b"]', "hello world"),
        (Subject.JSON, "$.tags", "length", 2, "length 2", 'length 3: ["a", "b", 3]'),
        (Subject.JSON, "$.count", "type", "string", "type string", "integer: 3"),
        (Subject.DURATION, None, "lt", 0.2, "< 0.2 s", "0.250 s"),
        (Subject.STATUS, None, "equals", 200, "200", "201"),
    ],
)
def test_expected_and_actual_read_well(
    subject: Subject, path: str | None, operator: str, expected: Any, shown: str, actual: str
) -> None:
    result = judge(subject, path, Operator(operator), expected)
    assert (result.expected, result.actual) == (shown, actual)


def test_a_comparison_by_value_shows_values_without_their_types() -> None:
    result = judge(Subject.JSON, "$.amount", Operator.EQUALS, "3", Cast.DECIMAL)
    assert (result.expected, result.actual) == ("3", "2.00")


def test_a_number_that_is_expected_as_text_is_explained() -> None:
    result = judge(Subject.JSON, "$.count", Operator.EQUALS, "3")
    assert result.message == "actual is integer, expected is string; `as: decimal` compares them by value"


def test_a_body_that_is_not_json_is_an_error_that_shows_its_start() -> None:
    page = response("<html>Bad gateway</html>", headers=(("Content-Type", "text/html"),))
    assertion = Assertion(Subject.JSON, Operator.EXISTS, False, "t", HERE, path="$.error")
    result = evaluate(assertion, page, {})
    assert result.verdict is ERROR
    assert result.message == "the body is not JSON (text/html): <html>Bad gateway</html>"


def test_an_empty_body_has_nothing_in_it() -> None:
    result = judge(Subject.JSON, "$.id", Operator.EQUALS, "x", body=b" \n")
    assert (result.verdict, result.actual, result.message) == (FAIL, "missing", "the body is empty")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\xfe\x00", id="not text"),
        pytest.param(b"[" * 100_000, id="nested beyond reason"),
        pytest.param(b'{"a": ' * 300 + b"1" + b"}" * 300, id="nested too deep to walk"),
        pytest.param(b'{"a": NaN}', id="not a number"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="a number of 5000 digits"),
    ],
)
def test_hostile_bodies_are_errors_not_crashes(body: bytes) -> None:
    assert judge(Subject.JSON, "$..a", Operator.EQUALS, "x", body=body).verdict is ERROR


def test_half_a_surrogate_pair_never_leaves_the_body() -> None:
    result = judge(Subject.JSON, "$.a", Operator.EQUALS, "x", body=rb'{"a": "\ud83d \ud83d\ude00"}')
    assert result.actual == "\ufffd \U0001f600"


def test_many_shallow_values_are_not_deep() -> None:
    body = json.dumps({"v": [[n] for n in range(1000)]}).encode()
    assert judge(Subject.JSON, "$.v", Operator.LENGTH, 1000, body=body).verdict is PASS


def test_expectations_look_references_up_and_say_when_they_cannot() -> None:
    assert (
        judge(Subject.JSON, "$.amount", Operator.EQUALS, parse("${{ vars.amount }}"), Cast.DECIMAL).verdict
        is PASS
    )
    with pytest.raises(LookupFailed, match="amuont"):
        judge(Subject.JSON, "$.amount", Operator.EQUALS, parse("${{ vars.amuont }}"))


def test_what_is_shown_is_veiled_before_it_is_cut() -> None:
    secret = "s" * 400
    assertion = Assertion(
        Subject.JSON, Operator.EQUALS, secret + "x", "t", HERE, path="$.key", level=Level.DEGRADED
    )
    found = response(json.dumps({"key": secret}))
    result = evaluate(assertion, found, {}, veil=lambda value: "hidden" if value != "" else "")
    assert (result.expected, result.actual, result.level) == ("hidden", "hidden", Level.DEGRADED)


def test_long_values_are_cut() -> None:
    result = judge(Subject.BODY, None, Operator.EQUALS, "x" * 1000)
    assert len(result.expected) == SHOWN
    assert result.expected.endswith("…")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_every_value_equals_itself_and_can_be_shown(value: Json) -> None:
    body = json.dumps({"v": value}).encode()
    result = judge(Subject.JSON, "$.v", Operator.EQUALS, value, body=body)
    assert result.verdict is PASS
    assert isinstance(show(value), str)


@given(JSON, JSON, st.sampled_from(sorted(Operator)), st.sampled_from([None, *Cast]))
def test_no_pair_of_values_breaks_an_operator(
    one: Json, other: Json, operator: Operator, cast: Cast | None
) -> None:
    body = json.dumps({"v": one}).encode()
    assert judge(Subject.JSON, "$.v", operator, other, cast, body=body).verdict in Verdict
