"""What takes the place of required keys that are missing or wrong, so that every other rule is still asked.

Stand-ins are chosen so that no rule minds them.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from synthprobe.files.declared import KINDS
from synthprobe.files.nodes import Node, Path, mapping_node

StandIns: TypeAlias = Callable[[Any], Iterator[tuple[Path, Any]]]
"""Of a document's value: each place where something is missing, and what to put there; outer places first."""

_URL = "https://nowhere.invalid"


def for_probe(value: Any) -> Iterator[tuple[Path, Any]]:
    """What a probe file must have and has not."""
    yield from _keys(value, (), {"name": "unnamed", "schedule": {"every": "3650d"}, "regions": ["anywhere"]})
    yield from _for_steps(value)


def for_fragment(value: Any) -> Iterator[tuple[Path, Any]]:
    """What a fragment must have and has not."""
    yield from _keys(value, (), {"inputs": {}})
    yield from _for_steps(value)


def completed(root: Node, stand_ins: StandIns) -> Node:
    """The root with a stand-in at each place that wants one; a stand-in stands where its holder does."""
    for path, value in list(stand_ins(root.value)):
        root = _put(root, path, value)
    return root


def _for_steps(value: Any) -> Iterator[tuple[Path, Any]]:
    if not isinstance(value, dict):
        return
    if not isinstance(steps := value.get("steps"), list) or not steps:
        yield ("steps",), [{"id": "nothing", "pause": "1s"}]
        return
    for index, step in enumerate(steps):
        if not isinstance(step, dict):
            continue
        path: Path = ("steps", index)
        yield from _keys(step, path, {"id": f"unnamed-{index}"})
        if not any(kind in step for kind in KINDS):
            yield (*path, "request"), {"url": _URL}
        yield from _keys(step.get("request"), (*path, "request"), {"url": _URL})
        yield from _for_poll(step.get("poll"), (*path, "poll"))


def _for_poll(poll: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    yield from _keys(poll, path, {"request": {"url": _URL}, "until": [{"status": 200}]})
    if isinstance(poll, dict):
        yield from _keys(poll.get("request"), (*path, "request"), {"url": _URL})


def _keys(holder: Any, path: Path, wanted: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    if isinstance(holder, dict):
        yield from (((*path, key), value) for key, value in wanted.items() if key not in holder)


def _put(node: Node, path: Path, value: Any) -> Node:
    if not path:
        return Node(value, node.line, node.column)
    first, *rest = path
    inner = node.parts.get(first, Node(None, node.line, node.column))
    parts = {**node.parts, first: _put(inner, tuple(rest), value)}
    if isinstance(node.value, dict):
        return mapping_node(node, parts)
    return Node([part.value for part in parts.values()], node.line, node.column, parts=parts)
