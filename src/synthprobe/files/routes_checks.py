"""What is wrong with a routes.yaml whose shape is right: Alertmanager's checks (config.go), and those of our keys."""

from collections.abc import Iterator
from pathlib import Path as FilePath

from msgspec import UNSET

from synthprobe.core.labels import is_label_name
from synthprobe.core.routes import ALL_LABELS
from synthprobe.core.spelling import suggestion
from synthprobe.files.coverage_checks import coverage_faults
from synthprobe.files.documents import Document, Path
from synthprobe.files.escalation_checks import escalation_faults
from synthprobe.files.mutes_checks import (
    inhibit_faults,
    interval_faults,
    matcher_faults,
    route_interval_faults,
    silence_faults,
)
from synthprobe.files.people_checks import people_faults
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.receivers_checks import receiver_faults, url_faults
from synthprobe.files.route_shape import RouteFile
from synthprobe.files.routes_faults import Fault, length_faults, zone_faults
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.schedules_checks import schedule_faults
from synthprobe.files.shapes import given


def check(document: Document, file: RoutesFile) -> Iterator[Problem]:
    """Every problem that the shape cannot express, with its place."""
    for path, message, hint in _faults(file, FilePath(document.file).parent):
        yield problem_at(document.position(path), message, hint)


def _faults(file: RoutesFile, folder: FilePath) -> Iterator[Fault]:
    receivers = [] if file.receivers is UNSET else file.receivers
    names = [receiver.name for receiver in receivers]
    if file.route is UNSET:
        yield (), "no route: `route` is missing", "write the root route with its receiver"
    else:
        intervals = [named.name for named in given(file.time_intervals, [])]
        yield from _root(file.route)
        yield from _route(file.route, ("route",), names, intervals)
    yield from receiver_faults(receivers)
    yield from _delivery(file, names)
    yield from _regions(file)
    yield from _scope(file)
    yield from people_faults(file, folder)
    yield from schedule_faults(file)
    yield from escalation_faults(file, names)
    yield from coverage_faults(file, names)
    yield from interval_faults(given(file.time_intervals, []))
    yield from inhibit_faults(given(file.inhibit_rules, []))
    yield from silence_faults(given(file.silences, []), file.silence_policy)
    if file.platform is not UNSET and (file.teams is UNSET or file.platform not in file.teams):
        known = [] if file.teams is UNSET else list(file.teams)
        yield (
            ("platform",),
            f"there is no team `{file.platform}`",
            suggestion(file.platform, known) or "add it to `teams`",
        )


def _root(root: RouteFile) -> Iterator[Fault]:
    if root.receiver is UNSET:
        yield ("route",), "root route must specify a default receiver", "write `receiver`"
    if root.matchers:
        yield ("route", "matchers"), "root route must not have any matchers", "put them on a route below it"
    if root.continue_ is True:
        yield ("route", "continue"), "cannot have continue in root route", "remove it"


def _route(route: RouteFile, path: Path, receivers: list[str], intervals: list[str]) -> Iterator[Fault]:
    if route.receiver is not UNSET and route.receiver not in receivers:
        hint = suggestion(route.receiver, receivers) or "add it to `receivers`"
        yield (*path, "receiver"), f'undefined receiver "{route.receiver}" used in route', hint
    yield from matcher_faults(given(route.matchers, []), (*path, "matchers"))
    yield from route_interval_faults(route, path, intervals)
    yield from _group_by(route, path)
    yield from _timers(route, path)
    for index, child in enumerate(route.routes or ()):
        yield from _route(child, (*path, "routes", index), receivers, intervals)


def _group_by(route: RouteFile, path: Path) -> Iterator[Fault]:
    names = route.group_by or []
    if ALL_LABELS in names and len(names) > 1:
        message = "cannot have wildcard group_by (`...`) and other labels at the same time"
        yield (*path, "group_by"), message, "keep `...` alone"
    yield from _labels(names, (*path, "group_by"), "group_by")


def _labels(names: list[str], path: Path, field: str) -> Iterator[Fault]:
    for index, name in enumerate(names):
        if name != ALL_LABELS and not is_label_name(name):
            yield (*path, index), f'invalid label name "{name}" in {field}', "letters, digits and _"
        elif name in names[:index]:
            yield (*path, index), f'duplicated label "{name}" in {field}', "remove one"


def _timers(route: RouteFile, path: Path) -> Iterator[Fault]:
    for name in ("group_interval", "repeat_interval"):
        text = getattr(route, name)
        if text is not UNSET and _is_zero(text):
            yield (*path, name), f"{name} cannot be zero", "write how long to wait, as in `5m`"
    for name in ("group_wait", "group_interval", "repeat_interval"):
        yield from length_faults(getattr(route, name), (*path, name))


def _is_zero(text: str) -> bool:
    return not text.strip("0smhd")


def _delivery(file: RoutesFile, receivers: list[str]) -> Iterator[Fault]:
    if file.delivery is UNSET:
        return
    name = file.delivery.on_give_up
    if name is not UNSET and name not in receivers:
        hint = suggestion(name, receivers) or "add it to `receivers`"
        yield ("delivery", "on_give_up"), f'undefined receiver "{name}" used in on_give_up', hint
    yield from length_faults(file.delivery.give_up_after, ("delivery", "give_up_after"))


def _regions(file: RoutesFile) -> Iterator[Fault]:
    for name, region in ({} if file.regions is UNSET else file.regions).items():
        path: Path = ("regions", name)
        yield from zone_faults(region.location, (*path, "location"))
        for index, url in enumerate(region.references or ()):
            yield from url_faults(url, (*path, "references", index))


def _scope(file: RoutesFile) -> Iterator[Fault]:
    if file.scope is not UNSET and file.scope.by is not UNSET:
        yield from _labels(file.scope.by, ("scope", "by"), "scope.by")
