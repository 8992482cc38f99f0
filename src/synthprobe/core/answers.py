"""What `routes test` answers: where labels lead at an instant, what holds them back there, and why nowhere else."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from synthprobe.core.durations import duration_text
from synthprobe.core.labels import Labels
from synthprobe.core.mutes import InForce, muted_by
from synthprobe.core.routes import Route, Routes, explain, repeat_effective


class MuteAnswer(Struct, frozen=True):
    """What holds a match back, as `routes test` prints it."""

    kind: str
    name: str
    until: datetime | None


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
    levels: tuple[Mapping[str, str], ...] = ()


class RejectionAnswer(Struct, frozen=True):
    """One node passed over, as `routes test` prints it."""

    path: tuple[str, ...]
    why: str


class TestAnswer(Struct, frozen=True):
    """The stable JSON of `routes test`."""

    __test__ = False

    at: datetime
    labels: Labels
    matches: tuple[MatchAnswer, ...]
    rejected: tuple[RejectionAnswer, ...]


def routes_test(routes: Routes, labels: Labels, at: datetime, in_force: InForce | None = None) -> TestAnswer:
    """The answer of `routes test` for an alert with these labels that is first routed at an instant.

    Without `in_force` only the file is asked: its intervals and its planned silences.
    """
    explained = explain(routes.root, labels, at)
    in_force = in_force or InForce(silences=routes.silences)
    return TestAnswer(
        at=at,
        labels=labels,
        matches=tuple(_answer(route, labels, at, in_force) for route in explained.matches),
        rejected=tuple(RejectionAnswer(tuple(node.path.split(".")), node.why) for node in explained.rejected),
    )


def _answer(route: Route, labels: Labels, at: datetime, in_force: InForce) -> MatchAnswer:
    mutes = muted_by(labels, route, in_force, at)
    return MatchAnswer(
        receiver=route.receiver,
        path=tuple(route.path.split(".")),
        group_by=route.group_by,
        group_wait=duration_text(route.group_wait),
        group_interval=duration_text(route.group_interval),
        repeat_interval=duration_text(route.repeat_interval),
        repeat_effective=duration_text(repeat_effective(route)),
        muted_by=tuple(MuteAnswer(mute.kind.value, mute.name, mute.until) for mute in mutes),
    )
