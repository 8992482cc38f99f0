"""The keys of a file as a reference for people: one table per mapping, made from the schema that files are checked against."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from synthprobe.files.fragment_shape import fragment_schema
from synthprobe.files.probe_shape import probe_schema

Schema = Mapping[str, Any]


def reference(title: str, schema: Schema) -> str:
    """The tables of a schema in Markdown, the whole file first, then each mapping in the order it is met."""
    definitions: Schema = schema["$defs"]
    places = _places(schema, definitions)
    parts = [
        _section(title if not where else f"`{where}`", definitions[name]) for name, where in places.items()
    ]
    return "\n\n".join(parts) + "\n"


def page() -> str:
    """The reference of probe files and fragments: `docs/probe-keys.md`."""
    probe, fragment = reference("A probe file", probe_schema()), reference("A fragment", fragment_schema())
    # What stands in a fragment's steps is what stands in a probe's.
    return f"{_HEAD}\n{probe}\n{fragment.partition('### `steps[]`')[0].rstrip()}\n"


_HEAD = """\
# Every key of a probe file

Made by `make docs` from the schema that files are checked against (`synthprobe schema probe`); what is not here is an
error that names the nearest key. Keys in bold are required. How they work together is told in [probes.md](probes.md),
whole flows are in [cookbook.md](cookbook.md).
"""


def _places(schema: Schema, definitions: Schema) -> dict[str, str]:
    """Each definition with the first place it stands at: `steps[].request`."""
    found: dict[str, str] = {}
    waiting = [(str(schema["$ref"]).rpartition("/")[2], "")]
    while waiting:
        name, where = waiting.pop(0)
        if name in found:
            continue
        found[name] = where
        for key, field in definitions[name].get("properties", {}).items():
            place = f"{where}.{key}" if where else key
            waiting += [(inner, f"{place}{suffix}") for inner, suffix in _inner(field)]
    return found


def _inner(field: Any, suffix: str = "") -> Iterator[tuple[str, str]]:
    """The definitions a key may hold, with how they are reached from it: `[]` in a list, `.<name>` in a mapping."""
    if not isinstance(field, dict):
        return
    if "$ref" in field:
        yield str(field["$ref"]).rpartition("/")[2], suffix
    for branch in field.get("anyOf", ()):
        yield from _inner(branch, suffix)
    yield from _inner(field.get("items"), f"{suffix}[]")
    yield from _inner(field.get("additionalProperties"), f"{suffix}.<name>")


def _section(heading: str, shape: Schema) -> str:
    needed = set(shape.get("required", ()))
    rows = [_row(key, field, needed=key in needed) for key, field in shape.get("properties", {}).items()]
    if not rows:
        return f"### {heading}\n\n{shape.get('description', '')}"
    head = "| key | holds | what it says | example |\n|---|---|---|---|"
    return f"### {heading}\n\n{shape.get('description', '')}\n\n{head}\n" + "\n".join(rows)


def _row(key: str, field: Schema, *, needed: bool) -> str:
    name = f"**`{key}`**" if needed else f"`{key}`"
    examples = field.get("examples", ())
    shown = f"`{json.dumps(examples[0], ensure_ascii=False)}`" if examples else ""
    cells = (name, _holds(field), str(field.get("description", "")), shown)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _holds(field: Schema) -> str:
    """The kinds of value, shortly."""
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_holds(branch) for branch in field["anyOf"]))
    if "$ref" in field:
        return "mapping"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    kind = field.get("type")
    if kind == "array":
        return f"list of {_holds(field.get('items', {}))}" if field.get("items") else "list"
    if isinstance(kind, list):
        return " or ".join(dict.fromkeys(_WORDS[each] for each in kind if each != "null"))
    if kind == "string" and "duration" in str(field.get("patternErrorMessage", "")):
        return "duration"
    return _WORDS.get(str(kind), "any value")


_WORDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
    "null": "nothing",
}


if __name__ == "__main__":
    sys.stdout.write(page())
