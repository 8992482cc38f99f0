"""References `${{ namespace.path }}` in probe values: look-ups, no calls, no arithmetic (design decision 10)."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
"""A JSON value; money in it is a decimal string, never a float."""


class Reference(Struct, frozen=True):
    """One look-up: `${{ steps.authorise.id }}` is namespace `steps`, path `("authorise", "id")`."""

    namespace: str
    path: tuple[str, ...]


class Template(Struct, frozen=True):
    """A scalar with references: literal text and look-ups in order; a lone reference keeps its value's type."""

    parts: tuple[str | Reference, ...]


Value: TypeAlias = "None | bool | int | float | str | Template | tuple[Value, ...] | Mapping[str, Value]"
"""A JSON-shaped value of a probe file whose scalars may be templates."""

Names: TypeAlias = Mapping[str, Json]
"""What references are looked up in: one JSON object per namespace (`vars`, `region`, `steps`, …)."""

NAMESPACES = ("vars", "region", "matrix", "secrets", "steps", "run", "now", "item", "inputs")
