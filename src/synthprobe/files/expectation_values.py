"""Assertions and captures as a file writes them → core values; the file has been checked before."""

import json
from collections.abc import Iterator, Mapping

from msgspec import UNSET, UnsetType

from synthprobe.core import expectations as core
from synthprobe.core.templates import Value
from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.capture_shape import Capture
from synthprobe.files.documents import Path
from synthprobe.files.durations import duration
from synthprobe.files.expectations import Expectation, expectations, subject_key
from synthprobe.files.making import Making
from synthprobe.files.shapes import given
from synthprobe.files.values import value_of


def assertions_of(
    entries: list[Assertion] | UnsetType, making: Making, path: Path
) -> tuple[core.Assertion, ...]:
    """The assertions of a list that stands at `path`; an entry with several operators becomes several."""
    return tuple(
        _assertion(entry, expectation, making, (*path, index))
        for index, entry in enumerate(given(entries, []))
        for expectation in expectations(entry)
    )


def captures_of(
    captures: Mapping[str, Capture] | UnsetType, making: Making, path: Path
) -> Iterator[core.Capture]:
    """The captures of a step."""
    for name, capture in given(captures, {}).items():
        source = next(core.Subject(key) for key in Capture.EXACTLY_ONE if getattr(capture, key) is not UNSET)
        where = getattr(capture, source.value)
        yield core.Capture(
            name=name,
            source=source,
            position=making.document.position((*path, name), of_key=True),
            path=None if isinstance(where, bool) else str(where),
            type=core.CaptureType(given(capture.type, "string")),
            default=None if capture.default is UNSET else value_of(capture.default),
            has_default=capture.default is not UNSET,
            secret=given(capture.secret, False),
        )


def _assertion(entry: Assertion, expectation: Expectation, making: Making, path: Path) -> core.Assertion:
    subject, where = subject_key(entry)
    return core.Assertion(
        subject=subject,
        operator=expectation.operator,
        expected=_expected(subject, expectation.operand, making),
        text=_text(subject, where, expectation),
        position=making.document.position((*path, *expectation.path), of_key=True),
        path=where,
        level=core.Level(given(entry.level, "failed")),
        cast=None if isinstance(entry.cast, UnsetType) else core.Cast(entry.cast),
    )


def _expected(subject: core.Subject, operand: object, making: Making) -> Value:
    if subject in core.TIMED:
        return duration(str(operand)).total_seconds()
    if subject is core.Subject.SCHEMA:
        return making.schema(operand)
    return value_of(operand)


def _text(subject: core.Subject, where: str | None, expectation: Expectation) -> str:
    """As a person reads it, on one line: `json $.status equals AUTHORISED`."""
    operand = expectation.operand
    if subject is core.Subject.SCHEMA:
        return f"schema {operand if isinstance(operand, str) else 'written here'}"
    shown = operand if isinstance(operand, str) else json.dumps(operand, ensure_ascii=False)
    named = (
        f"phase.{where}" if subject is core.Subject.PHASE else " ".join(filter(None, (subject.value, where)))
    )
    return " ".join((named, expectation.operator.value, " ".join(shown.split())[:_LONGEST_OPERAND]))


_LONGEST_OPERAND = 120
