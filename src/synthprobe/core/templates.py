"""References `${{ namespace.path }}` in probe values: look-ups, no calls, no arithmetic (design decision 10).

`parse` reads a scalar once, when its file is loaded; `fill` looks its references up, once a run. `$${{` is how `${{`
itself is written.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.spelling import suggestion

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A JSON value; money in it is a decimal string, never a float."""


class Reference(Struct, frozen=True):
    """One look-up: `${{ steps.authorise.id }}` is namespace `steps`, path `("authorise", "id")`."""

    namespace: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.namespace, *self.path))


class Template(Struct, frozen=True):
    """A scalar with references: literal text and look-ups in order; a lone reference keeps its value's type."""

    parts: tuple[str | Reference, ...]


Value: TypeAlias = "bool | int | float | str | Template | tuple[Value, ...] | Mapping[str, Value] | None"
"""A JSON-shaped value of a probe file whose scalars may be templates."""

Names: TypeAlias = Mapping[str, Json]
"""What references are looked up in: one JSON object per namespace (`vars`, `region`, `steps`, …)."""

NAMESPACES = ("vars", "region", "matrix", "secrets", "steps", "run", "now", "item", "inputs")


_OPEN, _ESCAPED, _CLOSE = "${{", "$${{", "}}"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ARITHMETIC = re.compile(r"[-+*/%|?<>=!&(),\[\]\"']")


class TemplateError(ValueError):
    """A scalar whose references cannot be read; `offset` counts characters of the scalar from zero."""

    def __init__(self, offset: int, reason: str, hint: str = "") -> None:
        self.offset, self.reason, self.hint = offset, reason, hint
        super().__init__(f"{reason} — {hint}" if hint else reason)


class LookupFailed(LookupError):
    """A reference that names nothing, or something that cannot stand where the reference stands."""

    def __init__(self, reference: Reference, reason: str) -> None:
        self.reference = reference
        super().__init__(f"`${{{{ {reference} }}}}` {reason}")


def parse(text: str) -> str | Template:
    """A scalar's references, or its plain text when it has none. Raises `TemplateError`."""
    if _OPEN not in text:
        return text
    parts: list[str | Reference] = []
    for part in scan(text):
        if isinstance(part, TemplateError):
            raise part
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    if any(isinstance(part, Reference) for part in parts):
        return Template(tuple(parts))
    return "".join(str(part) for part in parts)


def scan(text: str) -> Iterator[str | Reference | TemplateError]:
    """The parts of a scalar in order; one that cannot be read does not hide those behind it."""
    at = 0
    while (start := text.find(_OPEN, at)) >= 0:
        if start > at and text[start - 1] == "$":
            yield text[at : start - 1] + _OPEN
            at = start + len(_OPEN)
            continue
        end = text.find(_CLOSE, start)
        if end < 0:
            hint = "close it with `}}`, or write `$${{` for the text itself"
            yield TemplateError(start, "`${{` is not closed", hint)
            return
        if start > at:
            yield text[at:start]
        try:
            yield _reference(text[start + len(_OPEN) : end], start)
        except TemplateError as error:
            yield error
        at = end + len(_CLOSE)
    if at < len(text):
        yield text[at:]


def references(value: Value) -> Iterator[Reference]:
    """Every reference in a value, in the order written."""
    if isinstance(value, Template):
        yield from (part for part in value.parts if isinstance(part, Reference))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from references(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from references(part)


def fill(value: Value, names: Names) -> Json:
    """The value with its references looked up. Raises `LookupFailed`.

    A reference that is the whole scalar keeps the type of what it finds; inside text it becomes text.
    """
    if isinstance(value, Template):
        return _fill_template(value, names)
    if isinstance(value, Mapping):
        return {key: fill(part, names) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [fill(part, names) for part in value]
    return value


def look_up(reference: Reference, names: Names) -> Json:
    """What a reference names; digits index a list. Raises `LookupFailed`."""
    found = names.get(reference.namespace)
    if found is None:
        found = _inside(dict(names), reference.namespace, reference, 0)
    for index, name in enumerate(reference.path, start=1):
        found = _inside(found, name, reference, index)
    return found


def text_at(reference: Reference, names: Names) -> str:
    """What a reference names, as part of a text. Raises `LookupFailed`."""
    return _text(reference, look_up(reference, names))


def _reference(written: str, offset: int) -> Reference:
    names = [name.strip() for name in written.strip().split(".")]
    if names == [""]:
        raise TemplateError(offset, "the reference is empty", "write `${{ vars.name }}`")
    for name in names:
        if not _NAME.fullmatch(name):
            raise _not_a_name(name, written.strip(), offset)
    namespace, *path = names
    if namespace not in NAMESPACES:
        raise TemplateError(offset, f"unknown namespace `{namespace}`", suggestion(namespace, NAMESPACES))
    if not path and namespace != "item":
        raise TemplateError(
            offset, f"`{namespace}` alone names no value", f"write `${{{{ {namespace}.name }}}}`"
        )
    return Reference(namespace, tuple(path))


def _not_a_name(name: str, written: str, offset: int) -> TemplateError:
    if not name:
        return TemplateError(offset, f"`{written}` has an empty part", "write `namespace.name`")
    if _ARITHMETIC.search(written) or " " in name:
        return TemplateError(
            offset, f"`{written}` is not a reference", "references are look-ups: no calls, no arithmetic"
        )
    return TemplateError(offset, f"`{name}` is not a name", "names are letters, digits, `_` and `-`")


def _fill_template(template: Template, names: Names) -> Json:
    if len(template.parts) == 1 and isinstance(template.parts[0], Reference):
        return look_up(template.parts[0], names)
    return "".join(part if isinstance(part, str) else text_at(part, names) for part in template.parts)


def _inside(value: Json, name: str, reference: Reference, index: int) -> Json:
    if isinstance(value, dict):
        if name in value:
            return value[name]
        hint = suggestion(name, value)
        raise LookupFailed(reference, f"names nothing: no `{name}`{f'; {hint}' if hint else ''}")
    if isinstance(value, list) and name.isascii() and name.isdigit():
        if len(name) < 10 and int(name) < len(value):
            return value[int(name)]
        raise LookupFailed(reference, f"names nothing: the list has {len(value)} items")
    before = ".".join((reference.namespace, *reference.path)[:index])
    raise LookupFailed(reference, f"names nothing: `{before}` is {_kind(value)}, which holds no `{name}`")


def _text(reference: Reference, value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, dict | list):
        raise LookupFailed(reference, f"is {_kind(value)}, which cannot be part of a text")
    return str(value)


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a scalar"
