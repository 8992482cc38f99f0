"""What one entry of `assert` expects: its subject, and each operator with its operand and place."""

from typing import Any

from msgspec import UNSET, Struct

from synthprobe.core.expectations import Operator, Subject
from synthprobe.files.assertion_shape import Assertion, Operators
from synthprobe.files.documents import Path


class Expectation(Struct, frozen=True):
    """One operator of an entry; a bare value is `equals`."""

    operator: Operator
    operand: Any
    path: Path
    """From the entry to the operator's key."""


BESIDE = frozenset({Subject.JSON, Subject.HEADER, Subject.BODY, Subject.FIELD})
"""Subjects whose operators may stand beside them; of all others they stand inside."""

_PLACED = frozenset({Subject.JSON, Subject.HEADER, Subject.FIELD})
"""Subjects whose value says where to look."""


def key_of(entry: Assertion) -> str:
    """The key of an entry's subject, as `phase.connect`."""
    return next(key for key, field in _SUBJECTS if getattr(entry, field) is not UNSET)


def subject_of(entry: Assertion) -> Subject:
    """What an entry looks at."""
    return Subject(key_of(entry).partition(".")[0])


def subject_key(entry: Assertion) -> tuple[Subject, str | None]:
    """What an entry looks at, and where in it."""
    name, _, part = key_of(entry).partition(".")
    subject = Subject(name)
    return subject, str(_value(entry, name)) if subject in _PLACED else part or None


def expectations(entry: Assertion) -> tuple[Expectation, ...]:
    """What an entry expects, inside its subject and beside it."""
    return (*inside(entry), *beside(entry))


def inside(entry: Assertion) -> tuple[Expectation, ...]:
    """What stands within the subject: operators, or a bare value of a subject that names no place."""
    key = key_of(entry)
    value = _value(entry, key)
    if isinstance(value, Operators):
        return tuple(
            Expectation(operator, operand, (key, operator.value)) for operator, operand in _listed(value)
        )
    if subject_of(entry) in _PLACED or value is None:
        return ()
    return (Expectation(Operator.EQUALS, value, (key,)),)


def beside(entry: Assertion) -> tuple[Expectation, ...]:
    """What stands next to the subject."""
    return tuple(Expectation(operator, operand, (operator.value,)) for operator, operand in _listed(entry))


# Plain names, since these are asked many times for each assertion of a thousand files.
_SUBJECTS = tuple((key, key.replace(".", "_")) for key in Assertion.EXACTLY_ONE)
_OPERATORS = tuple((operator, operator.value) for operator in Operator)


def _listed(holder: Assertion | Operators) -> list[tuple[Operator, Any]]:
    return [
        (operator, operand)
        for operator, name in _OPERATORS
        if (operand := getattr(holder, name)) is not UNSET
    ]


def _value(entry: Assertion, key: str) -> Any:
    return getattr(entry, key.replace(".", "_"))
