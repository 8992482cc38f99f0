"""YAML text → a JSON-like value that knows where each part stands: YAML 1.2 core schema on PyYAML's event stream.

The stream is capped while it is read: size, depth, number of values, and the number of values aliases stand for.
What breaks the stream raises at once; faults that can be read past (a duplicate key, a tag) are kept in
`Document.problems`, so that one reading finds them all.
"""

from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

from synthprobe.core.expectations import Position
from synthprobe.files.decoding import decode
from synthprobe.files.nodes import Node
from synthprobe.files.nodes import Path as Path
from synthprobe.files.problems import FileProblems, Problem
from synthprobe.files.scalars import NotReadable, resolve
from synthprobe.files.syntax import syntax_problem

MAX_DEPTH = 50
MAX_VALUES = 100_000
"""Of one document, each alias counted as all it stands for."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(Struct, frozen=True):
    """One YAML file as read."""

    file: str
    root: Node
    problems: tuple[Problem, ...] = ()
    """Faults that did not stop the reading; the document must not be used while it has any."""

    @property
    def value(self) -> Any:
        """The whole as None, bool, int, float, str, list and dict."""
        return self.root.value

    def position(self, path: Path, *, of_key: bool = False) -> Position:
        """Where the value at `path` stands, or the key that names it; of its nearest ancestor if there is none."""
        node, line, column = self.root, self.root.line, self.root.column
        for index, name in enumerate(path):
            part = node.parts.get(name)
            if part is None:
                break
            is_last = index == len(path) - 1
            line, column = (
                node.keys[str(name)] if of_key and is_last and node.keys else (part.line, part.column)
            )
            node = part
        return Position(self.file, line, column)

    def is_whole(self, path: Path) -> bool:
        """Whether the mapping at `path` still has every key it was written with."""
        node = self._node(path)
        return node is None or node.keys.keys() <= node.parts.keys()

    def text(self, path: Path) -> str:
        """The scalar at `path` as written in the file; empty where there is none."""
        node = self._node(path)
        return node.text if node else ""

    def _node(self, path: Path) -> Node | None:
        node: Node | None = self.root
        for name in path:
            node = node.parts.get(name) if node else None
        return node


def read(text: str | bytes, file: str) -> Document:
    """The one document in `text`. Raises `FileProblems` when the text is not readable YAML."""
    decoded = decode(text, file)
    reader = _Reader(decoded, file)
    try:
        root = reader.document()
    except yaml.YAMLError as error:
        raise FileProblems([*reader.problems, syntax_problem(error, decoded, file)]) from error
    return Document(file, root, tuple(reader.problems))


class _Reader:
    """Builds nodes from events; recursion is bounded by `MAX_DEPTH`."""

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._anchors: dict[str, Node | None] = {}
        self._count = 0
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Node:
        self._next()
        start = self._next()
        if isinstance(start, yaml.StreamEndEvent):
            raise self._fatal(start, "the file is empty", "write a mapping of keys and values")
        root = self._node(self._next(), 1)
        self._next()
        after = self._next()
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._fatal(
                after, "a second document begins here", "put each document in a file of its own"
            )
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            self._problem(event, _tag(event), "remove it; quote the value to make it text")
        self._grow(event, 1)
        if depth > MAX_DEPTH:
            raise self._fatal(event, f"nested more than {MAX_DEPTH} levels deep", "write it flatter")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._build(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _build(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, depth)
        return self._mapping(event, depth)

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise self._fatal(
                event,
                f"`*{event.anchor}` names no anchor above it",
                f"write `&{event.anchor}` at the value meant",
            )
        node = self._anchors[event.anchor]
        if node is None:
            raise self._fatal(
                event, f"`*{event.anchor}` stands inside the value it names", "write the value out"
            )
        self._grow(event, node.size)
        return node

    def _scalar(self, event: Any) -> Node:
        value: Any = event.value
        if event.implicit[0]:
            try:
                value = resolve(event.value)
            except NotReadable as error:
                self._problem(event, str(error), "quote it")
        return Node(value, *_place(event), text=event.value)

    def _list(self, event: Any, depth: int) -> Node:
        parts: dict[str | int, Node] = {}
        while not isinstance(item := self._next(), yaml.SequenceEndEvent):
            parts[len(parts)] = self._node(item, depth + 1)
        value = [part.value for part in parts.values()]
        return Node(value, *_place(event), parts=parts, size=_size(parts))

    def _mapping(self, event: Any, depth: int) -> Node:
        parts: dict[str | int, Node] = {}
        keys: dict[str, tuple[int, int]] = {}
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            name = self._key(key)
            part = self._node(self._next(), depth + 1)
            if name == "<<" and key.implicit[0]:
                self._problem(key, "merge keys (`<<`) are not supported", "write the keys out")
            elif name in keys:
                self._problem(
                    key, f"the key `{name}` is written twice", f"the first is on line {keys[name][0]}"
                )
            else:
                keys[name], parts[name] = _place(key), part
        value = {name: part.value for name, part in parts.items()}
        return Node(value, *_place(event), parts=parts, keys=keys, size=_size(parts))

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._fatal(
                event, "a key must be plain text", "quote a key that begins with `[`, `{`, `*` or `?`"
            )
        if event.tag is not None:
            self._problem(event, _tag(event), "remove it")
        if event.anchor is not None:
            self._anchors[event.anchor] = Node(event.value, *_place(event), text=event.value)
        return str(event.value)

    def _grow(self, event: Any, size: int) -> None:
        self._count += size
        if self._count > MAX_VALUES:
            raise self._fatal(
                event, f"more than {MAX_VALUES:,} values, aliases counted in full", "split the file"
            )

    def _next(self) -> Any:
        return next(self._events)

    def _problem(self, event: Any, message: str, hint: str) -> None:
        self.problems.append(Problem(self._file, *_place(event), message, hint))

    def _fatal(self, event: Any, message: str, hint: str) -> FileProblems:
        return FileProblems([*self.problems, Problem(self._file, *_place(event), message, hint)])


def _tag(event: Any) -> str:
    return f"the tag `{event.tag.replace('tag:yaml.org,2002:', '!!')}` is not supported"


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _size(parts: "dict[str | int, Node]") -> int:
    return 1 + sum(part.size for part in parts.values())
