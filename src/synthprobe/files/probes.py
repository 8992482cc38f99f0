"""Probe files → probes: one file, or every file of some folders with every problem of every file."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from synthprobe.core.probes import Position, Probe
from synthprobe.files.decoding import MAX_SIZE, decode
from synthprobe.files.designed import UNBUILT
from synthprobe.files.documents import read
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.probe_values import probe_value
from synthprobe.files.problems import FileProblems, Problem, errors, ordered, problem_at, warning_at
from synthprobe.files.reference_rules import misplaced_problems, reference_problems, unused_captures
from synthprobe.files.rules import RULES
from synthprobe.files.shapes import examine

SUFFIXES = frozenset({".yaml", ".yml"})


class LoadedProbe(Struct, frozen=True):
    """A probe with the text it was read from."""

    probe: Probe
    source_text: str


class Loaded(Struct, frozen=True):
    """What some files hold: the probes without errors, and every problem of every file."""

    probes: tuple[LoadedProbe, ...] = ()
    problems: tuple[Problem, ...] = ()


def load_probe(text: str | bytes, file: str) -> Probe:
    """The probe in a file's text. Raises `FileProblems` with everything that is wrong with it."""
    loaded, problems = examine_text(text, file)
    if loaded is None:
        raise FileProblems(problems)
    return loaded.probe


def load_folder(paths: Iterable[Path]) -> Loaded:
    """The probes in files, and in folders and all below them but those whose name begins with a dot."""
    found: list[LoadedProbe] = []
    problems: list[Problem] = []
    seen: set[Path] = set()
    for path in paths:
        for file in _files(path, problems):
            if (real := file.resolve()) not in seen:
                seen.add(real)
                loaded, faults = examine_file(file)
                problems += faults
                found += [loaded] if loaded else []
    return Loaded(tuple(_with_own_names(found, problems)), ordered(problems))


def examine_file(file: Path) -> tuple[LoadedProbe | None, tuple[Problem, ...]]:
    """What `examine_text` says of a file's text, or that it cannot be read."""
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_SIZE + 1)
    except OSError as error:
        return None, (_unreadable(file, error),)
    return examine_text(text, str(file))


def name_taken(later: Probe, first: Probe) -> Problem:
    """That a probe's name is another's."""
    message = f"the name `{first.name}` is taken by {first.position.file}:{first.position.line}"
    return problem_at(later.position, message, "each probe has a name of its own")


def examine_text(text: str | bytes, file: str) -> tuple[LoadedProbe | None, tuple[Problem, ...]]:
    """The probe, unless it has errors; and its problems, warnings among them."""
    try:
        source = decode(text, file)
        document = read(source, file)
    except FileProblems as error:
        return None, error.problems
    examined = examine(document, ProbeFile, UNBUILT, _STAND_INS)
    problems = [
        *document.problems,
        *examined.problems,
        *reference_problems(document),
        *misplaced_problems(document),
    ]
    if (shaped := examined.value) is not None:
        problems += [problem for rule in RULES for problem in rule(examined.rest, shaped)]
    if errors(problems) or shaped is None:
        return None, ordered(problems)
    problems += unused_captures(document)
    return LoadedProbe(probe_value(shaped, document, source), source), ordered(problems)


_STAND_INS = {
    "name": "unnamed",
    "schedule": {"every": "3650d"},
    "regions": ["anywhere"],
    "steps": [{"id": "nothing", "request": {"url": "https://nowhere.invalid"}}],
}
"""For what a file must have and has not: chosen so that no rule minds, and all others are still asked."""


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
