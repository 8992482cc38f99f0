"""The routes in force as an Alertmanager file: what amtool shows, and tests routes by. It holds no address and no secret."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from synthprobe.core.durations import duration_text
from synthprobe.core.intervals import NamedInterval, Range, TimeInterval
from synthprobe.core.routes import Route, Routes


def original(routes: Routes) -> str:
    """Alertmanager YAML; a route with `when` stands there without it, since Alertmanager has no such thing."""
    file: dict[str, Any] = {"route": _route(routes.root, None)}
    if routes.inhibit_rules:
        file["inhibit_rules"] = [
            {
                "source_matchers": [str(matcher) for matcher in rule.source],
                "target_matchers": [str(matcher) for matcher in rule.target],
                **({"equal": list(rule.equal)} if rule.equal else {}),
            }
            for rule in routes.inhibit_rules
        ]
    file["receivers"] = [{"name": name} for name in routes.receivers]
    if routes.intervals:
        file["time_intervals"] = [_named(named) for named in routes.intervals.values()]
    return "\n".join(_lines(file)) + "\n"


def _lines(value: Mapping[str, Any]) -> Iterator[str]:
    """A mapping as block YAML; scalars and what is empty as JSON, which YAML takes."""
    for key, part in value.items():
        if isinstance(part, Mapping) and part:
            yield f"{key}:"
            yield from (f"  {line}" for line in _lines(part))
        elif isinstance(part, list) and part and isinstance(part[0], Mapping):
            yield f"{key}:"
            for entry in part:
                first, *others = _lines(entry)
                yield f"- {first}"
                yield from (f"  {line}" for line in others)
        else:
            yield f"{key}: {msgspec.json.encode(part).decode()}"


def _route(route: Route, parent: Route | None) -> dict[str, Any]:
    found: dict[str, Any] = {"receiver": route.receiver}
    if parent is None or route.group_by != parent.group_by:
        found["group_by"] = list(route.group_by)
    if route.matchers:
        found["matchers"] = [str(matcher) for matcher in route.matchers]
    if route.continue_:
        found["continue"] = True
    for key in ("group_wait", "group_interval", "repeat_interval"):
        value = getattr(route, key)
        if parent is None or value != getattr(parent, key):
            found[key] = duration_text(value)
    for key in ("mute_time_intervals", "active_time_intervals"):
        if names := [named.name for named in getattr(route, key)]:
            found[key] = names
    if route.routes:
        found["routes"] = [_route(child, route) for child in route.routes]
    return found


def _named(named: NamedInterval) -> Mapping[str, Any]:
    return {"name": named.name, "time_intervals": [_interval(interval) for interval in named.intervals]}


def _interval(interval: TimeInterval) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    if interval.times:
        found["times"] = [
            {"start_time": _clock(first), "end_time": _clock(last)} for first, last in interval.times
        ]
    if interval.weekdays:
        found["weekdays"] = [":".join(_WEEKDAYS[day] for day in span) for span in interval.weekdays]
    for key in ("days_of_month", "months", "years"):
        if spans := getattr(interval, key):
            found[key] = list(_numbers(spans))
    if interval.location != "UTC":
        found["location"] = interval.location
    return found


def _numbers(spans: Iterable[Range]) -> Iterable[str]:
    return (f"{first}:{last}" for first, last in spans)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
