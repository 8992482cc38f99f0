"""How two values are compared; the operators of assertions as a table of small functions.

- Without `as`, values of different JSON types are never equal: "1" is not 1, true is not 1. Numbers compare by value
  (1 equals 1.0), exactly as written (0.1 is a tenth). Lists and objects compare member by member.
- `as: decimal` and `as: number` read both sides as exact numbers, from numbers or from text: "2.00" equals "2".
- `as: datetime` reads both as RFC 3339 instants: other offsets of one instant are equal.
- `as: string` reads scalars as the text they were written as.
- `lt lte gt gte` need two numbers, or a cast. `contains` looks in a string, in a list (by `equals`) or for a key of an
  object. `matches` searches with RE2.

What cannot be compared raises `Incomparable`: the assertion is in error, which is a failure that says why.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from synthprobe.core.expectations import Cast, Operator
from synthprobe.core.json_bodies import Literal
from synthprobe.core.responses import pattern
from synthprobe.core.templates import Json


class Incomparable(Exception):
    """The two sides cannot be compared by this operator; the message says why."""


Compare: TypeAlias = Callable[[Json, Json, Cast | None], bool]
"""(actual, expected, cast) → whether the expectation holds."""


def type_name(value: Json) -> str:
    """The JSON type's name as probes write it: string number integer boolean array object null."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def text_of(value: Json) -> str:
    """A scalar as the text it was written as. Raises `Incomparable`."""
    match value:
        case str():
            return value
        case Literal():
            return value.text
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float():
            return str(value)
    raise Incomparable(f"{_a(value)} is not text")


def decimal_of(value: Json) -> Decimal:
    """A number, or text that is one, exactly. Raises `Incomparable`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Incomparable(f"{_a(value)} is not a number")
    text = value.strip() if isinstance(value, str) else text_of(value)
    if not _NUMBER.fullmatch(text):
        raise Incomparable(f'"{text[:40]}" is not a number')
    return Decimal(text)


def is_number(text: str) -> bool:
    """Whether `decimal_of` takes this text."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_instant(text: str) -> bool:
    """Whether `as: datetime` takes this text."""
    try:
        _instant_of(text)
    except Incomparable:
        return False
    return True


def same(actual: Json, expected: Json, cast: Cast | None = None) -> bool:
    """Whether two values are equal by the rules above."""
    if cast is not None:
        return bool(_CASTS[cast](actual) == _CASTS[cast](expected))
    if isinstance(actual, str) or isinstance(expected, str):
        return actual == expected
    match actual, expected:
        case (bool(), _) | (_, bool()):
            return actual is expected
        case (int() | float(), int() | float()):
            return decimal_of(actual) == decimal_of(expected)
        case list(), list():
            return len(actual) == len(expected) and all(map(same, actual, expected))
        case dict(), dict():
            return actual.keys() == expected.keys() and all(
                same(actual[key], expected[key]) for key in actual
            )
    return type(actual) is type(expected) and actual == expected


def _instant_of(value: Json) -> datetime:
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Incomparable(f"{_shown(value)} is not an RFC 3339 instant")
    day, time, fraction, offset = found.groups()
    try:
        return datetime.fromisoformat(
            f"{day}T{time}.{(fraction or '0')[:6]:0<6}{offset.upper().replace('Z', '+00:00')}"
        )
    except ValueError as error:
        raise Incomparable(f"{_shown(value)} is not an RFC 3339 instant: {error}") from error


class _Ordered(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


_CASTS: Mapping[Cast, Callable[[Json], _Ordered]] = {
    Cast.DECIMAL: decimal_of,
    Cast.NUMBER: decimal_of,
    Cast.DATETIME: _instant_of,
    Cast.STRING: text_of,
}

_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _before(actual: Json, expected: Json, cast: Cast | None) -> bool:
    if cast is not None:
        return _CASTS[cast](actual) < _CASTS[cast](expected)
    if not (_is_number(actual) and _is_number(expected)):
        raise Incomparable(
            f"{_a(actual)} and {_a(expected)} have no order; say `as: decimal`, `as: datetime` or `as: string`"
        )
    return decimal_of(actual) < decimal_of(expected)


def _one_of(actual: Json, expected: Json, cast: Cast | None) -> bool:
    if not isinstance(expected, list):
        raise Incomparable(f"one_of needs a list, not {_a(expected)}")
    return any(same(actual, each, cast) for each in expected)


def _contains(actual: Json, expected: Json, cast: Cast | None) -> bool:
    match actual:
        case list():
            return any(same(each, expected, cast) for each in actual)
        case dict():
            return text_of(expected) in actual
    return text_of(expected) in _text("contains", actual, cast)


def _length(actual: Json, expected: Json, cast: Cast | None) -> bool:
    if not isinstance(actual, str | list | dict):
        raise Incomparable(f"{_a(actual)} has no length")
    return same(len(actual), expected, cast) if cast else len(actual) == decimal_of(expected)


def _type(actual: Json, expected: Json, cast: Cast | None) -> bool:
    found = type_name(actual)
    return found == expected or (found == "integer" and expected == "number")


def _matches(actual: Json, expected: Json, cast: Cast | None) -> bool:
    return pattern(text_of(expected)).search(_text("matches", actual, cast)) is not None


def _starts_with(actual: Json, expected: Json, cast: Cast | None) -> bool:
    return _text("starts_with", actual, cast).startswith(text_of(expected))


def _ends_with(actual: Json, expected: Json, cast: Cast | None) -> bool:
    return _text("ends_with", actual, cast).endswith(text_of(expected))


def _text(operator: str, actual: Json, cast: Cast | None) -> str:
    if isinstance(actual, str):
        return actual
    if cast is Cast.STRING:
        return text_of(actual)
    raise Incomparable(f"{operator} needs text, not {_a(actual)}; say `as: string` if its text is meant")


def _not(compare: Compare) -> Compare:
    return lambda actual, expected, cast: not compare(actual, expected, cast)


OPERATORS: Mapping[Operator, Compare] = {
    Operator.EQUALS: same,
    Operator.NOT_EQUALS: _not(same),
    Operator.ONE_OF: _one_of,
    Operator.NOT_ONE_OF: _not(_one_of),
    Operator.LT: _before,
    Operator.GTE: _not(_before),
    Operator.GT: lambda actual, expected, cast: _before(expected, actual, cast),
    Operator.LTE: lambda actual, expected, cast: not _before(expected, actual, cast),
    Operator.CONTAINS: _contains,
    Operator.NOT_CONTAINS: _not(_contains),
    Operator.STARTS_WITH: _starts_with,
    Operator.ENDS_WITH: _ends_with,
    Operator.MATCHES: _matches,
    Operator.LENGTH: _length,
    Operator.TYPE: _type,
}
"""Every operator but `exists`, which asks whether there is a value, not about it."""


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _a(value: Json) -> str:
    name = type_name(value)
    return name if name == "null" else f"{'an' if name[0] in 'aio' else 'a'} {name}"


def _shown(value: Json) -> str:
    return f'"{value[:40]}"' if isinstance(value, str) else _a(value)
