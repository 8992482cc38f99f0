"""A timeline for `routes simulate` → a `Scenario`, with everything that is wrong with it at once."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path as FilePath
from typing import Any

from msgspec import UNSET, UnsetType

from synthprobe.core import scenario
from synthprobe.core.failures import Kind
from synthprobe.core.labels import MatcherError, parse_matcher
from synthprobe.core.probes import AlertRule
from synthprobe.core.results import CheckInfo
from synthprobe.core.routes import Routes
from synthprobe.core.spelling import suggestion
from synthprobe.core.teams import Override
from synthprobe.files.documents import Document, Path, read
from synthprobe.files.durations import duration
from synthprobe.files.probe_values import alert_rule
from synthprobe.files.problems import FileProblems, Problem, problem_at
from synthprobe.files.routes import load_routes
from synthprobe.files.routes_faults import Fault, length_faults, name_faults, reading_faults, zone_faults
from synthprobe.files.scenario_shape import (
    ACTIONS,
    AlertEventFile,
    EventFile,
    OverrideEventFile,
    RunEventFile,
    ScenarioCheckFile,
    ScenarioFile,
    SilenceEventFile,
)
from synthprobe.files.shapes import examine, given
from synthprobe.files.wall_texts import end_of, instant, start_of, wall

WORDS = {"ack": "acknowledge"}
"""What the timeline calls an action shorter than `ActionKind` does."""


def load_scenario(text: str | bytes, file: str, tree: Routes) -> scenario.Scenario:
    """Read a whole timeline against the routes it is played on. Raises `FileProblems` with all that is wrong."""
    document = read(text, file)
    examined = examine(document, ScenarioFile, {})
    problems = [*document.problems, *examined.problems]
    if examined.value is not None:
        faults = _faults(examined.value, tree)
        problems += [problem_at(examined.rest.position(path), said, hint) for path, said, hint in faults]
    if problems or examined.value is None:
        raise FileProblems(problems)
    return _scenario(examined.value, examined.rest)


def _faults(file: ScenarioFile, tree: Routes) -> Iterator[Fault]:
    yield from reading_faults(instant, file.start, ("start",))
    too_long = list(length_faults(file.until, ("until",)))
    yield from too_long or _late_faults(file)
    keys = [_key(check) for check in given(file.checks, [])]
    for index, check in enumerate(given(file.checks, [])):
        path: Path = ("checks", index)
        yield from name_faults(
            check.region, tree.regions or {check.region: None}, (*path, "region"), "region", "regions"
        )
        if _key(check) in keys[:index]:
            yield path, f"the check `{_key(check)}` is listed twice", "remove one"
    silences = [event.silence.id for event in file.events if event.silence is not UNSET]
    for index, event in enumerate(file.events):
        yield from _event_faults(event, ("events", index), tree, keys, silences)


def _late_faults(file: ScenarioFile) -> Iterator[Fault]:
    for index, event in enumerate(file.events):
        if _offset(event.t) > duration(file.until):
            said = f"`{event.t}` is after the end of the timeline, `until: {file.until}`"
            yield ("events", index, "t"), said, "make `until` longer, or leave it out"


def _event_faults(
    event: EventFile, path: Path, tree: Routes, checks: list[str], silences: list[str]
) -> Iterator[Fault]:
    if event.run is not UNSET and (key := f"{event.run.probe}/{event.run.region}") not in checks:
        yield (*path, "run"), f"there is no check `{key}`", suggestion(key, checks) or "add it to `checks`"
    if event.silence is not UNSET:
        for number, text in enumerate(event.silence.matchers):
            try:
                parse_matcher(text)
            except MatcherError as error:
                yield (*path, "silence", "matchers", number), str(error), ""
    yield from name_faults(event.unsilence, silences, (*path, "unsilence"), "silence", "events")
    for name in ACTIONS:
        action = getattr(event, name)
        if action is not UNSET:
            yield from name_faults(action.by, tree.users, (*path, name, "by"), "user", "users")
            yield from name_faults(action.to, tree.users, (*path, name, "to"), "user", "users")
    if event.override is not UNSET:
        yield from _override_faults(event.override, (*path, "override"), tree)


def _override_faults(override: OverrideEventFile, path: Path, tree: Routes) -> Iterator[Fault]:
    for index, schedule in enumerate(override.schedules):
        yield from name_faults(schedule, tree.schedules, (*path, "schedules", index), "schedule", "schedules")
    yield from name_faults(override.add, tree.users, (*path, "add"), "user", "users")
    yield from name_faults(override.remove, tree.users, (*path, "remove"), "user", "users")
    yield from zone_faults(override.location, (*path, "location"))
    for key in ("start", "end"):
        text = getattr(override, key)
        yield from reading_faults(wall, text, (*path, key)) if text is not UNSET else ()
    if (override.end is UNSET) == (override.for_ is UNSET):
        yield path, "one of `end` and `for` is missing", "say until when, once"
    if override.add is UNSET and override.remove is UNSET:
        yield path, "one of `add` and `remove` is missing", "say who is, or is not, on call then"


def _scenario(file: ScenarioFile, document: Document) -> scenario.Scenario:
    start = instant(file.start)
    folder = FilePath(document.file).parent
    events = [
        scenario.Event(_offset(event.t), _happening(event, start + _offset(event.t), folder))
        for event in file.events
    ]
    return scenario.Scenario(
        start=start,
        lasting=duration(file.until),
        checks=tuple(_check(check) for check in given(file.checks, [])),
        events=tuple(sorted(events, key=lambda event: event.after)),
    )


def _offset(t: float | str) -> timedelta:
    return duration(t) if isinstance(t, str) else timedelta(seconds=t)


def _key(check: ScenarioCheckFile) -> str:
    return f"{check.probe}/{check.region}"


def _check(file: ScenarioCheckFile) -> CheckInfo:
    labels = given(file.labels, {})
    return CheckInfo(
        key=_key(file),
        probe=file.probe,
        region=file.region,
        every=duration(file.every).total_seconds(),
        definition="simulated",
        labels=labels,
        owner=labels.get("owner", ""),
        rule=AlertRule() if isinstance(file.alert, UnsetType) else alert_rule(file.alert),
    )


def _happening(event: EventFile, at: datetime, folder: FilePath) -> scenario.Happening:
    """What happens; a shape holds exactly one."""
    name = next(name for name in EventFile.EXACTLY_ONE if getattr(event, name) is not UNSET)
    found = getattr(event, name)
    if name in ACTIONS:
        word = WORDS.get(name, name)
        return scenario.ActionEvent(
            word, found.incident, found.by, given(found.text, ""), given(found.to, "")
        )
    return _MAKE[name](found, at, folder)


def _alert(file: AlertEventFile, _at: datetime, _folder: FilePath) -> scenario.Happening:
    return scenario.AlertEvent(file.labels, file.state == "firing", given(file.annotations, {}))


def _run(file: RunEventFile, _at: datetime, _folder: FilePath) -> scenario.Happening:
    return scenario.RunEvent(
        check=f"{file.probe}/{file.region}",
        outcome=file.outcome,
        step=given(file.step, ""),
        kind=Kind.ASSERTION if isinstance(file.kind, UnsetType) else file.kind,
        message=given(file.message, ""),
    )


def _silence(file: SilenceEventFile, _at: datetime, _folder: FilePath) -> scenario.Happening:
    matchers = tuple(parse_matcher(text) for text in file.matchers)
    return scenario.SilenceEvent(
        file.id, matchers, duration(file.for_), file.by, given(file.comment, file.id)
    )


def _override(file: OverrideEventFile, at: datetime, _folder: FilePath) -> scenario.Happening:
    location = given(file.location, "UTC")
    start = at if isinstance(file.start, UnsetType) else start_of(file.start, location)
    end = start + duration(given(file.for_, "0s"))
    return scenario.OverrideEvent(
        Override(
            schedules=tuple(file.schedules),
            start=start,
            end=end if isinstance(file.end, UnsetType) else end_of(file.end, location),
            add=None if isinstance(file.add, UnsetType) else file.add,
            remove=None if isinstance(file.remove, UnsetType) else file.remove,
            reason=given(file.reason, ""),
        )
    )


def _reload(file: Any, _at: datetime, folder: FilePath) -> scenario.Happening:
    path = folder / file.routes
    try:
        return scenario.ReloadEvent(load_routes(path.read_bytes(), str(path)))
    except OSError as error:
        problem = Problem(
            str(path), 1, 1, f"cannot be read: {error.strerror}", "its name is looked up beside the timeline"
        )
        raise FileProblems([problem]) from error


_MAKE: Mapping[str, Callable[[Any, datetime, FilePath], scenario.Happening]] = {
    "alert": _alert,
    "run": _run,
    "silence": _silence,
    "unsilence": lambda name, _at, _folder: scenario.UnsilenceEvent(name),
    "override": _override,
    "reload": _reload,
    "restart": lambda away, _at, _folder: scenario.RestartEvent(duration(away)),
}
