"""`synthprobe routes check`: loads, lints, runs the file's own tests, and proves its coverage."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from synthprobe.agent.agent import check_info
from synthprobe.cli.exits import Exit
from synthprobe.cli.instants import instant
from synthprobe.cli.options import other_routes, refuse, settings_from, with_settings
from synthprobe.core.coverage import Promise
from synthprobe.core.durations import duration_text
from synthprobe.core.label_sets import label_sets
from synthprobe.core.probes import checks
from synthprobe.core.proof import SPAN, Hole, Proof
from synthprobe.core.results import CheckInfo
from synthprobe.core.route_tests import failures
from synthprobe.core.routes import Routes
from synthprobe.files.documents import Document, read
from synthprobe.files.probes import load_folder
from synthprobe.files.problems import FileProblems, Problem, ordered, problem_at
from synthprobe.files.routes import load_routes
from synthprobe.files.routes_lints import lint


@click.command("check")
@click.option("--since", default=None, metavar="INSTANT", help="where the 400 days begin; default now")
@with_settings("routes", "probes")
def check(since: str | None, **flags: str | None) -> None:
    """Check the routes file: traps, its own tests, and who hears of what for 400 days. Exit 0, or 2 with faults."""
    settings = settings_from(flags).settings
    begin = instant(since)
    try:
        document, routes = _read(settings.routes)
    except FileProblems as error:
        refuse(error)
        raise
    gaps = _gaps(routes, _checks(settings.probes), begin)
    found = (*lint(document, routes), *_test_faults(routes), *_coverage_faults(document, gaps))
    for problem in (faults := ordered(found)):
        click.echo(str(problem))
    for planned in _notes(gaps):
        click.echo(f"note: {planned}")
    tests, promises = len(routes.tests), len(routes.coverage)
    click.echo(
        f"{tests} tests run, {promises} promises proved for {SPAN.days} days, {len(faults)} faults", err=True
    )
    sys.exit(Exit.INVALID if faults else Exit.OK)


def _read(path: Path) -> tuple[Document, Routes]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise FileProblems(
            [Problem(str(path), 1, 1, f"cannot be read: {error.strerror}", other_routes(error))]
        ) from error
    routes = load_routes(text, str(path))
    return read(text, str(path)), routes


def _checks(folder: Path) -> list[CheckInfo]:
    """The checks of the probes that load; the others are `synthprobe validate`'s to tell."""
    if not folder.exists():
        return []
    loaded = load_folder((folder,))
    return [check_info(each, "") for probe in loaded.probes for each in checks(probe.probe)]


class Gaps(Struct, frozen=True):
    """The same holes of one promise, for all the kinds of alert that have them."""

    promise: Promise
    holes: tuple[Hole, ...]
    kinds: int


def _gaps(routes: Routes, known: Iterable[CheckInfo], since: datetime) -> list[Gaps]:
    if not routes.coverage:
        return []
    proof, sets = Proof(routes, since, since + SPAN), label_sets(routes, known)
    found: dict[object, Gaps] = {}
    for promise in routes.coverage.values():
        for _, group in groupby(proof.holes(promise, sets), key=lambda hole: (hole.labels, hole.is_global)):
            holes = tuple(group)
            spans = tuple((hole.since, hole.until, hole.told, hole.planned) for hole in holes)
            before = found.get((promise.severity, spans), Gaps(promise, holes, 0))
            found[promise.severity, spans] = replace(before, kinds=before.kinds + 1)
    return list(found.values())


def _test_faults(routes: Routes) -> Iterator[Problem]:
    for case in routes.tests:
        for failure in failures(case, routes):
            yield problem_at(case.position, f"at {case.at:%Y-%m-%dT%H:%MZ}: {failure}")


def _coverage_faults(document: Document, gaps: Iterable[Gaps]) -> Iterator[Problem]:
    for gap in gaps:
        unplanned = tuple(hole for hole in gap.holes if not hole.planned)
        if unplanned:
            position = document.position(("coverage", gap.promise.severity), of_key=True)
            yield problem_at(position, _words(gap, unplanned))


def _notes(gaps: Iterable[Gaps]) -> Iterator[str]:
    for gap in gaps:
        planned = tuple(hole for hole in gap.holes if hole.planned)
        if planned:
            yield f"muted by name: {_words(gap, planned)}"


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _words(gap: Gaps, holes: Sequence[Hole]) -> str:
    promise, first, told = gap.promise, holes[0], ", ".join(holes[0].told) or "nobody"
    within = f" within {duration_text(promise.within)}" if promise.within and promise.people else ""
    wanted = (
        _count(promise.people, "person", "people") + within
        if promise.people
        else _count(promise.receivers, "receiver", "receivers")
    )
    labels = " ".join(f"{name}={value}" for name, value in sorted(first.labels.items()))
    scope = ", once it is global" if first.is_global else ""
    others = f" and {gap.kinds - 1} kinds more" if gap.kinds > 1 else ""
    total = sum((hole.until - hole.since for hole in holes), timedelta())
    more = f", {len(holes)} times, {duration_text(total)} in all" if len(holes) > 1 else ""
    span = f"{first.since:%Y-%m-%dT%H:%MZ} to {first.until:%Y-%m-%dT%H:%MZ}"
    return f"{promise.severity}: {told} instead of {wanted} for {labels}{scope}{others}, from {span}{more}"
