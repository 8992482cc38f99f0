"""The routing tree: Alertmanager's rules (dispatch/route.go), as a pure look-up.

Depth first, children first, first match wins unless `continue`; options inherit from the parent, time intervals do not.
Ours: a route with `when` matches only while one of those intervals is active; outside them an alert falls through.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from synthprobe.core.coverage import Promise, RouteCase
from synthprobe.core.escalation import EscalationPolicy
from synthprobe.core.incidents import ScopeRule
from synthprobe.core.inhibitions import InhibitRule
from synthprobe.core.intervals import NamedInterval, active, next_change
from synthprobe.core.labels import Labels, Matcher, holds
from synthprobe.core.silences import Silence, SilencePolicy
from synthprobe.core.teams import Contact, Holidays, Override, Rotation, Schedule, Team, User

ALL_LABELS = "..."
"""`group_by: ['...']`: every label set is its own group."""


class Route(Struct, frozen=True):
    """One node with its options already inherited. `path` names it: `route`, `route.routes[1]`, …"""

    path: str
    receiver: str
    matchers: tuple[Matcher, ...] = ()
    continue_: bool = False
    group_by: tuple[str, ...] = ()
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)
    when: tuple[NamedInterval, ...] = ()
    """It matches only while one of them is active."""
    mute_time_intervals: tuple[NamedInterval, ...] = ()
    active_time_intervals: tuple[NamedInterval, ...] = ()
    routes: tuple["Route", ...] = ()
    key: str = ""
    """Its part of a group's key, made of matchers, so that moving a route keeps its groups: `{}/{region="emea"}`."""


class Integration(Struct, frozen=True):
    """One configured way out of a receiver; `options` is the kind's own frozen struct from `senders`' point of view."""

    kind: str
    """webhook, slack, log: the file in `senders/`."""
    index: int
    """Position among the receiver's integrations: part of what was told to whom."""
    options: Mapping[str, object]
    """The keys of the entry as validated; secrets stay file names or environment names here."""
    send_resolved: bool = True

    @property
    def name(self) -> str:
        """Its name within its receiver: `webhook[0]`."""
        return f"{self.kind}[{self.index}]"


class Receiver(Struct, frozen=True):
    """A named destination."""

    name: str
    integrations: tuple[Integration, ...] = ()


class Region(Struct, frozen=True):
    """A market a check speaks for."""

    name: str
    location: str = "UTC"
    references: tuple[str, ...] = ()


class Delivery(Struct, frozen=True):
    """`delivery` of routes.yaml: how long one message is tried, and who hears of it when it is given up."""

    give_up_after: timedelta = timedelta(hours=1)
    on_give_up: str | None = None


class Routes(Struct, frozen=True):
    """A whole routes.yaml as core values."""

    root: Route
    receivers: Mapping[str, Receiver]
    regions: Mapping[str, Region] = {}
    teams: Mapping[str, Team] = {}
    scope: ScopeRule = ScopeRule()
    delivery: Delivery = Delivery()
    reopen_within: timedelta = timedelta(minutes=10)
    platform: str = ""
    holidays: Mapping[str, Holidays] = {}
    contacts: Mapping[str, Contact] = {}
    users: Mapping[str, User] = {}
    rotations: Mapping[str, Rotation] = {}
    schedules: Mapping[str, Schedule] = {}
    overrides: tuple[Override, ...] = ()
    escalation_policies: Mapping[str, EscalationPolicy] = {}
    coverage: Mapping[str, Promise] = {}
    tests: tuple[RouteCase, ...] = ()
    intervals: Mapping[str, NamedInterval] = {}
    inhibit_rules: tuple[InhibitRule, ...] = ()
    silences: tuple[Silence, ...] = ()
    """The planned ones."""
    silence_policy: SilencePolicy = SilencePolicy()


class Rejection(Struct, frozen=True):
    """A node that an alert did not end at, and why."""

    path: str
    why: str


class Explained(Struct, frozen=True):
    """Where labels lead, and why nowhere else."""

    matches: tuple[Route, ...]
    rejected: tuple[Rejection, ...]


class Timers(Protocol):
    """What has Alertmanager's repeating timers: a route, or a group of one."""

    @property
    def group_interval(self) -> timedelta:
        """Between two flushes."""
        ...

    @property
    def repeat_interval(self) -> timedelta:
        """Between two tellings of the same."""
        ...


def match(root: Route, labels: Labels, at: datetime) -> tuple[Route, ...]:
    """The routes an alert that is routed at this instant is notified through, in the file's order.

    The root takes what no child takes.
    """
    found: list[Route] = []
    _collect(root, labels, at, found)
    # A root with matchers is refused by the file; should one come by hand, nothing is dropped.
    return tuple(found) or (root,)


def explain(root: Route, labels: Labels, at: datetime) -> Explained:
    """The routes an alert is notified through, and for each other node on the way why not."""
    rejected: list[Rejection] = []
    _reject(root, _Asked(labels, at), rejected)
    return Explained(match(root, labels, at), tuple(rejected))


def repeat_effective(timers: Timers) -> timedelta:
    """How often the same is really told: a repeat waits for a tick, so it is a multiple of `group_interval`."""
    return -(-timers.repeat_interval // timers.group_interval) * timers.group_interval


def walk(root: Route) -> Iterator[Route]:
    """Every node of a tree, parents before children, in the file's order."""
    yield root
    for child in root.routes:
        yield from walk(child)


def _collect(node: Route, labels: Labels, at: datetime, found: list[Route]) -> bool:
    """Whether a node takes the alert; it is found itself where no child takes it."""
    for matcher in node.matchers:
        if not holds(matcher, labels):
            return False
    if not _in_time(node, at):
        return False
    before = len(found)
    for child in node.routes:
        if _collect(child, labels, at, found) and not child.continue_:
            break
    if len(found) == before:
        found.append(node)
    return True


def _in_time(node: Route, at: datetime) -> bool:
    return not node.when or any(active(named.intervals, at) for named in node.when)


class _Asked(Struct, frozen=True):
    labels: Labels
    at: datetime


def _reject(node: Route, asked: _Asked, rejected: list[Rejection]) -> bool:
    """Why a node, or nodes below it, did not take the alert; whether it did."""
    if why := _why_not(node, asked):
        rejected.append(Rejection(node.path, why))
        return False
    below = False
    for index, child in enumerate(node.routes):
        took = _reject(child, asked, rejected)
        below = below or took
        if took and not child.continue_:
            why = f"{child.path} matched first and does not continue"
            rejected.extend(Rejection(later.path, why) for later in node.routes[index + 1 :])
            break
    if below:
        rejected.append(Rejection(node.path, "a route below it matched"))
    return True


def _why_not(node: Route, asked: _Asked) -> str:
    for matcher in node.matchers:
        if not holds(matcher, asked.labels):
            value = asked.labels.get(matcher.name, "")
            found = f"{matcher.name} is {value!r}" if value else f"there is no label {matcher.name}"
            return f"{matcher}: {found}"
    if _in_time(node, asked.at):
        return ""
    opens = [next_change(named.intervals, asked.at) for named in node.when]
    first = min((instant for instant in opens if instant), default=None)
    names = ", ".join(named.name for named in node.when)
    return f"outside {names}" + (f" until {first:%Y-%m-%dT%H:%MZ}" if first else "")
