"""The values of a document as a tree that knows where each part stands."""

from collections.abc import Collection
from typing import Any, TypeAlias

from msgspec import Struct

Path: TypeAlias = tuple[str | int, ...]
"""The way from a document's root: keys and list indexes."""


class Node(Struct, gc=False):
    """One value with its place; `parts` and `keys` hold what is inside a list or mapping."""

    value: Any
    line: int
    column: int
    text: str = ""
    """A scalar as written."""
    parts: "dict[str | int, Node]" = {}
    keys: dict[str, tuple[int, int]] = {}
    """Where each key of a mapping stands."""
    size: int = 1


def without(node: Node, paths: Collection[Path]) -> Node:
    """The node less what stands at some paths; lists close up, and every part still knows its place."""
    if not paths or not node.parts:
        return node
    inner: dict[str | int, list[Path]] = {}
    for path in paths:
        if path:
            inner.setdefault(path[0], []).append(path[1:])
    kept = {
        name: without(part, inner.get(name, ()))
        for name, part in node.parts.items()
        if () not in inner.get(name, ())
    }
    if isinstance(node.value, dict):
        return mapping_node(node, kept)
    parts: dict[str | int, Node] = dict(enumerate(kept.values()))
    return Node([part.value for part in parts.values()], node.line, node.column, parts=parts)


def mapping_node(place: Node, parts: dict[str | int, Node]) -> Node:
    """A mapping of `parts` that stands where another node does, with the places of its keys."""
    value = {name: part.value for name, part in parts.items()}
    return Node(value, place.line, place.column, parts=parts, keys=place.keys)
