"""Rules of the files that steps name: schemas that are schemas, bodies whose references can be looked up."""

from collections.abc import Iterator, Sequence

from synthprobe.core.json_schemas import schema_fault
from synthprobe.core.templates import Reference, TemplateError, scan
from synthprobe.files.attached import Attached, Unreadable
from synthprobe.files.card_rules import CARD_HINT, real_cards
from synthprobe.files.declared import Declared
from synthprobe.files.documents import Document, Path, read
from synthprobe.files.places import assertion_lists, requests
from synthprobe.files.problems import FileProblems, Problem, problem_at
from synthprobe.files.reference_rules import Use, fault_of
from synthprobe.files.step_shape import Step


def attached_problems(
    document: Document, steps: Sequence[Step], names: Declared, attached: Attached
) -> Iterator[Problem]:
    """Everything that is wrong with the files that steps name."""
    for place, entries in assertion_lists(steps):
        for number, entry in enumerate(entries):
            if isinstance(entry.schema, str | dict):
                path = (*place, number, "schema")
                yield from _schema_problems(document, path, entry.schema, attached)
    for path, request in requests(steps):
        if isinstance(request.body_file, str):
            yield from _body_problems(document, (*path, "body_file"), request.body_file, names, attached)


def _schema_problems(
    document: Document, path: Path, written: object, attached: Attached
) -> Iterator[Problem]:
    position = document.position(path)
    try:
        if isinstance(written, str):
            written = read(attached.content(document.file, written), written).value
    except Unreadable as error:
        yield problem_at(position, str(error), "name a file relative to this one")
        return
    except FileProblems as error:
        yield problem_at(position, f"{error.problems[0]}", "a schema is JSON, or YAML")
        return
    if fault := schema_fault(written):
        yield problem_at(position, f"this is no JSON Schema: {fault}")


def _body_problems(
    document: Document, path: Path, name: str, names: Declared, attached: Attached
) -> Iterator[Problem]:
    position = document.position(path)
    try:
        text = attached.content(document.file, name).decode("utf-8")
    except Unreadable as error:
        yield problem_at(position, str(error), "name a file relative to this one")
        return
    except UnicodeDecodeError:
        return
    for digits in real_cards(text):
        message = f"in `{name}`: `{digits[:6]}…{digits[-4:]}` may be the number of a real card"
        yield problem_at(position, message, CARD_HINT)
    for part in scan(text):
        if isinstance(part, TemplateError):
            yield problem_at(position, f"in `{name}`: {part.reason}", part.hint)
        elif isinstance(part, Reference) and (fault := fault_of(Use(part, path), names)):
            yield problem_at(position, f"in `{name}`: {fault[0]}", fault[1])
