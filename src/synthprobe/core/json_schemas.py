"""Whether a body fits a JSON Schema (draft 2020-12): patterns by RE2, in linear time, and nothing fetched from anywhere."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from synthprobe.core.templates import Json

TOLD = 5
"""Faults of one body that are told."""


class Misfit(Exception):
    """A schema that leads elsewhere: a `$ref` that it does not hold itself."""


def misfits(schema: str, document: Json) -> tuple[str, ...]:
    """Where a document does not fit a schema (its JSON text), each as `$.amount: …`. Raises `Misfit`."""
    try:
        return tuple(_told(error) for _, error in zip(range(TOLD), _faults(schema, document), strict=False))
    except Unresolvable as error:
        raise Misfit(f"the schema refers to what it does not hold: {error}") from error


def schema_fault(schema: object) -> str | None:
    """Why a value is no schema, or None."""
    if not isinstance(schema, dict | bool):
        return "a schema is a mapping of keys and values"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{error.json_path}: {error.message[:200]}"
    try:
        misfits(json.dumps(schema), {})
    except Misfit as error:
        return str(error)
    except re2.error as error:
        return f"a pattern is not RE2: {error}"
    return None


def _faults(schema: str, document: Json) -> Iterator[ValidationError]:
    return iter(sorted(_validator(schema).iter_errors(document), key=lambda error: error.json_path))


def _told(error: ValidationError) -> str:
    return f"{error.json_path}: {error.message[:200]}"


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    return _Validator(json.loads(schema), registry=Registry())


def _search(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not re2.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _search})  # type: ignore[no-untyped-call]
