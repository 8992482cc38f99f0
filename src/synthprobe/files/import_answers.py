"""What an OpenAPI description says of an operation's answer → the `schema` that its body must fit.

Kept is what an answer is made of: types, properties, which of them are required, and the values they may have. Bounds,
formats and patterns are left out: descriptions are seldom true there, and a probe should fail for what matters.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from synthprobe.core.json_schemas import schema_fault
from synthprobe.files.import_parts import listing, mapping

MOST = 60
"""Schemas in a schema that a person may still look through: of a larger one the inner ones are left out."""

_DEPTHS = (6, 4, 3, 2, 1)
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})

Resolve: TypeAlias = Callable[[Any], Any]
"""What a `$ref` within the description stands for."""


class Answer(Struct, frozen=True):
    """What the body of a good answer must be."""

    schema: Mapping[str, Any]
    accept: str
    """The media type to ask for, where there are several."""


def answer_of(responses: Mapping[Any, Any], resolve: Resolve) -> Answer | None:
    """What is documented of good answers; None where one of them is no JSON, or nothing is said of it."""
    good = [mapping(resolve(said)) for code, said in responses.items() if str(code).startswith("2")]
    contents = [mapping(each.get("content")) for each in good]
    media = [name for each in contents for name in list(filter(_is_json, each))[:1]]
    if not good or len(media) < len(good):
        return None
    described = [mapping(content[name]).get("schema") for content, name in zip(contents, media, strict=True)]
    schema = _Keeping(resolve).of(described)
    # A text of the schema that looks like a reference would be taken for one.
    if not schema or "${{" in json.dumps(schema, default=str) or schema_fault(schema):
        return None
    return Answer(schema, media[0] if any(len(each) > 1 for each in contents) else "")


def _is_json(media: object) -> bool:
    name = str(media).partition(";")[0].strip().lower()
    return name == "application/json" or name.endswith("+json")


class _TooMany(Exception):
    """More schemas than a person looks through."""


class _Keeping:
    """What is kept of one answer's schemas: as deep as `MOST` allows."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._left = 0

    def of(self, described: list[Any]) -> dict[str, Any]:
        """What fits one of these; empty where one of them allows anything."""
        for depth in _DEPTHS:
            self._left = MOST
            try:
                return _any_of([self._kept(each, depth) for each in described])
            except _TooMany:
                continue
        return {}

    def _kept(self, schema: Any, depth: int) -> dict[str, Any]:
        """What is kept of a schema; empty where that allows anything, or is too deep inside."""
        if depth == 0:
            return {}
        self._left -= 1
        if self._left < 0:
            raise _TooMany
        found = mapping(self._resolve(schema))
        types = _types(found)
        combined = any(key in found for key in ("allOf", "oneOf", "anyOf"))
        if found.get("nullable") is True and (combined or not types):
            return {}
        kept = self._inside(found, depth - 1)
        if types:
            kept = {"type": types[0] if len(types) == 1 else types, **kept}
        if values := [found["const"]] if "const" in found else listing(found.get("enum")):
            kept["enum"] = values if "null" not in types or None in values else [*values, None]
        return kept

    def _inside(self, found: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """Of an object its properties, of a list its items, and what a schema is combined of."""
        described = mapping(found.get("properties"))
        hidden = {name for name, each in described.items() if self._is_hidden(each)}
        required = [
            each for each in listing(found.get("required")) if isinstance(each, str) and each not in hidden
        ]
        properties = {
            str(name): self._kept(each, depth) for name, each in described.items() if name not in hidden
        }
        made = {
            "required": list(dict.fromkeys(required)),
            "properties": {name: kept for name, kept in properties.items() if kept},
            "items": self._kept(found.get("items"), depth),
            "allOf": [kept for each in listing(found.get("allOf")) if (kept := self._kept(each, depth))],
            # Of less than the whole of each, more than one may hold: `oneOf` would refuse that.
            **_any_of([self._kept(each, depth) for each in _options(found)]),
        }
        return {key: value for key, value in made.items() if value}

    def _is_hidden(self, schema: Any) -> bool:
        """Whether a property is of requests only."""
        return mapping(self._resolve(schema)).get("writeOnly") is True


def _types(found: Mapping[str, Any]) -> list[str]:
    written = found.get("type")
    types = list(dict.fromkeys(listing(written) if isinstance(written, list) else [written]))
    if not all(isinstance(each, str) and each in _TYPES for each in types):
        return []
    return [*types, "null"] if found.get("nullable") is True and "null" not in types else types


def _options(found: Mapping[str, Any]) -> list[Any]:
    return listing(found.get("oneOf")) or listing(found.get("anyOf"))


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """What fits one of some schemas; empty where one of them allows anything."""
    different = [each for number, each in enumerate(schemas) if each not in schemas[:number]]
    if not different or {} in different:
        return {}
    return different[0] if len(different) == 1 else {"anyOf": different}
