"""What one entry of `assert` expects: its subject, and each operator with its operand and place."""

from typing import Any

from msgspec import UNSET, Struct

from synthprobe.core.probes import Operator, Subject
from synthprobe.files.assertion_shape import Assertion, Operators
from synthprobe.files.documents import Path


class Expectation(Struct, frozen=True):
    """One operator of an entry; a bare value is `equals`."""

    operator: Operator
    operand: Any
    path: Path
    """From the entry to the operator's key."""


def subject_of(entry: Assertion) -> Subject:
    """What an entry looks at."""
    return next(Subject(name) for name in Assertion.EXACTLY_ONE if getattr(entry, name) is not UNSET)


def expectations(entry: Assertion) -> tuple[Expectation, ...]:
    """What an entry expects, inside its subject and beside it."""
    return (*inside(entry), *beside(entry))


def inside(entry: Assertion) -> tuple[Expectation, ...]:
    """What stands within the subject: operators, or a bare value of a subject that names no place."""
    subject = subject_of(entry)
    value = getattr(entry, subject.value)
    if isinstance(value, Operators):
        return tuple(
            Expectation(operator, operand, (subject.value, operator.value))
            for operator, operand in _listed(value)
        )
    if subject in (Subject.JSON, Subject.HEADER) or value is None:
        return ()
    return (Expectation(Operator.EQUALS, value, (subject.value,)),)


def beside(entry: Assertion) -> tuple[Expectation, ...]:
    """What stands next to the subject."""
    return tuple(Expectation(operator, operand, (operator.value,)) for operator, operand in _listed(entry))


def _listed(holder: Assertion | Operators) -> list[tuple[Operator, Any]]:
    found = ((operator, getattr(holder, operator.value)) for operator in Operator)
    return [(operator, operand) for operator, operand in found if operand is not UNSET]
