"""`synthprobe validate`: every problem of every file at once, and how soon each probe would tell."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from msgspec import structs

from synthprobe import clock
from synthprobe.cli.exits import Exit
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.core.detection import detection_time
from synthprobe.core.durations import duration_text
from synthprobe.core.routes import Routes
from synthprobe.core.slo import burns
from synthprobe.files import agreement, documents
from synthprobe.files.documents import Document
from synthprobe.files.live_rules import all_unapproved
from synthprobe.files.probes import Loaded, load_folder
from synthprobe.files.problems import FileProblems, Problem, ProblemLevel, errors
from synthprobe.files.routes import load_routes

MOST_TIMES = 20
"""Probes whose detection time is printed."""


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@with_settings("probes", "routes", "live")
def validate(paths: tuple[Path, ...], **flags: str | None) -> None:
    """Check probe files (and the routes file): every problem as file:line:column. Exit 0, or 2 with problems."""
    settings = settings_from(flags).settings
    loaded = load_folder(paths or (settings.probes,))
    routes, routes_problems = _routes(settings.routes, wanted=flags.get("routes") is not None)
    disagreements = agreement.disagreements(loaded.probes, routes) if routes else ()
    never = agreement.never_run(loaded.probes, routes, clock.system().now()) if routes else ()
    blaming = agreement.blaming(loaded.probes, routes, _document(settings.routes)) if routes else ()
    live = [structs.replace(each, level=ProblemLevel.WARNING) for each in _unapproved(loaded, settings.live)]
    problems = (*loaded.problems, *live, *disagreements, *never, *routes_problems, *blaming)
    for problem in problems:
        click.echo(str(problem))
    faults = errors(problems)
    valid = _valid(loaded, faults)
    for line in (*_objectives(valid), *_detection(valid)):
        click.echo(line, err=True)
    click.echo(_summary(valid, len(faults)), err=True)
    sys.exit(Exit.INVALID if faults else Exit.OK)


def _valid(loaded: Loaded, faults: Iterable[Problem]) -> Loaded:
    """The probes with nothing wrong, of what the routes say of them too."""
    wrong = {fault.file for fault in faults}
    probes = tuple(each for each in loaded.probes if each.probe.position.file not in wrong)
    return structs.replace(loaded, probes=probes)


def _objectives(loaded: Loaded) -> Iterator[str]:
    """For each probe with an objective, when its budget counts as burning too fast."""
    for probe in (each.probe for each in loaded.probes):
        for burn in burns(probe.slo.window, probe.every) if probe.slo else ():
            slots = f"{burn.long // probe.every} and {burn.short // probe.every} slots"
            windows = f"{duration_text(burn.long)} and {duration_text(burn.short)} ({slots})"
            yield f"{probe.name}: SloBurn {burn.severity} at {burn.factor:.3g} times the budget's rate in {windows}"


def _unapproved(loaded: Loaded, file: Path | None) -> tuple[Problem, ...]:
    """What would keep live probes from running: for their reviewers, who may not have approved them yet."""
    return all_unapproved((each.probe for each in loaded.probes), file)


def _routes(path: Path, *, wanted: bool) -> tuple[Routes | None, tuple[Problem, ...]]:
    if not path.exists() and not wanted:
        return None, ()
    try:
        return load_routes(path.read_bytes(), str(path)), ()
    except OSError as error:
        return None, (Problem(str(path), 1, 1, f"cannot be read: {error.strerror}"),)
    except FileProblems as error:
        return None, error.problems


def _document(path: Path) -> Document:
    return documents.read(path.read_bytes(), str(path))


def _detection(loaded: Loaded) -> Iterator[str]:
    """How long an outage lasts before each probe's alert fires, of very many the slowest."""
    for probe in (each.probe for each in loaded.probes if each.probe.paused):
        yield f"{probe.name}: paused ({probe.paused}), so that nothing makes it fire"
    running = (each.probe for each in loaded.probes if not each.probe.paused)
    slowest = sorted(((detection_time(probe), probe.name) for probe in running), reverse=True)
    for longest, name in slowest[:MOST_TIMES]:
        yield f"{name}: an outage makes it fire within {duration_text(longest)}"
    if len(slowest) > MOST_TIMES:
        yield f"… and {len(slowest) - MOST_TIMES} sooner"


def _summary(loaded: Loaded, faults: int) -> str:
    count = len(loaded.probes)
    valid = f"{count} probe{'' if count == 1 else 's'} valid"
    return f"{valid}, {faults} problem{'' if faults == 1 else 's'}"
