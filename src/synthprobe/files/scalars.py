"""What a plain YAML scalar means by the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/, chapter 10.3).

`NO`, `on`, `12:30` and `2026-01-01` are text. A number that would lose its leading zeros is refused rather than read.
"""

import math
import re

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?")
_BASES = {"0o": 8, "0x": 16}
_LONGEST_NUMBER = 100


class NotReadable(ValueError):
    """A plain scalar that looks like a number and cannot be kept as one."""


def resolve(text: str) -> bool | int | float | str | None:
    """The value of a plain (unquoted) scalar. Raises `NotReadable`."""
    if text in _NULL:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if text[0] not in "+-.0123456789":
        return text
    return _number(text)


def _number(text: str) -> int | float | str:
    is_int = _INT.fullmatch(text) is not None
    if not is_int and not _FLOAT.fullmatch(text):
        if _NOT_FINITE.fullmatch(text):
            raise NotReadable(f"`{text}` is not a number that JSON knows")
        return text
    if _LEADING_ZERO.fullmatch(text):
        raise NotReadable(f"`{text}` is a number whose leading zeros would be lost")
    if len(text) > _LONGEST_NUMBER:
        raise NotReadable(f"a number of {len(text)} digits cannot be kept exactly")
    return _int(text) if is_int else _float(text)


def _int(text: str) -> int:
    return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotReadable(f"`{text}` is too large for a number")
    return value
