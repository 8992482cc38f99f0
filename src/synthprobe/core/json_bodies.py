"""JSON bodies as values.

Numbers keep their literal text (`1.10` stays "1.10", a long integer stays exact), so that money compares and is captured as
the target wrote it.
"""

import json
import re

from synthprobe.core.templates import Json

DEEPEST = 200
"""Levels of a JSON body that are read."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Literal(float):
    """A JSON number with a fraction or exponent: a float that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> "Literal":
        """The number that a text writes."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text


def loads(body: bytes) -> Json:
    """The value of a body. Raises `ValueError` where it is not JSON, or nested too deep."""
    loaded: Json = json.loads(body, parse_float=Literal, parse_constant=_refuse)
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deep(loaded):
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    return _whole_text(loaded) if _SURROGATE.search(body) else loaded


def _is_deep(value: Json) -> bool:
    """Whether a document is nested too deep for code that walks it by recursion."""
    level = [value]
    for _ in range(DEEPEST):
        containers = [each for each in level if isinstance(each, list | dict)]
        if not containers:
            return False
        level = [
            inner for each in containers for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return True


def _whole_text(value: Json) -> Json:
    """The value with half surrogate pairs replaced: JSON may escape them, but no text that is kept may hold them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole_text(inner) for inner in value]
    if isinstance(value, dict):
        return {str(_whole_text(key)): _whole_text(inner) for key, inner in value.items()}
    return value


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is not JSON")
