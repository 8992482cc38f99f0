"""What to do while nobody acknowledges: whom a level tells, which levels are passed over, and when the next is due.

    level 1 ──wait──▶ level 2 ──wait──▶ … last level ──wait──▶ level 1 (`repeat` further passes) ──▶ last resort, every `every`

People are looked up when a level starts. A level that has nobody, or nobody but those told earlier in this pass, is
passed over at once. One step is made however late it is: `wait` counts from when the level before really started.
Whether a step is due at all (acknowledged, all passing, muted) is asked before, by `core/incidents.py`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace


class TargetKind(StrEnum):
    """What a level's target names."""

    ON_CALL = "on_call"
    """`local` (the team's schedule of the incident's region) or `global`."""
    SCHEDULE = "schedule"
    USER = "user"
    RECEIVER = "receiver"


class Target(Struct, frozen=True):
    """Whom a level notifies; people are looked up when the level starts."""

    kind: TargetKind
    name: str


class Level(Struct, frozen=True):
    """One rung: whom, and how long to wait after it."""

    notify: tuple[Target, ...]
    wait: timedelta


class LastResort(Struct, frozen=True):
    """Who hears of it, and how often, once every pass is over: never silent."""

    receiver: str
    every: timedelta


class EscalationPolicy(Struct, frozen=True):
    """Levels in order, `repeat` further passes, then the last resort."""

    name: str
    levels: tuple[Level, ...]
    last_resort: LastResort
    repeat: int = 0
    ack_timeout: timedelta = timedelta(minutes=30)


class Skip(StrEnum):
    """Why a level was passed over, or not waited for; the same word on the timeline and in `explain`."""

    NOBODY_ON_CALL = "nobody_on_call"
    SAME_PEOPLE = "same_people"
    """All of them were told earlier in this pass."""
    UNREACHABLE = "unreachable"
    """No contact of anybody it paged took the page."""
    SPARED = "spared"
    """Somebody had it, or it was over or held back, before the phone rang."""


class Standing(Struct, frozen=True, omit_defaults=True):
    """How far the escalation of one incident has come."""

    team: str
    policy: str
    due_at: datetime
    """When the next step is due."""
    passed: int = 0
    """Passes that are over."""
    level: int = 0
    """Index of the level that comes next in this pass."""
    told: frozenset[str] = frozenset()
    """Who was told in this pass: people by name, receivers as `receiver:duty-line`."""
    current: frozenset[str] = frozenset()
    """The people of the level that was started last."""
    reason: str = "level"
    """Why the next step is made: `level`, or that an acknowledgement ended (`lapsed`, `not_accepted`)."""

    @property
    def at_last_resort(self) -> bool:
        """Whether every level was gone through as often as the policy says."""
        return self.level < 0


class Passed(Struct, frozen=True):
    """A level that was passed over; levels count from one."""

    level: int
    reason: Skip


class Step(Struct, frozen=True):
    """One step: who is told now, what was passed over on the way, and where the escalation stands then."""

    standing: Standing
    level: int | None
    """Counted from one; None is the last resort."""
    people: tuple[str, ...]
    receivers: tuple[str, ...]
    passed_over: tuple[Passed, ...] = ()


LookUp: TypeAlias = Callable[[Target], tuple[str, ...]]
"""The people a target stands for at this instant; none where nobody is on call."""


def begin(team: str, policy: str, at: datetime, reason: str = "level") -> Standing:
    """An escalation whose first level is due at an instant."""
    return Standing(team, policy, at, reason=reason)


def next_step(standing: Standing, policy: EscalationPolicy, look_up: LookUp, now: datetime) -> Step:
    """The step that is due now: the next level that has somebody new, or the last resort."""
    passed_over: list[Passed] = []
    for at in _levels(standing, policy):
        people, receivers = _of(policy.levels[at.level], look_up)
        fresh = tuple(p for p in people if p not in at.told)
        fresh_receivers = tuple(r for r in receivers if _as_told(r) not in at.told)
        if fresh or fresh_receivers:
            return Step(
                _after(at, policy, fresh, fresh_receivers, now), at.level + 1, fresh, fresh_receivers,
                tuple(passed_over),
            )  # fmt: skip
        reason = Skip.SAME_PEOPLE if people or receivers else Skip.NOBODY_ON_CALL
        passed_over.append(Passed(at.level + 1, reason))
    last = policy.last_resort
    standing = replace(
        standing,
        passed=policy.repeat + 1,
        level=_LAST_RESORT,
        due_at=now + last.every,
        told=frozenset(),
        current=frozenset(),
        reason="level",
    )
    return Step(standing, None, (), (last.receiver,), _once_each(passed_over))


def told_too(standing: Standing, people: tuple[str, ...]) -> Standing:
    """The standing after people were paged beside its levels (a raise): their level is passed over in this pass."""
    return replace(standing, told=standing.told | set(people))


def hastened(standing: Standing, person: str, now: datetime) -> Standing | None:
    """The standing when no contact of this person works: without them the level is not waited for; None is no change."""
    if person not in standing.current:
        return None
    current = standing.current - {person}
    return replace(
        standing, current=current, due_at=standing.due_at if current else min(standing.due_at, now)
    )


_LAST_RESORT = -1


def _levels(standing: Standing, policy: EscalationPolicy) -> Iterator[Standing]:
    """Where it stands before each level that may still come, over all passes that are left."""
    # A policy that was edited meanwhile may have fewer levels or passes.
    if standing.at_last_resort:
        return
    while standing.passed <= policy.repeat:
        for level in range(standing.level, len(policy.levels)):
            yield replace(standing, level=level)
        standing = replace(standing, passed=standing.passed + 1, level=0, told=frozenset())


def _after(
    standing: Standing,
    policy: EscalationPolicy,
    people: tuple[str, ...],
    receivers: tuple[str, ...],
    now: datetime,
) -> Standing:
    told = standing.told | set(people) | {_as_told(r) for r in receivers}
    due_at = now + policy.levels[standing.level].wait
    moved = replace(
        standing,
        due_at=due_at,
        level=standing.level + 1,
        told=told,
        current=frozenset(people),
        reason="level",
    )
    if moved.level < len(policy.levels):
        return moved
    return replace(moved, passed=moved.passed + 1, level=0, told=frozenset())


def _of(level: Level, look_up: LookUp) -> tuple[tuple[str, ...], tuple[str, ...]]:
    receivers = tuple(t.name for t in level.notify if t.kind is TargetKind.RECEIVER)
    people = [p for t in level.notify if t.kind is not TargetKind.RECEIVER for p in look_up(t)]
    return tuple(dict.fromkeys(people)), receivers


def _as_told(receiver: str) -> str:
    return f"receiver:{receiver}"


def _once_each(passed: list[Passed]) -> tuple[Passed, ...]:
    """Several passes over the same empty levels are told once."""
    return tuple(dict.fromkeys(passed))
