"""The names a probe file declares for references to find, read from the raw document.

Raw, because a fault elsewhere in a region or step must not make its name unknown.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from synthprobe.files.documents import Document


class DeclaredStep(Struct, frozen=True):
    """A step's id and the names of its captures."""

    id: str
    captures: tuple[str, ...]


class Declared(Struct, frozen=True):
    """What references may name."""

    vars: tuple[str, ...]
    secrets: tuple[str, ...]
    regions: Mapping[str, tuple[str, ...]]
    """The keys of each region's values."""
    columns: tuple[str, ...]
    """Keys of matrix rows."""
    steps: tuple[DeclaredStep, ...]


def declared(document: Document) -> Declared:
    """The names in a document."""
    raw = _mapping(document.value)
    return Declared(
        vars=tuple(_mapping(raw.get("vars"))),
        secrets=tuple(_mapping(raw.get("secrets"))),
        regions=_regions(raw.get("regions")),
        columns=tuple(dict.fromkeys(key for row in _list(raw.get("matrix")) for key in _mapping(row))),
        steps=tuple(_step(step) for step in _list(raw.get("steps"))),
    )


def _regions(raw: Any) -> Mapping[str, tuple[str, ...]]:
    if isinstance(raw, list):
        return {str(name): () for name in raw}
    return {name: tuple(_mapping(values)) for name, values in _mapping(raw).items()}


def _step(raw: Any) -> DeclaredStep:
    step = _mapping(raw)
    return DeclaredStep(str(step.get("id", "")), tuple(_mapping(step.get("capture"))))


def _mapping(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
