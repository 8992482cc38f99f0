"""Untyped values of a document → core values whose texts are read for references."""

from collections.abc import Iterator
from typing import Any

from synthprobe.core.templates import Template, Value, parse, scan
from synthprobe.files.documents import Path


def value_of(raw: Any) -> Value:
    """A value with every reference in it read. Raises `TemplateError`."""
    if isinstance(raw, str):
        return parse(raw)
    if isinstance(raw, dict):
        return {key: value_of(part) for key, part in raw.items()}
    if isinstance(raw, list):
        return tuple(value_of(part) for part in raw)
    return raw  # type: ignore[no-any-return]


def template_of(text: str) -> Template:
    """A text as a template, even when it holds no reference. Raises `TemplateError`."""
    parsed = parse(text)
    return parsed if isinstance(parsed, Template) else Template((parsed,))


def has_reference(raw: Any) -> bool:
    """Whether a scalar looks its value up."""
    return isinstance(raw, str) and "${{" in raw


def without_references(text: str) -> str:
    """A text with a letter where it looks something up."""
    return "".join(part if isinstance(part, str) else "x" for part in scan(text))


def leaves(raw: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar inside a value, with the way to it."""
    if isinstance(raw, dict):
        for key, part in raw.items():
            yield from leaves(part, (*path, key))
    elif isinstance(raw, list):
        for index, part in enumerate(raw):
            yield from leaves(part, (*path, index))
    else:
        yield path, raw
