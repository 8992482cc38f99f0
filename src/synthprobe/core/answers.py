"""What `routes test` answers: where labels lead at an instant, what holds them back there, and why nowhere else."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from synthprobe.core.durations import duration_text
from synthprobe.core.escalation import Skip
from synthprobe.core.incidents import Scope
from synthprobe.core.labels import Labels
from synthprobe.core.mutes import InForce, muted_by
from synthprobe.core.responders import ESCALATION, Paging, Place, built_in, look_up, paging
from synthprobe.core.routes import Route, Routes, explain, repeat_effective


class MuteAnswer(Struct, frozen=True):
    """What holds a match back, as `routes test` prints it."""

    kind: str
    name: str
    until: datetime | None


class TargetAnswer(Struct, frozen=True):
    """Whom a level's target stands for when the level starts; a receiver stands for nobody."""

    kind: str
    name: str
    people: tuple[str, ...]


class LevelAnswer(Struct, frozen=True):
    """One level of the policy that an alert pages by, at its own start if nobody acts; counted from one."""

    level: int
    wait: str
    targets: tuple[TargetAnswer, ...]
    skipped: str | None
    """Why it is passed over: `nobody_on_call` or `same_people`."""


class MatchAnswer(Struct, frozen=True):
    """One matching route as `routes test` prints it; durations as in the file."""

    receiver: str
    path: tuple[str, ...]
    group_by: tuple[str, ...]
    group_wait: str
    group_interval: str
    repeat_interval: str
    repeat_effective: str
    muted_by: tuple[MuteAnswer, ...] = ()
    team: str | None = None
    levels: tuple[LevelAnswer, ...] = ()


class RejectionAnswer(Struct, frozen=True):
    """One node passed over, as `routes test` prints it."""

    path: tuple[str, ...]
    why: str


class BuiltInAnswer(Struct, frozen=True):
    """Whom an alert about synthprobe itself pages, before the routes of the file are asked."""

    team: str
    policy: str
    levels: tuple[LevelAnswer, ...]


class TestAnswer(Struct, frozen=True, omit_defaults=True):
    """The stable JSON of `routes test`."""

    __test__ = False

    at: datetime
    labels: Labels
    matches: tuple[MatchAnswer, ...]
    rejected: tuple[RejectionAnswer, ...]
    built_in: BuiltInAnswer | None = None


def routes_test(routes: Routes, labels: Labels, at: datetime, in_force: InForce | None = None) -> TestAnswer:
    """The answer of `routes test` for an alert with these labels that is first routed at an instant.

    Without `in_force` only the file is asked: its intervals and its planned silences.
    """
    explained = explain(routes.root, labels, at)
    in_force = in_force or InForce(silences=routes.silences)
    own = built_in(labels, routes)
    return TestAnswer(
        at=at,
        labels=labels,
        matches=tuple(_answer(route, labels, at, in_force, routes) for route in explained.matches),
        rejected=tuple(RejectionAnswer(tuple(node.path.split(".")), node.why) for node in explained.rejected),
        built_in=BuiltInAnswer(own.team, own.policy, tuple(_levels(own, labels, routes, at)))
        if own
        else None,
    )


def _answer(route: Route, labels: Labels, at: datetime, in_force: InForce, tree: Routes) -> MatchAnswer:
    mutes = muted_by(labels, route, in_force, at)
    receiver = tree.receivers.get(route.receiver)
    pages = next((i for i in receiver.integrations if i.kind == ESCALATION), None) if receiver else None
    found = paging(pages, labels, tree) if pages else None
    return MatchAnswer(
        receiver=route.receiver,
        path=tuple(route.path.split(".")),
        group_by=route.group_by,
        group_wait=duration_text(route.group_wait),
        group_interval=duration_text(route.group_interval),
        repeat_interval=duration_text(route.repeat_interval),
        repeat_effective=duration_text(repeat_effective(route)),
        muted_by=tuple(MuteAnswer(mute.kind.value, mute.name, mute.until) for mute in mutes),
        team=found.team if found else None,
        levels=tuple(_levels(found, labels, tree, at)) if found else (),
    )


def _levels(found: Paging, labels: Labels, tree: Routes, at: datetime) -> Iterator[LevelAnswer]:
    """The levels of the first pass if nobody acts: the first at the instant, each other when the one before was waited for."""
    told: set[str] = set()
    policy = tree.escalation_policies.get(found.policy)
    for index, level in enumerate(policy.levels if policy else ()):
        people = look_up(_place(found.team, labels), tree, tree.overrides, at)
        targets = tuple(TargetAnswer(t.kind.value, t.name, people(t)) for t in level.notify)
        named = {name for t in targets for name in (t.people or ((t.name,) if t.kind == "receiver" else ()))}
        skipped = None if named - told else Skip.SAME_PEOPLE if named else Skip.NOBODY_ON_CALL
        told |= named
        if skipped is None:
            at += level.wait
        yield LevelAnswer(index + 1, duration_text(level.wait), targets, skipped)


def _place(team: str, labels: Labels) -> Place:
    """Global only where a label says so."""
    return Place(team, labels.get("region", ""), labels.get("scope") == Scope.GLOBAL)
