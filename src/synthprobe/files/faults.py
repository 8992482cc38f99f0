"""What a jsonschema error means to the author of a file: where, what was found, what is allowed."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias

import re2
from msgspec import Struct

from synthprobe.core.spelling import listed, nearest, suggestion
from synthprobe.files.documents import Path

_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys and values",
    "null": "nothing",
}


class Fault(Struct, frozen=True):
    """One thing wrong at one place of a document."""

    path: Path
    message: str
    hint: str = ""
    of_key: bool = False
    """Whether it is the key that is wrong, not its value."""
    lacks: bool = False
    """Whether something is missing at the path, rather than wrong."""


Error: TypeAlias = Any
"""A jsonschema `ValidationError`; its stubs leave open what each of its parts may be."""

Context: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Collection[str]]]
"""The whole schema, and what is designed but not built."""


def explain(
    error: Error, schema: Mapping[str, Any], unbuilt: Mapping[str, Collection[str]]
) -> Iterator[Fault]:
    """The faults that one error stands for."""
    if "propertyNames" in error.relative_schema_path:
        fault = _EXPLAIN.get(str(error.validator), _other)(error, (schema, unbuilt))
        yield from (Fault((*item.path, str(error.instance)), item.message, item.hint, True) for item in fault)
    else:
        yield from _EXPLAIN.get(str(error.validator), _other)(error, (schema, unbuilt))


def described(value: Any) -> str:
    """A value of a document as a message names it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"the number `{value}`"
    if isinstance(value, str):
        return f"`{value}`" if len(value) <= 60 else f"`{value[:57]}...`"
    return "a list" if isinstance(value, list) else "a mapping"


def _found(error: Error) -> str:
    """What stands there; not what is written under `secrets`, where somebody may have put the secret itself."""
    is_hidden = "secrets" in list(error.absolute_path)[:1] and isinstance(error.instance, str)
    return "a text" if is_hidden else described(error.instance)


def _unknown_keys(error: Error, context: Context) -> Iterator[Fault]:
    known = list(error.schema.get("properties", ()))
    designed = context[1].get(error.schema.get("title", ""), ())
    for key in error.instance:
        if key in known:
            continue
        path = (*error.absolute_path, key)
        if key in designed:
            yield Fault(path, f"`{key}` is designed but not built in this version", "remove it", True)
        else:
            yield Fault(path, f"unknown key `{key}`", suggestion(key, known), True)


def _missing_keys(error: Error, context: Context) -> Iterator[Fault]:
    """Every missing key at each of jsonschema's errors, which come one a key; repeated problems are dropped later.

    A key that is only misspelt is reported as such, once.
    """
    known = list(error.schema.get("properties", ()))
    misspelt = {nearest(key, known) for key in error.instance if key not in known}
    for name in error.validator_value:
        if name not in error.instance and name not in misspelt:
            yield Fault(tuple(error.absolute_path), f"`{name}` is missing", lacks=True)


def _wrong_type(error: Error, context: Context) -> Iterator[Fault]:
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    yield _mismatch(error, wanted)


def _mismatch(error: Error, wanted: Collection[str]) -> Fault:
    words = _either(
        [_NAMES[name] for name in dict.fromkeys(wanted) if name != "integer" or "number" not in wanted]
    )
    is_scalar = not isinstance(error.instance, list | dict) and error.instance is not None
    hint = _quoted(error) if "string" in wanted and is_scalar else ""
    hint = error.schema.get("errorMessage") or hint
    return Fault(tuple(error.absolute_path), f"expected {words}, found {_found(error)}", hint)


def _quoted(error: Error) -> str:
    """What to do about a scalar where text is wanted: quotes help where it then is the text that is wanted."""
    pattern = error.schema.get("pattern")
    if pattern is None or re2.search(pattern, str(error.instance)):
        return "quote it"
    return str(error.schema.get("patternErrorMessage", ""))


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _not_listed(error: Error, context: Context) -> Iterator[Fault]:
    path, value = tuple(error.absolute_path), error.instance
    allowed = [str(name) for name in error.validator_value]
    if isinstance(value, str) and value in _designed_values(path, context):
        yield Fault(
            path, f"`{value}` is designed but not built in this version", f"allowed: {listed(allowed)}"
        )
    else:
        hint = suggestion(value, allowed).replace("known:", "allowed:") if isinstance(value, str) else ""
        hint = "quote it" if isinstance(value, int | float) and str(value) in allowed else hint
        yield Fault(path, f"{described(value)} is not allowed here", hint or f"allowed: {listed(allowed)}")


