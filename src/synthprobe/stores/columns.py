"""Columns of a row by name, as the type they are declared with in the schema, and documents by their struct."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from synthprobe.ports import DbRow, SqlValue
from synthprobe.stores.instants import from_micros

T = TypeVar("T")


def text(row: DbRow, name: str) -> str:
    """A `text not null` column."""
    value = row[name]
    if not isinstance(value, str):
        raise TypeError(f"column {name} holds {type(value).__name__}, expected text")
    return value


def integer(row: DbRow, name: str) -> int:
    """An `integer not null` column."""
    value = row[name]
    if not isinstance(value, int):
        raise TypeError(f"column {name} holds {type(value).__name__}, expected an integer")
    return value


def real(row: DbRow, name: str) -> float:
    """A `real not null` column."""
    value = row[name]
    if not isinstance(value, float):
        raise TypeError(f"column {name} holds {type(value).__name__}, expected a real number")
    return value


def instant(row: DbRow, name: str) -> datetime:
    """A `not null` column that holds microseconds since the epoch."""
    return from_micros(integer(row, name))


def instant_or_none(row: DbRow, name: str) -> datetime | None:
    """A nullable column that holds microseconds since the epoch."""
    return None if row[name] is None else instant(row, name)


def listed(values: Sequence[str]) -> tuple[str, dict[str, SqlValue]]:
    """Values as the inside of `in (…)`, with its parameters."""
    params: dict[str, SqlValue] = {f"v{number}": value for number, value in enumerate(values)}
    return ", ".join(f":{name}" for name in params), params


def document(row: DbRow, kind: type[T], name: str = "doc") -> T:
    """A document column as the struct it was made from; fields it does not know are left out."""
    value = row[name]
    if not isinstance(value, bytes):
        raise TypeError(f"column {name} holds {type(value).__name__}, expected a document")
    return msgspec.json.decode(value, type=kind)


def encode(document: msgspec.Struct) -> bytes:
    """A struct as its document column."""
    return msgspec.json.encode(document)
