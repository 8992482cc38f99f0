"""Probe files → probes: one file, or every file of some folders with every problem of every file."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from synthprobe.core.expectations import Position
from synthprobe.core.probes import Probe
from synthprobe.files.advice import advice, expecting_nothing
from synthprobe.files.attached import Attached
from synthprobe.files.attached_rules import attached_problems
from synthprobe.files.card_rules import card_problems
from synthprobe.files.declared import Declared, declared, declared_in_fragment
from synthprobe.files.decoding import MAX_SIZE, decode
from synthprobe.files.designed import UNBUILT
from synthprobe.files.documents import Document, read
from synthprobe.files.fragment_rules import inner_problems, outputs_of, use_problems
from synthprobe.files.fragments import Fragment, Reader, fragment_of, is_fragment
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.probe_values import probe_value
from synthprobe.files.problems import FileProblems, Problem, errors, ordered, problem_at, warning_at
from synthprobe.files.reference_rules import misplaced_problems, reference_problems, unused_captures
from synthprobe.files.rules import RULES
from synthprobe.files.shapes import examine
from synthprobe.files.stand_ins import for_probe
from synthprobe.files.undo_rules import creation_problems, limit_problems

SUFFIXES = frozenset({".yaml", ".yml"})


class LoadedProbe(Struct, frozen=True):
    """A probe with the text it was read from."""

    probe: Probe
    source_text: str


class Examination(Struct, frozen=True):
    """What one file holds: a probe, unless it has errors or is a fragment; its problems, and the files it names."""

    loaded: LoadedProbe | None
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()


class Loaded(Struct, frozen=True):
    """What some files hold: the probes without errors, and every problem of every file."""

    probes: tuple[LoadedProbe, ...] = ()
    problems: tuple[Problem, ...] = ()


def load_probe(text: str | bytes, file: str) -> Probe:
    """The probe in a file's text. Raises `FileProblems` with everything that is wrong with it."""
    found = examine_text(text, file)
    if found.loaded is None:
        raise FileProblems(found.problems or (_no_probe(file),))
    return found.loaded.probe


def load_folder(paths: Iterable[Path]) -> Loaded:
    """The probes in files, and in folders and all below them but those whose name begins with a dot."""
    found: list[LoadedProbe] = []
    problems: list[Problem] = []
    seen: set[Path] = set()
    for path in paths:
        for file in _files(path, problems):
            if (real := file.resolve()) not in seen:
                seen.add(real)
                examined = examine_file(file)
                problems += examined.problems
                found += [examined.loaded] if examined.loaded else []
    return Loaded(tuple(_with_own_names(found, problems)), ordered(problems))


def examine_file(file: Path) -> Examination:
    """What `examine_text` says of a file's text, or that it cannot be read."""
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_SIZE + 1)
    except OSError as error:
        return Examination(None, (_unreadable(file, error),))
    return examine_text(text, str(file))


def name_taken(later: Probe, first: Probe) -> Problem:
    """That a probe's name is another's."""
    message = f"the name `{first.name}` is taken by {first.position.file}:{first.position.line}"
    return problem_at(later.position, message, "each probe has a name of its own")


def examine_text(text: str | bytes, file: str) -> Examination:
    """The probe, unless it has errors; and its problems, warnings among them. A fragment is no probe."""
    try:
        source = decode(text, file)
        document = read(source, file)
    except FileProblems as error:
        return Examination(None, error.problems)
    attached = Attached()
    reader = Reader(attached)
    uses = reader.uses(document)
    if is_fragment(document):
        fragment = fragment_of(document, uses)
        problems = [*reader.problems, *_problems_inside((fragment,), None, None, document, attached)]
        return Examination(None, ordered(problems), attached.files())
    return _examined(document, source, reader, uses, attached)


def _examined(
    document: Document, source: str, reader: Reader, uses: Mapping[str, Fragment], attached: Attached
) -> Examination:
    examined = examine(document, ProbeFile, UNBUILT, for_probe)
    shaped, names = examined.value, declared(document, outputs_of(uses))
    problems = [
        *document.problems,
        *examined.problems,
        *reader.problems,
        *reference_problems(document, names, document),
        *misplaced_problems(document),
        *card_problems(document),
    ]
    if shaped is not None:
        problems += [problem for rule in RULES for problem in rule(examined.rest, shaped)]
        problems += use_problems(examined.rest, shaped.steps, uses)
        problems += attached_problems(examined.rest, shaped.steps, names, attached)
    problems += _problems_inside(reader.fragments(), names, shaped, document, attached)
    if errors(problems) or shaped is None:
        return Examination(None, ordered(problems), attached.files())
    problems += unused_captures(document)
    problems += creation_problems(examined.rest, shaped)
    problems += [*advice(document, shaped), *expecting_nothing(document, shaped)]
    probe = probe_value(shaped, document, source, attached, uses)
    problems += limit_problems(probe)
    loaded = None if errors(problems) else LoadedProbe(probe, source)
    return Examination(loaded, ordered(problems), attached.files())


def _problems_inside(
    fragments: Iterable[Fragment],
    names: Declared | None,
    shaped: ProbeFile | None,
    document: Document,
    attached: Attached,
) -> Iterator[Problem]:
    for fragment in fragments:
        yield from inner_problems(fragment, names, shaped, document)
        if fragment.shaped is not None:
            inside = declared_in_fragment(fragment.document, names, outputs_of(fragment.uses))
            yield from attached_problems(fragment.rest, fragment.shaped.steps, inside, attached)


def _files(path: Path, problems: list[Problem]) -> Iterator[Path]:
    """The probe files at a path, in the order of their names."""
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _files_below(path, problems)
    else:
        problems.append(Problem(str(path), 1, 1, "there is no such file or folder", "check the path"))


def _files_below(path: Path, problems: list[Problem]) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(
        path, onerror=lambda error: problems.append(_unreadable(path, error))
    ):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix in SUFFIXES and not name.startswith(".") and file.is_file():
                count += 1
                yield file
    if not count:
        nowhere = Position(str(path), 1, 1)
        problems.append(
            warning_at(nowhere, "no probe files are here", "probes are files named *.yaml or *.yml")
        )


def _no_probe(file: str) -> Problem:
    return Problem(file, 1, 1, "this is a fragment, not a probe", "name the probe that uses it")


def _unreadable(file: Path, error: OSError) -> Problem:
    return Problem(
        str(error.filename or file), 1, 1, f"cannot be read: {error.strerror}", "check its permissions"
    )


def _with_own_names(found: Iterable[LoadedProbe], problems: list[Problem]) -> Iterator[LoadedProbe]:
    """Those whose name no other has taken before."""
    taken: dict[str, Probe] = {}
    for loaded in found:
        first = taken.setdefault(loaded.probe.name, loaded.probe)
        if first is loaded.probe:
            yield loaded
        else:
            problems.append(name_taken(loaded.probe, first))
