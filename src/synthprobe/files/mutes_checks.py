"""What is wrong with time intervals, inhibition and silences whose shape is right; Alertmanager's words where it has some."""

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from msgspec import UnsetType

from synthprobe.core.labels import MatcherError, is_label_name, parse_matchers
from synthprobe.core.silences import matchers_fault
from synthprobe.core.spelling import suggestion
from synthprobe.files import intervals
from synthprobe.files.documents import Path
from synthprobe.files.mutes_shape import (
    InhibitRuleFile,
    NamedIntervalFile,
    SilenceFile,
    SilencePolicyFile,
    TimeIntervalFile,
)
from synthprobe.files.route_shape import RouteFile
from synthprobe.files.routes_faults import Fault, length_faults, reading_faults, zone_faults
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import end_of, start_of, wall

T = TypeVar("T")


def interval_faults(named: list[NamedIntervalFile]) -> Iterator[Fault]:
    """Faults of `time_intervals`."""
    seen: set[str] = set()
    for index, each in enumerate(named):
        path: Path = ("time_intervals", index)
        if each.name in seen:
            yield (*path, "name"), f'time interval "{each.name}" is not unique', "give each its own name"
        seen.add(each.name)
        for place, interval in enumerate(given(each.time_intervals, [])):
            yield from time_interval_faults(interval, (*path, "time_intervals", place))


def time_interval_faults(interval: TimeIntervalFile, path: Path) -> Iterator[Fault]:
    """Faults of one interval, each at its place."""
    yield from _each(intervals.times, interval.times, (*path, "times"))
    yield from _each(intervals.weekdays, interval.weekdays, (*path, "weekdays"))
    yield from _each(intervals.days_of_month, interval.days_of_month, (*path, "days_of_month"))
    yield from _each(intervals.months, interval.months, (*path, "months"))
    yield from _each(intervals.years, interval.years, (*path, "years"))
    yield from zone_faults(interval.location, (*path, "location"))


def route_interval_faults(route: RouteFile, path: Path, names: Collection[str]) -> Iterator[Fault]:
    """Names of intervals on a route that are not defined, or that the root must not have."""
    for key in ("when", "mute_time_intervals", "active_time_intervals"):
        found: list[str] = given(getattr(route, key), [])
        if found and path == ("route",):
            hint = "every alert must find a receiver: put them on a route below it"
            yield (*path, key), f"root route must not have any {_NOUNS[key]}", hint
        for index, name in enumerate(found):
            if name not in names:
                hint = suggestion(name, names) or "add it to `time_intervals`"
                yield (*path, key, index), f'undefined time interval "{name}" used in route', hint


def inhibit_faults(rules: list[InhibitRuleFile]) -> Iterator[Fault]:
    """Faults of `inhibit_rules`."""
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        path: Path = ("inhibit_rules", index)
        if isinstance(rule.name, str) and rule.name in seen:
            yield (*path, "name"), f'inhibit rule "{rule.name}" is not unique', "give each its own name"
        seen.add(given(rule.name, ""))
        yield from matcher_faults(given(rule.source_matchers, []), (*path, "source_matchers"))
        yield from matcher_faults(given(rule.target_matchers, []), (*path, "target_matchers"))
        if not rule.source_matchers or not rule.target_matchers:
            hint = "write `source_matchers` and `target_matchers`"
            yield path, "it would hold back every alert while any fires", hint
        for place, name in enumerate(given(rule.equal, [])):
            if not is_label_name(name):
                yield (
                    (*path, "equal", place),
                    f'invalid label name "{name}" in equal',
                    "letters, digits and _",
                )


def silence_faults(silences: list[SilenceFile], policy: SilencePolicyFile | UnsetType) -> Iterator[Fault]:
    """Faults of `silences` and `silence_policy`."""
    for index, silence in enumerate(silences):
        path: Path = ("silences", index)
        faults = tuple(matcher_faults(silence.matchers, (*path, "matchers")))
        yield from faults
        if not faults:
            matchers = tuple(matcher for text in silence.matchers for matcher in parse_matchers(text))
            if fault := matchers_fault(matchers):
                yield (*path, "matchers"), fault, "name what it is to hold back"
        yield from _time_faults(silence, path)
    if not isinstance(policy, UnsetType):
        yield from length_faults(policy.max_duration, ("silence_policy", "max_duration"))
        yield from length_faults(policy.remind_before, ("silence_policy", "remind_before"))


def matcher_faults(texts: list[str], path: Path) -> Iterator[Fault]:
    """Matchers that cannot be read."""
    for index, text in enumerate(texts):
        try:
            if not parse_matchers(text):
                yield (*path, index), "there is no matcher in it", 'write one, as in severity="critical"'
        except MatcherError as error:
            yield (*path, index), str(error), ""


_NOUNS = {
    "when": "`when`",
    "mute_time_intervals": "mute time intervals",
    "active_time_intervals": "active time intervals",
}


def _each(read: Callable[[T], object], entries: list[T] | UnsetType, path: Path) -> Iterator[Fault]:
    for index, entry in enumerate(given(entries, [])):
        try:
            read(entry)
        except ValueError as error:
            yield (*path, index), str(error), ""


def _time_faults(silence: SilenceFile, path: Path) -> Iterator[Fault]:
    unread = [
        *reading_faults(wall, silence.starts_at, (*path, "starts_at")),
        *reading_faults(wall, silence.ends_at, (*path, "ends_at")),
        *zone_faults(silence.location, (*path, "location")),
    ]
    yield from unread
    if unread:
        return
    for key in ("starts_at", "ends_at"):
        if wall(getattr(silence, key)).tzinfo is None and not isinstance(silence.location, str):
            yield (*path, key), "a local time needs a `location`", "add it, or end the time with Z"
            return
    location = given(silence.location, "UTC")
    if start_of(silence.starts_at, location) >= end_of(silence.ends_at, location):
        yield (*path, "ends_at"), "start time must be before end time", ""
