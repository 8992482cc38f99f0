"""Evaluates an expectation on a response: which way it went, with expected and actual as a person reads them.

A subject that is not there fails every operator but `exists: false`. A path with a wildcard or filter finds a list;
`contains`, `not_contains` and `length` look at that list, any other operator at its only member if there is just one.
Headers and bodies are text: an expectation that is a number or a boolean compares with the text as one.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from synthprobe.core.comparisons import OPERATORS, Incomparable, decimal_of, is_number, text_of, type_name
from synthprobe.core.durations import duration_text
from synthprobe.core.expectations import TIMED, Assertion, Cast, Operator, Subject
from synthprobe.core.json_bodies import Literal
from synthprobe.core.json_schemas import Misfit, misfits
from synthprobe.core.responses import Found, Missing, Response, Unreadable, find
from synthprobe.core.results import AssertionResult, Verdict
from synthprobe.core.templates import Json, Names, fill

Veil: TypeAlias = Callable[[Json], Json]
"""Hides what must not be shown; applied to whole values before they are cut to length."""

SHOWN = 300
"""Characters of expected and actual that are kept."""


def evaluate(
    assertion: Assertion, response: Response, names: Names, veil: Veil = lambda value: value
) -> AssertionResult:
    """One assertion's result. Raises `LookupFailed` when its expectation refers to what is not there."""
    if assertion.subject is Subject.SCHEMA:
        return _against_schema(assertion, response, veil)
    expected = fill(assertion.expected, names)
    shown = _expectation(assertion, expected, veil)
    try:
        found = _subject(assertion, response)
        verdict, message = _judge(assertion, found, expected)
    except (Unreadable, Incomparable) as error:
        found, verdict, message = _found_anyway(assertion, response), Verdict.ERROR, str(error)
    actual = _actual(assertion, found, veil)
    return AssertionResult(
        text=assertion.text,
        verdict=verdict,
        level=assertion.level,
        expected=_short(shown),
        actual=_short(actual),
        position=str(assertion.position),
        message=_short(text_of(veil(message))) if message else "",
    )


def _against_schema(assertion: Assertion, response: Response, veil: Veil) -> AssertionResult:
    """Whether the body fits the schema whose text is expected."""
    verdict, actual, message = Verdict.FAIL, "missing", ""
    try:
        document = response.json
        if isinstance(document, Missing):
            message = document.why
        else:
            wrong = misfits(str(assertion.expected), document)
            verdict = _verdict(holds=not wrong)
            actual = "; ".join(text_of(veil(told)) for told in wrong) or "it fits"
    except (Unreadable, Misfit) as error:
        verdict, message = Verdict.ERROR, str(error)
    return AssertionResult(
        text=assertion.text,
        verdict=verdict,
        level=assertion.level,
        expected="a body that fits",
        actual=_short(actual),
        position=str(assertion.position),
        message=_short(text_of(veil(message))),
    )


