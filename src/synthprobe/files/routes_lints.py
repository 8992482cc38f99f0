"""What is lawful in a routes.yaml and still a trap: told with its line, so that nobody finds out at night."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from synthprobe.core.durations import duration_text
from synthprobe.core.edges import rotations_of
from synthprobe.core.escalation import EscalationPolicy, Level, TargetKind
from synthprobe.core.labels import MatchOp
from synthprobe.core.maintenance import inherited_matchers, names_something
from synthprobe.core.responders import ESCALATION
from synthprobe.core.routes import Route, Routes, repeat_effective, walk
from synthprobe.core.teams import Rotation
from synthprobe.files.documents import Document, Path
from synthprobe.files.problems import Problem, ordered, problem_at
from synthprobe.files.routes_faults import Fault


def lint(document: Document, tree: Routes) -> tuple[Problem, ...]:
    """Every trap, in the order of the file."""
    found = (fault for rule in LINTS for fault in rule(document, tree))
    return ordered(problem_at(document.position(path), message, hint) for path, message, hint in found)


def repeats(document: Document, tree: Routes) -> Iterator[Fault]:
    """A `repeat_interval` that waits for the next tick of `group_interval`."""
    for node in walk(tree.root):
        written = [
            key for key in ("repeat_interval", "group_interval") if document.text((*_place(node), key))
        ]
        if written and node.repeat_interval % node.group_interval:
            repeat, tick = duration_text(node.repeat_interval), duration_text(node.group_interval)
            message = f"repeat_interval {repeat} is no multiple of group_interval {tick}"
            effective = duration_text(repeat_effective(node))
            yield (*_place(node), written[0]), message, f"it repeats every {effective}; write that"


def catch_alls(document: Document, tree: Routes) -> Iterator[Fault]:
    """A `continue` after which an alert may match nothing more: its parent is not used then."""
    for node in walk(tree.root):
        for child in node.routes:
            if child.continue_ and not _takes_all(node.routes[-1]):
                message = "an alert that matches no route after this one is told to this one only"
                yield (*_place(child), "continue"), message, "end the list with a route without matchers"


def muted_pages(document: Document, tree: Routes) -> Iterator[Fault]:
    """A mute on a route that pages, though what it mutes is whatever may happen, not something under maintenance."""
    matchers = inherited_matchers(tree.root)
    for node in walk(tree.root):
        pages = any(entry.kind == ESCALATION for entry in tree.receivers[node.receiver].integrations)
        for key in ("mute_time_intervals", "active_time_intervals"):
            if pages and getattr(node, key) and not names_something(matchers[node.path]):
                message = "this mutes pages, and no matcher names what is under maintenance"
                yield (*_place(node), key), message, "name it, or choose by time with `when`"


def negative_targets(document: Document, tree: Routes) -> Iterator[Fault]:
    """A target matcher that everything else meets: one source holds back alerts that nobody thought of."""
    for index, rule in enumerate(tree.inhibit_rules):
        for number, matcher in enumerate(rule.target):
            if matcher.op in (MatchOp.NOT_EQUAL, MatchOp.NOT_MATCHES):
                path: Path = ("inhibit_rules", index, "target_matchers", number)
                yield path, f"`{matcher}` holds for whatever it does not name", "name what is held back"


def short_waits(document: Document, tree: Routes) -> Iterator[Fault]:
    """A level that is left before somebody's last contact was tried."""
    for policy in tree.escalation_policies.values():
        for index, level in enumerate(policy.levels):
            ladders = {name: _ladder(tree, name) for name in _people(level, policy, tree)}
            late = [name for name, length in ladders.items() if length > level.wait]
            if late:
                longest = max(late, key=lambda name: ladders[name])
                message = f"wait {duration_text(level.wait)} is shorter than the contact ladder of {longest}"
                hint = f"wait {duration_text(ladders[longest])}, or shorten the ladder"
                yield ("escalation_policies", policy.name, "levels", index, "wait"), message, hint


def unreachable(document: Document, tree: Routes) -> Iterator[Fault]:
    """People who are on call, or named by a level, and have no contact."""
    named = {name for rotation in _rotations(tree) for name in rotation.users}
    named |= {override.add for override in tree.overrides if override.add}
    for policy in tree.escalation_policies.values():
        named |= {t.name for level in policy.levels for t in level.notify if t.kind is TargetKind.USER}
    for name, user in tree.users.items():
        if name in named and not user.notify:
            yield ("users", name), f"`{name}` is paged and has no contact", "write `notify`"


LINTS: tuple[Callable[[Document, Routes], Iterator[Fault]], ...] = (
    repeats,
    catch_alls,
    muted_pages,
    negative_targets,
    short_waits,
    unreachable,
)


def _place(node: Route) -> Path:
    """A node's path in the document: `route.routes[1]` is `("route", "routes", 1)`."""
    words = re.findall(r"[a-z]+|\d+", node.path)
    return tuple(int(word) if word.isdigit() else word for word in words)


def _takes_all(node: Route) -> bool:
    return not node.when and all(m.op is MatchOp.MATCHES and m.value == ".*" for m in node.matchers)


def _ladder(tree: Routes, name: str) -> timedelta:
    return max((step.after for step in tree.users[name].notify), default=timedelta())


def _people(level: Level, policy: EscalationPolicy, tree: Routes) -> Iterator[str]:
    """Everybody whom a level may page."""
    for target in level.notify:
        if target.kind is TargetKind.USER:
            yield target.name
        elif target.kind is not TargetKind.RECEIVER:
            yield from _on_call(target.kind, target.name, policy, tree)


def _on_call(kind: TargetKind, name: str, policy: EscalationPolicy, tree: Routes) -> Iterator[str]:
    names = [name] if kind is TargetKind.SCHEDULE else _schedules(name, policy, tree)
    for schedule in (tree.schedules[each] for each in names):
        for rotation in rotations_of(schedule):
            yield from rotation.users
        yield from (o.add for o in tree.overrides if o.add and schedule.name in o.schedules)


def _schedules(which: str, policy: EscalationPolicy, tree: Routes) -> list[str]:
    """Those that teams who page by this policy have for the world, or for their regions."""
    entries = [
        entry
        for receiver in tree.receivers.values()
        for entry in receiver.integrations
        if entry.kind == ESCALATION and entry.options["policy"] == policy.name
    ]
    teams = {str(entry.options["team"]) for entry in entries}
    used = [
        team for name, team in tree.teams.items() if name in teams or any("${{" in each for each in teams)
    ]
    return [
        schedule
        for team in used
        for region, schedule in team.schedules.items()
        if (region == "global") == (which == "global")
    ]


def _rotations(tree: Routes) -> Iterator[Rotation]:
    for schedule in tree.schedules.values():
        yield from rotations_of(schedule)
