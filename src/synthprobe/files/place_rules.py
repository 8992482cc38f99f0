"""Rules of what differs from check to check: regions, matrix rows, vars, and the money in them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from synthprobe.core.spelling import suggestion
from synthprobe.files.documents import Document, Path
from synthprobe.files.places import requests
from synthprobe.files.probe_rules import RESERVED_LABELS
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.probe_values import row_identity
from synthprobe.files.problems import Problem, problem_at, warning_at
from synthprobe.files.shapes import given
from synthprobe.files.values import leaves


def region_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Regions listed twice, and values that are not scalars."""
    if isinstance(file.regions, list):
        for index, name in enumerate(file.regions):
            if name in file.regions[:index]:
                yield problem_at(
                    document.position(("regions", index)), f"the region `{name}` is listed twice"
                )
        return
    for region, values in file.regions.items():
        yield from _scalar_problems(document, ("regions", region), values)


def matrix_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Rows that differ in their keys, share an identity, or cannot name a check."""
    rows = given(file.matrix, [])
    identities: dict[str, int] = {}
    for index, row in enumerate(rows):
        path: Path = ("matrix", index)
        yield from _scalar_problems(document, path, row)
        yield from _key_problems(document, path, row, rows[0])
        label, identity = row_identity(row)
        yield from _identity_problems(document, (*path, label), label, row[label])
        if identity in identities:
            line = document.position(("matrix", identities[identity])).line
            message = f"`{identity}` names the row on line {line} already"
            yield problem_at(
                document.position((*path, label)), message, "make it differ, or add `id` to each row"
            )
        identities.setdefault(identity, index)


def money_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Numbers with a fraction where text is meant: 1.10 would be sent as 1.1."""
    holders: list[tuple[Path, Any]] = [(("vars",), given(file.vars, {}))]
    for path, request in requests(file.steps):
        holders += [((*path, name), getattr(request, name)) for name in ("query", "form", "headers")]
    for path, holder in holders:
        for inner, value in leaves(holder if isinstance(holder, dict) else {}, path):
            if isinstance(value, float):
                yield _unquoted(document, inner)
    for path, request in requests(file.steps):
        for inner, value in leaves(request.json, (*path, "json")):
            if isinstance(value, float) and (written := document.text(inner)) != repr(value):
                yield from _rewritten(document, inner, written, value)


def _rewritten(document: Document, path: Path, written: str, value: float) -> Iterator[Problem]:
    """A number of a JSON body that is sent otherwise than it stands there; that may be meant if it is the same number."""
    try:
        is_same = Decimal(written) == Decimal(repr(value))
    except InvalidOperation:
        is_same = True
    if is_same:
        yield warning_at(
            document.position(path), f"`{written}` is sent as `{value!r}`", "quote it if it is money"
        )
    else:
        yield _unquoted(document, path)


def _scalar_problems(document: Document, path: Path, values: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in values.items():
        if isinstance(value, list | dict) or value is None:
            message = f"`{key}` must be text, a number, true or false"
            yield problem_at(document.position((*path, key)), message)
        elif isinstance(value, float):
            yield _unquoted(document, (*path, key))


def _key_problems(
    document: Document, path: Path, row: Mapping[str, Any], first: Mapping[str, Any]
) -> Iterator[Problem]:
    """Where a row's keys differ from the first row's; `id` is free."""
    for key in row:
        if key not in first and key != "id":
            position = document.position((*path, key), of_key=True)
            yield problem_at(position, f"the first row has no `{key}`", suggestion(key, first))
    for key in first:
        if key not in row and key != "id":
            yield problem_at(
                document.position(path), f"this row has no `{key}`, which the first row has", "add it"
            )


def _identity_problems(document: Document, path: Path, label: str, identity: object) -> Iterator[Problem]:
    if label in RESERVED_LABELS:
        position = document.position(path, of_key=True)
        yield problem_at(position, f"the label `{label}` is set by synthprobe", "choose another name")
    text = str(identity)
    if not text or len(text) > 80 or "/" in text or not text.isprintable():
        message = "what names a row must be short text without `/`"
        yield problem_at(document.position(path), message, "add `id` to each row")


def _unquoted(document: Document, path: Path) -> Problem:
    message = f"`{document.text(path)}` is a number with a fraction, which may not be sent as written"
    return problem_at(document.position(path), message, "quote it: money is text")
