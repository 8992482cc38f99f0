"""Core values ↔ plain documents, for what must outlive the process as it was: templates, assertions, exact numbers.

msgspec converts by declared types, and refuses the union that a probe file's `Value` is. So each value that plain JSON
does not hold says itself what it is: `{"$": "timedelta", "v": 5.0}`. A document of a neighbouring version loses the
fields that this one does not know.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from msgspec import Struct

from synthprobe.core import templates
from synthprobe.core.json_bodies import Literal
from synthprobe.core.templates import Json

T = TypeVar("T", bound=Struct)

_KIND, _CONTENT = "$", "v"

_LEAST, _MOST = -(2**63), 2**64 - 1
"""Whole numbers that MessagePack holds; JSON's are as large as somebody writes them."""


class Unpackable(ValueError):
    """A document that this version cannot read."""


class Packer(Generic[T]):
    """Packs one kind of struct with all that it may hold."""

    def __init__(self, shape: type[T], *others: type) -> None:
        self._shape = shape
        self._known = {each.__name__: each for root in (shape, *others) for each in _reachable(root)}

    def pack(self, value: T) -> dict[str, Json]:
        """The struct as a document; what is at its default is left out."""
        return _packed_struct(value)

    def unpack(self, document: Json) -> T:
        """The struct in a document. Raises `Unpackable`."""
        try:
            found = self._unpacked(document)
        except (TypeError, ValueError, KeyError, ArithmeticError) as error:
            raise Unpackable(f"it was written by another version: {error}") from error
        if not isinstance(found, self._shape):
            raise Unpackable(f"it holds no {self._shape.__name__}")
        return found

    def _unpacked(self, document: Json) -> Any:
        if isinstance(document, list):
            return tuple(self._unpacked(each) for each in document)
        if not isinstance(document, dict):
            return document
        if _KIND not in document:
            return {key: self._unpacked(each) for key, each in document.items()}
        kind = str(document[_KIND])
        if kind in _READ:
            return _READ[kind](document[_CONTENT])
        if kind in _HOLDERS:
            return _HOLDERS[kind](self._members(document[_CONTENT]))
        known = self._known[kind]
        if issubclass(known, Enum):
            return known(document[_CONTENT])
        assert issubclass(known, Struct)
        return known(
            **{key: self._unpacked(each) for key, each in document.items() if key in known.__struct_fields__}
        )

    def _members(self, content: Json) -> Any:
        if isinstance(content, dict):
            return {key: self._unpacked(each) for key, each in content.items()}
        return self._unpacked(content)


def packed(value: Any) -> Json:
    """Any of these values as a document. Raises `TypeError` for what cannot be kept."""
    for kind, shape, write in _WRITTEN:
        if isinstance(value, shape):
            return {_KIND: kind or type(value).__name__, _CONTENT: write(value)}
    match value:
        case Struct():
            return _packed_struct(value)
        case tuple():
            return [packed(each) for each in value]
        case Mapping():
            inner = {str(key): packed(each) for key, each in value.items()}
            return {_KIND: "map", _CONTENT: inner} if _KIND in inner else inner
        case int() if not _LEAST <= value <= _MOST:
            return {_KIND: "int", _CONTENT: str(value)}
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"a {type(value).__name__} cannot be packed")


def digest(*parts: Json) -> str:
    """What stands for documents, the same wherever and whenever it is made of them."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _packed_struct(value: Struct) -> dict[str, Json]:
    document: dict[str, Json] = {_KIND: type(value).__name__}
    # Not by msgspec's `fields`, which evaluates the types, and cannot where a `Value` stands without its module.
    defaults = value.__struct_defaults__
    required = len(value.__struct_fields__) - len(defaults)
    for index, name in enumerate(value.__struct_fields__):
        inner = getattr(value, name)
        if index < required or inner != defaults[index - required]:
            document[name] = packed(inner)
    return document


_WRITTEN: tuple[tuple[str, type, Callable[[Any], Json]], ...] = (
    ("", Enum, lambda value: value.value),
    ("timedelta", timedelta, timedelta.total_seconds),
    ("datetime", datetime, datetime.isoformat),
    ("decimal", Decimal, str),
    ("bytes", bytes, lambda value: base64.b64encode(value).decode()),
    ("number", Literal, str),
    ("frozenset", frozenset, lambda value: [packed(each) for each in sorted(value)]),
    ("list", list, lambda value: [packed(each) for each in value]),
)
"""How what plain JSON does not hold is written; an enum's kind is its own name. The first that fits counts."""

_READ: Mapping[str, Callable[[Any], Any]] = {
    "timedelta": lambda seconds: timedelta(seconds=seconds),
    "datetime": datetime.fromisoformat,
    "decimal": Decimal,
    "bytes": base64.b64decode,
    "int": int,
    "number": Literal,
}

_HOLDERS: Mapping[str, Callable[[Any], Any]] = {"frozenset": frozenset, "list": list, "map": dict}


_FORWARD: dict[str, Any] = {**vars(templates), "Mapping": Mapping}
"""Names in types that stand in quotes."""


def _reachable(shape: type) -> Iterator[type]:
    """The structs and enums that a struct's fields may hold, and itself."""
    seen: set[Any] = set()
    waiting: list[Any] = [shape]
    while waiting:
        found = waiting.pop()
        if found in seen:
            continue
        seen.add(found)
        waiting += get_args(found)
        if isinstance(found, type) and issubclass(found, Struct | Enum):
            yield found
            if issubclass(found, Struct):
                waiting += get_type_hints(found, localns=_FORWARD).values()
