"""routes.yaml → `Routes`, checked as Alertmanager checks its own file, with every fault at once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from synthprobe.core.incidents import ScopeRule
from synthprobe.core.intervals import NamedInterval
from synthprobe.core.labels import Matcher
from synthprobe.core.responders import ESCALATION
from synthprobe.core.routes import Delivery, Integration, Receiver, Region, Route, Routes
from synthprobe.files.coverage_values import coverage_of, tests_of
from synthprobe.files.documents import Document, read
from synthprobe.files.durations import duration
from synthprobe.files.escalation_values import policies_of
from synthprobe.files.mutes_values import (
    inhibit_rules,
    matchers,
    named_intervals,
    planned_silences,
    silence_policy,
)
from synthprobe.files.people_values import contacts_of, holidays_of, teams_of, users_of
from synthprobe.files.problems import FileProblems, Problem
from synthprobe.files.receivers_shape import ReceiverFile
from synthprobe.files.route_shape import RouteFile
from synthprobe.files.routes_checks import check
from synthprobe.files.routes_foreign import name_foreign
from synthprobe.files.routes_shape import UNBUILT, DeliveryFile, RoutesFile, ScopeFile
from synthprobe.files.schedules_values import overrides_of, rotations_of, schedules_of
from synthprobe.files.shapes import examine

T = TypeVar("T")
U = TypeVar("U")


def load_routes(text: str | bytes, file: str) -> Routes:
    """Read a whole routes.yaml. Raises `FileProblems` with everything that is wrong with it."""
    document = read(text, file)
    examined = examine(document, RoutesFile, UNBUILT)
    faults = name_foreign(document, examined.problems)
    problems = [*document.problems, *faults, *_checked(examined.rest, examined.value)]
    if problems or examined.value is None:
        raise FileProblems(problems)
    return _routes(examined.value, examined.rest)


def _checked(document: Document, found: RoutesFile | None) -> Iterator[Problem]:
    if found is not None:
        yield from check(document, found)


def _routes(file: RoutesFile, document: Document) -> Routes:
    intervals = named_intervals(_or(file.time_intervals, []))
    holidays, rotations = holidays_of(file, Path(document.file).parent), rotations_of(file)
    return Routes(
        root=_node(_or(file.route, RouteFile()), _DEFAULTS, "route", "{}", intervals),
        receivers={receiver.name: _receiver(receiver) for receiver in _or(file.receivers, [])},
        regions={
            name: Region(name, _or(region.location, "UTC"), tuple(_or(region.references, [])))
            for name, region in _or(file.regions, {}).items()
        },
        teams=teams_of(file),
        scope=_scope(_or(file.scope, ScopeFile())),
        delivery=_delivery(_or(file.delivery, DeliveryFile())),
        platform=_or(file.platform, ""),
        holidays=holidays,
        contacts=contacts_of(file),
        users=users_of(file),
        rotations=rotations,
        schedules=schedules_of(file, rotations, holidays),
        overrides=overrides_of(file),
        escalation_policies=policies_of(file),
        coverage=coverage_of(file),
        tests=tests_of(file, document),
        intervals=intervals,
        inhibit_rules=inhibit_rules(_or(file.inhibit_rules, [])),
        silences=planned_silences(_or(file.silences, [])),
        silence_policy=silence_policy(file.silence_policy),
    )


_DEFAULTS = Route(path="", receiver="")


Intervals = Mapping[str, NamedInterval]


def _node(file: RouteFile, parent: Route, path: str, key: str, intervals: Intervals) -> Route:
    node = Route(
        path=path,
        receiver=_or(file.receiver, parent.receiver),
        matchers=matchers(_or(file.matchers, [])),
        continue_=_or(file.continue_, False),
        group_by=tuple(_or(file.group_by, list(parent.group_by))),
        group_wait=_length(file.group_wait, parent.group_wait),
        group_interval=_length(file.group_interval, parent.group_interval),
        repeat_interval=_length(file.repeat_interval, parent.repeat_interval),
        when=tuple(intervals[name] for name in _or(file.when, [])),
        mute_time_intervals=tuple(intervals[name] for name in _or(file.mute_time_intervals, [])),
        active_time_intervals=tuple(intervals[name] for name in _or(file.active_time_intervals, [])),
        key=key,
    )
    return replace(node, routes=tuple(_children(_or(file.routes, []), node, intervals)))


def _children(files: list[RouteFile], parent: Route, intervals: Intervals) -> Iterator[Route]:
    seen: dict[str, int] = {}
    for index, file in enumerate(files):
        key = f"{parent.key}/{_key(matchers(_or(file.matchers, [])))}"
        twins = seen[key] = seen.get(key, 0) + 1
        # Twins differ in what they do, so their groups must differ in key: the second is marked.
        marked = key if twins == 1 else f"{key}#{twins}"
        yield _node(file, parent, f"{parent.path}.routes[{index}]", marked, intervals)


def _key(found: tuple[Matcher, ...]) -> str:
    return f"{{{','.join(sorted(map(str, found)))}}}"


def _receiver(file: ReceiverFile) -> Receiver:
    kinds: Mapping[str, Sequence[Struct]] = {
        "webhook": _or(file.webhook_configs, []),
        "slack": _or(file.slack_configs, []),
        "pagerduty": _or(file.pagerduty_configs, []),
        "email": _or(file.email_configs, []),
        "msteams": _or(file.msteams_configs, []),
        "servicenow": _or(file.servicenow_configs, []),
        "apprise": _or(file.apprise_configs, []),
        "log": _or(file.log_configs, []),
        ESCALATION: _or(file.escalation_configs, []),
    }
    return Receiver(
        file.name,
        tuple(_integration(kind, index, entry) for kind in kinds for index, entry in enumerate(kinds[kind])),
    )


def _integration(kind: str, index: int, entry: Struct) -> Integration:
    options = {name: value for name, value in asdict(entry).items() if value is not UNSET}
    send_resolved = bool(options.pop("send_resolved", True))
    return Integration(kind=kind, index=index, options=options, send_resolved=send_resolved)


def _scope(file: ScopeFile) -> ScopeRule:
    default = ScopeRule()
    regions = default.global_regions if file.global_at is UNSET else file.global_at.regions
    return ScopeRule(by=tuple(_or(file.by, list(default.by))), global_regions=regions)


def _delivery(file: DeliveryFile) -> Delivery:
    default = Delivery()
    return Delivery(
        give_up_after=_length(file.give_up_after, default.give_up_after),
        on_give_up=_or(file.on_give_up, None),
    )


def _or(value: T | UnsetType, default: U) -> T | U:
    return default if isinstance(value, UnsetType) else value


def _length(text: str | UnsetType, default: timedelta) -> timedelta:
    return default if isinstance(text, UnsetType) else duration(text)
