"""Keeps a named value of a response for later steps, in the type the probe says (a string unless it says otherwise).

A string keeps leading zeros and a number's digits as written; a decimal is kept as text, so that money never becomes
a float.
"""

from collections.abc import Callable, Mapping

from synthprobe.core.comparisons import Incomparable, decimal_of, text_of, type_name
from synthprobe.core.expectations import Capture, CaptureType, Subject
from synthprobe.core.responses import Missing, Response, Unreadable, find
from synthprobe.core.templates import Json, Names, fill


class CaptureMissing(Exception):
    """There is nothing to keep, or it is not what the probe says it is; the message names the capture."""


def capture(wanted: Capture, response: Response, names: Names) -> Json:
    """The value to keep. Raises `CaptureMissing`; `LookupFailed` when its default refers to what is not there."""
    try:
        found = _value(wanted, response)
        if not isinstance(found, Missing):
            return _TYPES[wanted.type](found)
    except (Unreadable, Incomparable) as error:
        raise CaptureMissing(f"{wanted.name}: {error}") from error
    if wanted.has_default:
        return fill(wanted.default, names)
    raise CaptureMissing(f"{wanted.name}: {found.why or f'nothing at {_where(wanted)}'}")


def _value(wanted: Capture, response: Response) -> "Json | Missing":
    found = find(wanted.source, wanted.path, response)
    if isinstance(found, Missing):
        return found
    if not found.many or wanted.type is CaptureType.LIST:
        return found.value
    values = found.value if isinstance(found.value, list) else []
    if len(values) > 1:
        raise Incomparable(f"{_where(wanted)} finds {len(values)} values; narrow it or say `type: list`")
    return values[0] if values else Missing()


def _string(value: Json) -> Json:
    if value is None:
        raise Incomparable("is null")
    if isinstance(value, list | dict):
        raise Incomparable(
            f"is an {type_name(value)}; say `type: {'list' if isinstance(value, list) else 'object'}`"
        )
    return text_of(value)


def _int(value: Json) -> Json:
    number = decimal_of(value)
    if number != int(number):
        raise Incomparable(f"{number} is not a whole number")
    return int(number)


def _decimal(value: Json) -> Json:
    decimal_of(value)
    return text_of(value).strip()


def _list(value: Json) -> Json:
    if not isinstance(value, list):
        raise Incomparable(f"is of type {type_name(value)}, not a list")
    return value


def _object(value: Json) -> Json:
    if not isinstance(value, dict):
        raise Incomparable(f"is of type {type_name(value)}, not an object")
    return value


_TYPES: Mapping[CaptureType, Callable[[Json], Json]] = {
    CaptureType.STRING: _string,
    CaptureType.INT: _int,
    CaptureType.DECIMAL: _decimal,
    CaptureType.LIST: _list,
    CaptureType.OBJECT: _object,
}


def _where(wanted: Capture) -> str:
    return (
        f"{wanted.path}"
        if wanted.source is Subject.JSON
        else " ".join(filter(None, (wanted.source.value, wanted.path)))
    )