def show(value: Json) -> str:
    """A value as a person reads it; text that could be taken for another type is quoted."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if _needs_quotes(value) else value
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return text_of(value)


def _judge(assertion: Assertion, found: Found | Missing, expected: Json) -> tuple[Verdict, str]:
    if assertion.operator is Operator.EXISTS:
        there = isinstance(found, Found) and not (found.many and found.value == [])
        return _verdict(holds=there == expected), ""
    if isinstance(found, Missing):
        return Verdict.FAIL, found.why
    actual, wanted = _alike(assertion, found.value, expected)
    if OPERATORS[assertion.operator](actual, wanted, assertion.cast):
        return Verdict.PASS, ""
    return Verdict.FAIL, _hint(assertion, actual, wanted)


def _verdict(*, holds: bool) -> Verdict:
    return Verdict.PASS if holds else Verdict.FAIL


def _subject(assertion: Assertion, response: Response) -> Found | Missing:
    found = find(assertion.subject, assertion.path, response)
    if isinstance(found, Missing) or not found.many or assertion.operator in _ON_LISTS:
        return found
    values = found.value
    if not isinstance(values, list) or assertion.operator is Operator.EXISTS or len(values) > 1:
        return found
    return Found(values[0]) if values else Missing()


_ON_LISTS = frozenset({Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.LENGTH})


def _found_anyway(assertion: Assertion, response: Response) -> Found | Missing:
    try:
        return _subject(assertion, response)
    except Unreadable:
        return Missing()


def _alike(assertion: Assertion, actual: Json, expected: Json) -> tuple[Json, Json]:
    """Text subjects meet expectations that are not text: a status given as text, a header compared with a number."""
    if assertion.cast is not None or assertion.operator in _TAKES_TEXT:
        return actual, expected
    if assertion.subject is Subject.STATUS:
        return actual, _as_numbers(expected)
    if assertion.subject in (Subject.HEADER, Subject.BODY):
        if assertion.operator in _ORDERED:
            return Literal(str(decimal_of(actual))), expected
        return actual, _as_text(expected)
    return actual, expected


_TAKES_TEXT = frozenset({Operator.LENGTH, Operator.TYPE, Operator.MATCHES})
_ORDERED = frozenset({Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})


def _as_numbers(expected: Json) -> Json:
    if isinstance(expected, list):
        return [_as_numbers(each) for each in expected]
    return (
        int(expected) if isinstance(expected, str) and expected.isascii() and expected.isdigit() else expected
    )


def _as_text(expected: Json) -> Json:
    return [text_of(each) for each in expected] if isinstance(expected, list) else text_of(expected)


def _hint(assertion: Assertion, actual: Json, expected: Json) -> str:
    if assertion.operator is not Operator.EQUALS or assertion.cast is not None:
        return ""
    one, other = type_name(actual), type_name(expected)
    if one == other or {one, other} == {"integer", "number"}:
        return ""
    if {one, other} <= {"string", "integer", "number"}:
        return f"actual is {one}, expected is {other}; `as: {Cast.DECIMAL}` compares them by value"
    return f"actual is {one}, expected is {other}"


def _expectation(assertion: Assertion, expected: Json, veil: Veil) -> str:
    if assertion.operator is Operator.EXISTS:
        return "present" if expected else "missing"
    timed = assertion.subject in TIMED and isinstance(expected, int | float)
    value = _time(assertion.subject, expected) if timed else _shown(assertion, veil(expected))
    return f"{_READS[assertion.operator]} {value}".strip()


_READS = {operator: operator.value.replace("_", " ") for operator in Operator} | {
    Operator.EQUALS: "",
    Operator.NOT_EQUALS: "not",
    Operator.LT: "<",
    Operator.LTE: "≤",
    Operator.GT: ">",
    Operator.GTE: "≥",
}


def _actual(assertion: Assertion, found: Found | Missing, veil: Veil) -> str:
    if isinstance(found, Missing):
        return "missing"
    if assertion.subject in TIMED and isinstance(found.value, int | float):
        return _time(assertion.subject, round(found.value, 3), digits=3)
    shown = _shown(assertion, veil(found.value))
    if assertion.operator is Operator.LENGTH and isinstance(found.value, str | list | dict):
        return f"length {len(found.value)}: {shown}"
    return f"{type_name(found.value)}: {shown}" if assertion.operator is Operator.TYPE else shown


def _time(subject: Subject, seconds: Json, digits: int | None = None) -> str:
    if subject is Subject.CERTIFICATE_EXPIRES_IN and isinstance(seconds, int | float):
        whole = timedelta(minutes=int(abs(seconds) // 60))
        return duration_text(whole) if seconds >= 0 else f"expired {duration_text(whole)} ago"
    return f"{seconds:.{digits}f} s" if digits is not None else f"{seconds} s"


def _shown(assertion: Assertion, value: Json) -> str:
    """A cast leaves the types out of it, so there is nothing to quote."""
    return value if assertion.cast is not None and isinstance(value, str) else show(value)


def _needs_quotes(text: str) -> bool:
    return text != text.strip() or text in ("", "true", "false", "null") or is_number(text)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
