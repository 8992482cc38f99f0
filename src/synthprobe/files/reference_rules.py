"""Rules of references: each names something that is there when it is looked up.

They read the raw document, so that a fault elsewhere neither hides a reference nor makes its name unknown.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from synthprobe.core.spelling import listed, suggestion
from synthprobe.core.templates import Reference, TemplateError, scan
from synthprobe.files.declared import Declared, declared
from synthprobe.files.designed import UNBUILT_REFERENCES
from synthprobe.files.documents import Document, Path
from synthprobe.files.lookups import is_looked_up
from synthprobe.files.problems import Problem, problem_at, warning_at
from synthprobe.files.values import has_reference, leaves

RUN_NAMES = (
    "id",
    "region",
    "attempt",
    "scheduled_at",
    "started_at",
    "callback_url",
    "stan",
    "rrn",
    "mmddhhmmss",
)
"""What `run` holds."""

NOW_NAMES = ("iso", "unix", "http_date", "date")
"""What `now` holds."""


class Use(Struct, frozen=True):
    """One reference and the place it stands at."""

    reference: Reference
    path: Path


def reference_problems(document: Document, names: Declared, regions: Document) -> Iterator[Problem]:
    """References that cannot be read, and those that name nothing; `regions` is the file that holds the regions."""
    uses: list[Use] = []
    for path, text in _texts(document):
        for part in scan(text):
            if isinstance(part, TemplateError):
                yield problem_at(document.position(path), part.reason, part.hint)
            elif isinstance(part, Reference):
                uses.append(Use(part, path))
    for use in uses:
        if fault := fault_of(use, names):
            message, hint = fault
            yield problem_at(document.position(use.path), message, hint)
    yield from _region_problems(document, names, uses, regions)


def unused_captures(document: Document) -> Iterator[Problem]:
    """Warnings of captures that no reference names; for a document whose references can all be read."""
    uses = [part for _, text in _texts(document) for part in scan(text) if isinstance(part, Reference)]
    used = {reference.path[:2] for reference in uses if reference.namespace == "steps"}
    for index, step in enumerate(declared(document).steps):
        for capture in step.captures:
            if (step.id, capture) not in used:
                position = document.position(("steps", index, "capture", capture), of_key=True)
                yield warning_at(position, f"nothing uses the capture `{capture}`", "remove it")


def misplaced_problems(document: Document) -> Iterator[Problem]:
    """References where nothing looks them up."""
    for path, text in leaves(document.value):
        if has_reference(text) and is_looked_up(path) is False:
            hint = "references work in `vars`, `request`, assertions' operators and captures' `default`"
            yield problem_at(document.position(path), "references are not looked up here", hint)


def _texts(document: Document) -> Iterator[tuple[Path, str]]:
    for path, text in leaves(document.value):
        if has_reference(text) and is_looked_up(path):
            yield path, text


_KNOWN_BEFORE = frozenset({"vars", "region", "matrix", "inputs"})
"""Namespaces that are known before a run."""

_EARLIER = "a reference sees only earlier steps"

Fault = tuple[str, str]
"""Message and hint."""


def fault_of(use: Use, names: Declared) -> Fault | None:
    """Why a reference names nothing where it stands, and what to do; None when it names something."""
    reference = use.reference
    if use.path[2:3] == ("money",) and reference.namespace not in _KNOWN_BEFORE:
        return f"`{reference.namespace}` is not known before the run", "what is at stake must be: use `vars`"
    if reference.namespace == "item":
        inside = use.path[2:4] == ("undo", "act")
        return None if inside else ("`item` is known in `undo.act` only", "it is what `look` found")
    full = f"{reference.namespace}.{reference.path[0]}"
    if reference.namespace in UNBUILT_REFERENCES or full in UNBUILT_REFERENCES:
        shown = full if full in UNBUILT_REFERENCES else reference.namespace
        return f"`{shown}` is designed but not built in this version", "remove it"
    return _FAULTS[reference.namespace](use, names) or _inner_fault(reference, names)


def _inner_fault(reference: Reference, names: Declared) -> Fault | None:
    """Why nothing is where a reference leads inside what it names, as far as that is written in the file."""
    value: Any = "" if reference.namespace in _OF_SCALARS else _OPEN
    if reference.namespace == "vars":
        value = (names.vars or {}).get(reference.path[0], _OPEN)
    for index, name in enumerate(reference.path[1:], start=1):
        if value is _OPEN or has_reference(value):
            return None
        before = ".".join((reference.namespace, *reference.path[:index]))
        if isinstance(value, dict):
            if name not in value:
                return f"`{before}` has no `{name}`", suggestion(name, tuple(value))
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 10:
            if int(name) >= len(value):
                return f"`{before}` has {len(value)} items, and no `{name}`", "items are numbered from `0`"
            value = value[int(name)]
        else:
            whole = f"it is the whole value: write `{before}`"
            hint = "items are numbered from `0`" if isinstance(value, list) else whole
            return f"`{before}` holds no `{name}`", hint
    return None


_OPEN = object()
"""Stands for a value that only a run knows."""

_OF_SCALARS = frozenset({"run", "now", "secrets", "matrix"})


def _var_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    if names.vars is None:
        return None
    known = tuple(names.vars)
    if use.path[0] == "vars":
        own = known.index(str(use.path[1]))
        if name in known[own:]:
            where = "is this var itself" if name == known[own] else "stands below this var"
            return f"`vars.{name}` {where}", "a var sees only those above it"
        known = known[:own]
    return _unknown(name, known, f"no var `{name}`", "the file has no `vars`")


def _secret_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    return _unknown(
        name,
        names.secrets,
        f"no secret `{name}`",
        "the file has no `secrets`: write `secrets: {name: {env: NAME}}`",
    )


def _region_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    if names.regions is None:
        return None
    known = tuple(dict.fromkeys(key for keys in names.regions.values() for key in keys))
    return _unknown(name, known, f"no region has a value `{name}`", "write values under each region")


def _matrix_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    return _unknown(name, names.columns, f"no matrix row has a value `{name}`", "the file has no `matrix`")


def _input_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    if names.inputs is None:
        return "`inputs` is known in fragments only", "a probe has `vars`"
    return _unknown(name, names.inputs, f"no input `{name}`", "`inputs` is empty")


def _run_fault(use: Use, names: Declared) -> Fault | None:
    return _unknown(use.reference.path[0], RUN_NAMES, f"`run` has no `{use.reference.path[0]}`", "")


def _now_fault(use: Use, names: Declared) -> Fault | None:
    return _unknown(use.reference.path[0], NOW_NAMES, f"`now` has no `{use.reference.path[0]}`", "")


def _step_fault(use: Use, names: Declared) -> Fault | None:
    name, *rest = use.reference.path
    at = (
        int(use.path[1])
        if use.path[0] == "steps"
        else len(names.steps)
        if use.path[0] in ("outputs", "auth")
        else 0
    )
    ids = [step.id for step in names.steps]
    if name in ids and ids.index(name) >= at:
        when = "is this step itself" if ids.index(name) == at and use.path[0] == "steps" else "runs later"
        in_undo = use.path[2:3] == ("undo",)
        hint = "its answer may be lost: look by a reference of your own" if in_undo else _EARLIER
        return f"the step `{name}` {when}", hint
    if name not in ids:
        return f"no step `{name}`", suggestion(name, ids[:at])
    step = names.steps[ids.index(name)]
    captures = step.names
    if not rest:
        return (
            f"`steps.{name}` alone names no value",
            f"name a capture: {listed(captures)}" if captures else "",
        )
    if step.kind == "use":
        return _unknown(rest[0], captures, f"the step `{name}` gives no `{rest[0]}`", "it has no `outputs`")
    return _unknown(rest[0], captures, f"the step `{name}` captures no `{rest[0]}`", "it has no `capture`")


_FAULTS: Mapping[str, Callable[[Use, Declared], Fault | None]] = {
    "vars": _var_fault,
    "secrets": _secret_fault,
    "region": _region_fault,
    "matrix": _matrix_fault,
    "inputs": _input_fault,
    "run": _run_fault,
    "now": _now_fault,
    "steps": _step_fault,
}


def _unknown(name: str, known: tuple[str, ...] | None, message: str, when_none: str) -> Fault | None:
    if known is None or name in known:
        return None
    return message, suggestion(name, known) or when_none


def _region_problems(
    document: Document, names: Declared, uses: list[Use], regions: Document
) -> Iterator[Problem]:
    """Regions without a value that another region has and a reference needs."""
    needed = {use.reference.path[0]: use for use in reversed(uses) if use.reference.namespace == "region"}
    of_regions = names.regions or {}
    for name, use in needed.items():
        lacking = [region for region, keys in of_regions.items() if name not in keys]
        if len(lacking) == len(of_regions):
            continue
        for region in lacking:
            place = document.position(use.path)
            where = f"line {place.line}" if document is regions else f"{place.file}:{place.line}"
            message = f"the region `{region}` has no `{name}`, which {where} looks up"
            yield problem_at(regions.position(("regions", region), of_key=True), message, "add it")
