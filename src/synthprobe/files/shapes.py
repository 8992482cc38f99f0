"""A document → a frozen struct, or everything that is wrong with it, in sentences with line and column.

msgspec converts; only a document it refuses is run through jsonschema with the schema of the same struct, so that all
faults are found at once. A struct whose `EXACTLY_ONE` names fields must hold exactly one of them.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import msgspec
import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from msgspec import Struct, UnsetType

from synthprobe.files.documents import Document, Path
from synthprobe.files.faults import Fault, explain
from synthprobe.files.problems import FileProblems, Problem, problem_at

T = TypeVar("T")

Unbuilt: TypeAlias = Mapping[str, Collection[str]]
"""What is designed but not built: keys by struct name (`"Step": {"undo"}`), values by field (`"Schedule.overlap": {"queue"}`)."""


def convert(document: Document, shape: type[T], unbuilt: Unbuilt | None = None) -> T:
    """The document as a `shape`. Raises `FileProblems` with every fault, the document's own among them."""
    converted, problems = examine(document, shape, unbuilt)
    problems = (*document.problems, *problems)
    if converted is None or problems:
        raise FileProblems(problems)
    return converted


def examine(
    document: Document, shape: type[T], unbuilt: Unbuilt | None = None
) -> tuple[T | None, tuple[Problem, ...]]:
    """What can be converted, and the faults: where there are any, the struct is of what is left without them."""
    try:
        return msgspec.convert(document.value, shape), ()
    except msgspec.ValidationError as error:
        faults = tuple(_faults(document.value, shape, unbuilt or {})) or (_unexplained(error),)
    problems = tuple(_problem(document, fault) for fault in faults)
    return _convert_rest(document.value, shape, faults), problems


def given(value: T | UnsetType, default: T) -> T:
    """An optional key's value, or the default when the file does not have it."""
    return default if isinstance(value, UnsetType) else value


@lru_cache
def schema_of(shape: type) -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of a struct and all it holds."""
    schema: dict[str, Any] = msgspec.json.schema(shape)
    for struct in _structs(shape):
        one_of = getattr(struct, "EXACTLY_ONE", ())
        if one_of and struct.__name__ in schema["$defs"]:
            schema["$defs"][struct.__name__]["oneOf"] = [{"required": [name]} for name in one_of]
    return schema


def require_exactly_one(value: Struct) -> None:
    """For the `__post_init__` of a struct with `EXACTLY_ONE`. Raises ValueError."""
    names = getattr(type(value), "EXACTLY_ONE", ())
    encoded = dict(zip(type(value).__struct_encode_fields__, type(value).__struct_fields__, strict=True))
    present = [name for name in names if getattr(value, encoded[name]) is not msgspec.UNSET]
    if len(present) != 1:
        raise ValueError(f"needs exactly one of {', '.join(names)}")


def _structs(shape: type) -> Iterator[type]:
    """Every struct class that `shape` is made of."""
    seen: set[type] = set()
    waiting: list[Any] = [msgspec.inspect.type_info(shape)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info.cls
            waiting.extend(field.type for field in info.fields)
        waiting.extend(_inner(info))


def _inner(info: Any) -> Iterator[Any]:
    for name in ("type", "item_type", "key_type", "value_type"):
        if isinstance(inner := getattr(info, name, None), msgspec.inspect.Type):
            yield inner
    for name in ("types", "item_types"):
        yield from getattr(info, name, ())


def _search(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    """JSON Schema's `pattern` by RE2: linear time on whatever a file holds."""
    if isinstance(value, str) and not re2.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _search})  # type: ignore[no-untyped-call]


@lru_cache
def _validator(shape: type) -> Any:
    return _Validator(schema_of(shape))


def _faults(value: Any, shape: type, unbuilt: Unbuilt) -> Iterator[Fault]:
    schema = schema_of(shape)
    for error in _validator(shape).iter_errors(value):
        yield from explain(error, schema, unbuilt)


def _unexplained(error: msgspec.ValidationError) -> Fault:
    return Fault((), str(error).replace("`", ""))


def _problem(document: Document, fault: Fault) -> Problem:
    position = document.position(fault.path, of_key=fault.of_key)
    return problem_at(position, fault.message, fault.hint)


def _convert_rest(value: Any, shape: type[T], faults: Collection[Fault]) -> T | None:
    """What is left when faults are taken out; taking one out may bring up another, hence a few rounds."""
    for _ in range(_ROUNDS):
        value = _pruned(value, {_key_path(fault.path) for fault in faults}, ())
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError:
            faults = list(_faults(value, shape, {}))
    return None


_ROUNDS = 3


def _key_path(path: Path) -> Path:
    """The key that holds what a path leads to; list items stay in place, so that places still hold."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _pruned(value: Any, paths: Collection[Path], at: Path) -> Any:
    if isinstance(value, dict):
        return {
            key: _pruned(part, paths, (*at, key)) for key, part in value.items() if (*at, key) not in paths
        }
    if isinstance(value, list):
        return [_pruned(part, paths, (*at, index)) for index, part in enumerate(value)]
    return value