def _designed_values(path: Path, context: Context) -> Iterator[str]:
    """Values that are designed for the field a path ends at, whatever struct holds it."""
    for name, values in context[1].items():
        if "." in name and path and name.split(".")[1] == path[-1]:
            yield from values


def _bad_text(error: Error, context: Context) -> Iterator[Fault]:
    hint = error.schema.get("patternErrorMessage") or f"it must match `{error.validator_value}`"
    yield Fault(tuple(error.absolute_path), f"{_found(error)} is not allowed here", hint)


def _limit(words: str, noun: str = "") -> Callable[[Error, Context], Iterator[Fault]]:
    def explain_limit(error: Error, context: Context) -> Iterator[Fault]:
        limit, value = error.validator_value, error.instance
        unit = f" {noun}{'' if limit == 1 else 's'}" if noun else ""
        found = str(len(value)) if noun else described(value)
        yield Fault(tuple(error.absolute_path), f"expected {words} {limit}{unit}, found {found}")

    return explain_limit


def _none_fits(error: Error, context: Context) -> Iterator[Fault]:
    """Of several allowed shapes: the faults of the one whose kind of value this is."""
    branches: dict[int, list[Error]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    depth = len(error.absolute_path)
    fitting = [errors for errors in branches.values() if not _is_of_other_kind(errors, depth)]
    if fitting:
        for inner in min(fitting, key=len):
            yield from explain(inner, *context)
        return
    wanted = [name for errors in branches.values() for name in _types(errors[0])]
    yield _mismatch(error, wanted)


def _is_of_other_kind(errors: list[Error], depth: int) -> bool:
    return any(error.validator == "type" and len(error.absolute_path) == depth for error in errors)


def _types(error: Error) -> list[str]:
    found = error.validator_value
    return [found] if isinstance(found, str) else list(found)


def _exactly_one(error: Error, context: Context) -> Iterator[Fault]:
    if not isinstance(error.instance, dict):
        return
    names = [branch["required"][0] for branch in error.validator_value]
    present = [name for name in error.instance if name in names]
    path = tuple(error.absolute_path)
    if present:
        yield Fault((*path, present[1]), f"{listed(present)} cannot stand together", "keep one of them", True)
        return
    designed = context[1].get(error.schema.get("title", ""), ())
    known = error.schema.get("properties", ())
    misspelt = any(nearest(name, names) for name in error.instance if name not in known)
    if not misspelt and not any(name in designed for name in error.instance):
        message = f"one of {listed(names)} is missing" if len(names) > 1 else f"`{names[0]}` is missing"
        yield Fault(path, message, lacks=True)


def _repeated(error: Error, context: Context) -> Iterator[Fault]:
    yield Fault(tuple(error.absolute_path), "the same item is listed twice", "remove one")


def _other(error: Error, context: Context) -> Iterator[Fault]:
    yield Fault(tuple(error.absolute_path), f"{_found(error)} is not allowed here")


_EXPLAIN: Mapping[str, Callable[[Error, Context], Iterator[Fault]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_listed,
    "pattern": _bad_text,
    "anyOf": _none_fits,
    "oneOf": _exactly_one,
    "uniqueItems": _repeated,
    "minimum": _limit("at least"),
    "maximum": _limit("at most"),
    "exclusiveMinimum": _limit("more than"),
    "exclusiveMaximum": _limit("less than"),
    "minItems": _limit("at least", "item"),
    "maxItems": _limit("at most", "item"),
    "minProperties": _limit("at least", "key"),
    "maxProperties": _limit("at most", "key"),
    "minLength": _limit("at least", "character"),
    "maxLength": _limit("at most", "character"),
}
