"""Rules of assertions: operators that suit their subject, and operands that suit their operator."""

from collections.abc import Callable, Iterator, Mapping

from msgspec import UnsetType

from synthprobe.core.comparisons import is_instant, is_number
from synthprobe.core.expectations import TIMED, Cast, Operator, Subject
from synthprobe.core.spelling import listed
from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.expectations import (
    BESIDE,
    Expectation,
    beside,
    expectations,
    inside,
    key_of,
    subject_of,
)
from synthprobe.files.expressions import path_fault, path_hint, pattern_fault
from synthprobe.files.places import assertion_lists
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.values import has_reference

_ORDER = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
_EQUALITY = (Operator.EQUALS, Operator.NOT_EQUALS, Operator.ONE_OF, Operator.NOT_ONE_OF)
_ON_TEXT = tuple(operator for operator in Operator if operator is not Operator.TYPE)

SUITS: Mapping[Subject, tuple[Operator, ...]] = {
    Subject.STATUS: (*_EQUALITY, *_ORDER),
    Subject.SIZE: (*_EQUALITY, *_ORDER),
    Subject.DELIVERIES: (*_EQUALITY, *_ORDER),
    Subject.SCHEMA: (Operator.EQUALS,),
    Subject.TLS_VERSION: _ON_TEXT,
    Subject.HTTP_VERSION: _ON_TEXT,
    Subject.REDIRECT_TO: _ON_TEXT,
    **dict.fromkeys(TIMED, _ORDER),
    Subject.HEADER: _ON_TEXT,
    Subject.BODY: _ON_TEXT,
    Subject.JSON: tuple(Operator),
    Subject.FIELD: _ON_TEXT,
    Subject.ANSWERS: (*_EQUALITY[:2], Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.LENGTH),
}
"""The operators that make sense for each subject."""


def assertion_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Everything that is wrong with the assertions of a file."""
    for place, entries in assertion_lists(file.steps):
        for number, entry in enumerate(entries):
            yield from entry_problems(document, (*place, number), entry)


def entry_problems(document: Document, path: Path, entry: Assertion) -> Iterator[Problem]:
    """Everything that is wrong with one entry."""
    yield from _subject_problems(document, path, entry)
    for expectation in expectations(entry):
        yield from _expectation_problems(document, path, entry, expectation)


def _subject_problems(document: Document, path: Path, entry: Assertion) -> Iterator[Problem]:
    subject = subject_of(entry)
    if not expectations(entry) and document.is_whole(path):
        yield problem_at(
            document.position(path), f"nothing is expected of `{subject}`", "add an operator as `equals`"
        )
    if inside(entry) and beside(entry):
        position = document.position((*path, *beside(entry)[0].path), of_key=True)
        message = f"`{subject}` has operators both inside and beside it"
        yield problem_at(position, message, "write them in one place")
    elif beside(entry) and subject not in BESIDE:
        position = document.position((*path, *beside(entry)[0].path), of_key=True)
        yield problem_at(
            position, f"operators of `{key_of(entry)}` stand inside it", f"write `{key_of(entry)}: {{lt: …}}`"
        )
    if isinstance(entry.json, str) and (fault := path_fault(entry.json)):
        position = document.position((*path, "json"))
        yield problem_at(
            position, f"`{entry.json[:60]}` is not a JSONPath: {fault}", path_hint(entry.json, "$.status")
        )


def _expectation_problems(
    document: Document, path: Path, entry: Assertion, expectation: Expectation
) -> Iterator[Problem]:
    subject, operator = subject_of(entry), expectation.operator
    if operator not in SUITS[subject]:
        position = document.position((*path, *expectation.path), of_key=True)
        message = f"`{operator}` does not suit `{subject}`"
        yield problem_at(position, message, f"use {listed(each.value for each in SUITS[subject])}")
        return
    if not isinstance(entry.cast, UnsetType) and not _is_cast(operator, Cast(entry.cast)):
        position = document.position((*path, "as"))
        yield problem_at(position, f"`as: {entry.cast}` means nothing to `{operator}`", "remove it")
    position = document.position((*path, *expectation.path))
    for operand in _operands(expectation):
        if fault := _operand_fault(entry, subject, operator, operand):
            yield problem_at(position, *fault)


def _is_cast(operator: Operator, cast: Cast) -> bool:
    """Whether an operator reads its sides as `as` says."""
    if operator in (Operator.EXISTS, Operator.TYPE):
        return False
    return cast is Cast.STRING or operator in (*_ORDER, *_EQUALITY, Operator.LENGTH)


def _operands(expectation: Expectation) -> list[object]:
    is_list = expectation.operator in (Operator.ONE_OF, Operator.NOT_ONE_OF)
    return list(expectation.operand) if is_list else [expectation.operand]


Fault = tuple[str, str]
"""Message and hint."""


def _operand_fault(entry: Assertion, subject: Subject, operator: Operator, operand: object) -> Fault | None:
    if subject in TIMED:
        return _duration_fault(operand)
    if has_reference(operand):
        return None
    if operator is Operator.MATCHES:
        fault = pattern_fault(str(operand))
        return (f"`{str(operand)[:60]}` is not an RE2 pattern: {fault}", "") if fault else None
    if subject is Subject.STATUS:
        return _status_fault(operand)
    if subject is Subject.SIZE:
        return _size_fault(operand)
    if subject is Subject.DELIVERIES:
        return _count_fault(operand)
    if not isinstance(entry.cast, UnsetType) and operator in (*_ORDER, *_EQUALITY):
        return _CASTS[Cast(entry.cast)](operand)
    if operator in _ORDER and isinstance(operand, str):
        return f"`{operator}` needs a number, found `{operand[:60]}`", "add `as: decimal` or `as: datetime`"
    return None


def _duration_fault(operand: object) -> Fault | None:
    if has_reference(operand):
        return "a duration is not looked up", "write it out, as `800ms`"
    try:
        duration(operand if isinstance(operand, str) else str(operand))
    except ValueError as error:
        return str(error).split(";")[0], "write it as `800ms` or `2s`"
    return None


def _status_fault(operand: object) -> Fault | None:
    text = str(operand)
    if isinstance(operand, bool) or not (text.isascii() and text.isdigit() and 100 <= int(text[:9]) <= 599):
        return f"`{text[:60]}` is not a status", "a status is a number from 100 to 599"
    return None


def _size_fault(operand: object) -> Fault | None:
    fits = isinstance(operand, int) and not isinstance(operand, bool) and operand >= 0
    return None if fits else (f"`{str(operand)[:60]}` is not a size", "a size is a number of bytes")


def _count_fault(operand: object) -> Fault | None:
    fits = isinstance(operand, int) and not isinstance(operand, bool) and operand >= 0
    return None if fits else (f"`{str(operand)[:60]}` is no count", "write a whole number")


def _number_fault(operand: object) -> Fault | None:
    if isinstance(operand, bool) or not is_number(str(operand)):
        return f"`{str(operand)[:60]}` is not a number, which `as` asks for", ""
    return None


def _datetime_fault(operand: object) -> Fault | None:
    if is_instant(str(operand)):
        return None
    return f"`{str(operand)[:60]}` is not an instant", "write it as 2026-01-31T12:00:00Z"


_CASTS: Mapping[Cast, Callable[[object], Fault | None]] = {
    Cast.DECIMAL: _number_fault,
    Cast.NUMBER: _number_fault,
    Cast.DATETIME: _datetime_fault,
    Cast.STRING: lambda operand: None,
}
