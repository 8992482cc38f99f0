"""Rules of references: each names something that is there when it is looked up.

They read the raw document, so that a fault elsewhere neither hides a reference nor makes its name unknown.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from synthprobe.core.spelling import listed, suggestion
from synthprobe.core.templates import Reference, TemplateError, parse, references
from synthprobe.files.declared import Declared, declared
from synthprobe.files.designed import UNBUILT_REFERENCES
from synthprobe.files.documents import Document, Path
from synthprobe.files.problems import Problem, problem_at, warning_at
from synthprobe.files.values import has_reference, leaves

RUN_NAMES = ("id", "region", "attempt", "scheduled_at", "started_at")
"""What `run` holds."""

NOW_NAMES = ("iso", "unix", "http_date", "date")
"""What `now` holds."""


class Use(Struct, frozen=True):
    """One reference and the place it stands at."""

    reference: Reference
    path: Path


def reference_problems(document: Document) -> Iterator[Problem]:
    """References that cannot be read, and those that name nothing."""
    names = declared(document)
    uses: list[Use] = []
    for path, text in _texts(document):
        try:
            uses += _uses(path, text)
        except TemplateError as error:
            yield problem_at(document.position(path), error.reason, error.hint)
    for use in uses:
        if fault := _fault(use, names):
            message, hint = fault
            yield problem_at(document.position(use.path), message, hint)
    yield from _region_problems(document, names, uses)


def unused_captures(document: Document) -> Iterator[Problem]:
    """Warnings of captures that no reference names; for a document whose references can all be read."""
    uses = [use for path, text in _texts(document) for use in _uses(path, text)]
    used = {use.reference.path[:2] for use in uses if use.reference.namespace == "steps"}
    for index, step in enumerate(declared(document).steps):
        for capture in step.captures:
            if (step.id, capture) not in used:
                position = document.position(("steps", index, "capture", capture), of_key=True)
                yield warning_at(position, f"nothing uses the capture `{capture}`", "remove it")


def misplaced_problems(document: Document) -> Iterator[Problem]:
    """References where nothing looks them up."""
    for path, text in leaves(document.value):
        if has_reference(text) and _is_looked_up(path) is False:
            hint = "references work in `vars`, `request`, assertions' operators and captures' `default`"
            yield problem_at(document.position(path), "references are not looked up here", hint)


def _texts(document: Document) -> Iterator[tuple[Path, str]]:
    for path, text in leaves(document.value):
        if has_reference(text) and _is_looked_up(path):
            yield path, text


def _uses(path: Path, text: str) -> list[Use]:
    parsed = parse(text)
    return [Use(reference, path) for reference in references(parsed)]


def _is_looked_up(path: Path) -> bool | None:
    """Whether references work at a place; None where a `${{` is nobody's business (prose, refused keys)."""
    match path:
        case ("vars", str(), *_) | ("defaults", "request", "headers", *_):
            return True
        case ("tls", _, "client_cert" | "client_key" | "ca") | (
            "proxies",
            _,
            "url" | "username" | "password",
        ):
            return True
        case ("steps", int(), "request", "url" | "query" | "headers" | "json" | "form" | "raw", *_):
            return True
        case ("steps", int(), "assert", int(), key, *_):
            return key not in ("json", "header", "as", "level")
        case ("steps", int(), "capture", _, key, *_):
            return key == "default"
        case (
            "regions" | "matrix" | "labels" | "secrets" | "redact" | "owner" | "safety" | "tls" | "proxies",
            *_,
        ):
            return False
    return None


Fault = tuple[str, str]
"""Message and hint."""


def _fault(use: Use, names: Declared) -> Fault | None:
    reference = use.reference
    full = f"{reference.namespace}.{reference.path[0]}"
    if reference.namespace in UNBUILT_REFERENCES or full in UNBUILT_REFERENCES:
        shown = full if full in UNBUILT_REFERENCES else reference.namespace
        return f"`{shown}` is designed but not built in this version", "remove it"
    return _FAULTS[reference.namespace](use, names)


def _var_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    known = names.vars
    if use.path[0] == "vars":
        own = known.index(str(use.path[1]))
        if name in known[own:]:
            where = "is this var itself" if name == known[own] else "stands below this var"
            return f"`vars.{name}` {where}", "a var sees only those above it"
        known = known[:own]
    return _unknown(name, known, f"no var `{name}`", "the file has no `vars`")


def _secret_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    return _unknown(name, names.secrets, f"no secret `{name}`", "the file has no `secrets`")


def _region_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    known = tuple(dict.fromkeys(key for keys in names.regions.values() for key in keys))
    return _unknown(name, known, f"no region has a value `{name}`", "write values under each region")


def _matrix_fault(use: Use, names: Declared) -> Fault | None:
    name = use.reference.path[0]
    return _unknown(name, names.columns, f"no matrix row has a value `{name}`", "the file has no `matrix`")


def _run_fault(use: Use, names: Declared) -> Fault | None:
    return _unknown(use.reference.path[0], RUN_NAMES, f"`run` has no `{use.reference.path[0]}`", "")


def _now_fault(use: Use, names: Declared) -> Fault | None:
    return _unknown(use.reference.path[0], NOW_NAMES, f"`now` has no `{use.reference.path[0]}`", "")


def _step_fault(use: Use, names: Declared) -> Fault | None:
    name, *rest = use.reference.path
    at = int(use.path[1]) if use.path[0] == "steps" else 0
    ids = [step.id for step in names.steps]
    if name in ids and ids.index(name) >= at:
        when = "is this step itself" if ids.index(name) == at and use.path[0] == "steps" else "runs later"
        return f"the step `{name}` {when}", "a reference sees only earlier steps"
    if name not in ids:
        return f"no step `{name}`", suggestion(name, ids[:at])
    captures = names.steps[ids.index(name)].captures
    if not rest:
        return (
            f"`steps.{name}` alone names no value",
            f"name a capture: {listed(captures)}" if captures else "",
        )
    return _unknown(rest[0], captures, f"the step `{name}` captures no `{rest[0]}`", "it has no `capture`")


_FAULTS: Mapping[str, Callable[[Use, Declared], Fault | None]] = {
    "vars": _var_fault,
    "secrets": _secret_fault,
    "region": _region_fault,
    "matrix": _matrix_fault,
    "run": _run_fault,
    "now": _now_fault,
    "steps": _step_fault,
}


def _unknown(name: str, known: tuple[str, ...], message: str, when_none: str) -> Fault | None:
    if name in known:
        return None
    return message, suggestion(name, known) or when_none


def _region_problems(document: Document, names: Declared, uses: list[Use]) -> Iterator[Problem]:
    """Regions without a value that another region has and a reference needs."""
    needed = {use.reference.path[0]: use for use in reversed(uses) if use.reference.namespace == "region"}
    for name, use in needed.items():
        lacking = [region for region, keys in names.regions.items() if name not in keys]
        if len(lacking) == len(names.regions):
            continue
        for region in lacking:
            line = document.position(use.path).line
            message = f"the region `{region}` has no `{name}`, which line {line} looks up"
            yield problem_at(document.position(("regions", region), of_key=True), message, "add it")
