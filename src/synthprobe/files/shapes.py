"""A document → a frozen struct, or everything that is wrong with it, in sentences with line and column.

msgspec converts; only a document it refuses is run through jsonschema with the schema of the same struct, so that all
faults are found at once. A struct whose `EXACTLY_ONE` names fields must hold exactly one of them.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from msgspec import Struct, UnsetType

from synthprobe.files.documents import Document
from synthprobe.files.faults import Fault, explain
from synthprobe.files.nodes import without
from synthprobe.files.problems import FileProblems, Problem, problem_at
from synthprobe.files.stand_ins import StandIns, completed

T = TypeVar("T")

Unbuilt: TypeAlias = Mapping[str, Collection[str]]
"""What is designed but not built: keys by struct name (`"Step": {"undo"}`), values by field (`"Schedule.overlap": {"queue"}`)."""


def convert(document: Document, shape: type[T], unbuilt: Unbuilt | None = None) -> T:
    """The document as a `shape`. Raises `FileProblems` with every fault, the document's own among them."""
    examined = examine(document, shape, unbuilt or {})
    problems = (*document.problems, *examined.problems)
    if examined.value is None or problems:
        raise FileProblems(problems)
    return examined.value


class Examined(Struct, Generic[T], frozen=True):
    """What can be converted of a document, and what cannot."""

    value: T | None
    """Of what is left without the faults; None when too little is."""
    rest: Document
    """What `value` was made of: positions of its parts are asked of this."""
    problems: tuple[Problem, ...]
    """Faults of the shape; the document's own are not among them."""


def examine(
    document: Document, shape: type[T], unbuilt: Unbuilt, stand_ins: StandIns = lambda value: iter(())
) -> Examined[T]:
    """As `convert`, but goes on with what is left, so that rules beyond the shape can be asked in the same pass.

    `stand_ins` take the place of what is required and missing, or taken out as wrong.
    """
    try:
        return Examined(_converted(document.value, shape), document, ())
    except msgspec.ValidationError as error:
        faults = tuple(_faults(document.value, shape, unbuilt)) or (_unexplained(error),)
    problems = tuple(_problem(document, fault) for fault in faults)
    root, wrong = document.root, {fault.path for fault in faults if not fault.lacks}
    for _ in range(_ROUNDS):
        root = completed(without(root, wrong), stand_ins)
        try:
            return Examined(_converted(root.value, shape), Document(document.file, root), problems)
        except msgspec.ValidationError:
            wrong = {fault.path for fault in _faults(root.value, shape, {})}
    return Examined(None, document, problems)


_ROUNDS = 5
"""Taking a fault out may bring up another: its holder may need what was taken."""


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


def _converted(value: Any, shape: type[T]) -> T:
    """The value as a `shape`. Raises msgspec's `ValidationError`.

    msgspec's `$` lets a line break follow (Python's `re` does); such a text is put to RE2, which does not.
    """
    converted = msgspec.convert(value, shape)
    if _has_line_end(value) and next(_faults(value, shape, {}), None):
        raise msgspec.ValidationError("a text ends in a line break")
    return converted


def _has_line_end(value: Any) -> bool:
    if isinstance(value, str):
        return value.endswith("\n")
    if isinstance(value, dict):
        return any(key.endswith("\n") or _has_line_end(part) for key, part in value.items())
    return isinstance(value, list) and any(map(_has_line_end, value))
