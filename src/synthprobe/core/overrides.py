"""Overrides that people make on a running server, beside those of routes.yaml: what may be made, and both as one."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from synthprobe.core.routes import Routes
from synthprobe.core.spelling import suggestion
from synthprobe.core.teams import Override


class OverrideRefused(ValueError):
    """An override cannot be made, or not be taken back; the message says why."""


class UnknownOverride(LookupError):
    """No override has this id."""


def check(wanted: Override, tree: Routes, made: Iterable[Override], now: datetime) -> None:
    """Whether it may be made beside those that there are. Raises `OverrideRefused`."""
    if not wanted.schedules:
        raise OverrideRefused(
            f"it names no schedule; there are {', '.join(tree.schedules) or 'none in routes.yaml'}"
        )
    for schedule in wanted.schedules:
        _known(schedule, tree.schedules, "schedule")
    people = _people(wanted)
    for person in people:
        _known(person, tree.users, "user")
    if not people:
        raise OverrideRefused("it names neither `add` nor `remove`: say who is, or is not, on call then")
    if wanted.add == wanted.remove:
        raise OverrideRefused(f"{wanted.add} is added and removed; name two people")
    if wanted.start >= wanted.end:
        raise OverrideRefused("it ends before it begins")
    if wanted.end <= now:
        raise OverrideRefused("it is over already")
    for other in (*tree.overrides, *made):
        _refuse_overlap(wanted, other)


def with_made(tree: Routes, made: Iterable[Override]) -> Routes:
    """The routes with what people made; a person or schedule that the file has no more is left out."""
    usable = tuple(
        replace(override, schedules=schedules)
        for override in made
        if all(person in tree.users for person in _people(override))
        and (schedules := tuple(each for each in override.schedules if each in tree.schedules))
    )
    return replace(tree, overrides=(*tree.overrides, *usable)) if usable else tree


def _refuse_overlap(wanted: Override, other: Override) -> None:
    """Two that say something of one person at one time: neither could be told to win."""
    shared = [name for name in wanted.schedules if name in other.schedules]
    people = [name for name in _people(wanted) if name in _people(other)]
    if shared and people and wanted.start < other.end and other.start < wanted.end:
        which = other.id or "of routes.yaml"
        raise OverrideRefused(
            f"it overlaps the override {which} of {people[0]} in {shared[0]}, "
            f"{other.start:%Y-%m-%d %H:%M} to {other.end:%Y-%m-%d %H:%M} UTC; let one end where the other begins"
        )


def _people(override: Override) -> list[str]:
    return [name for name in (override.add, override.remove) if name]


def _known(name: str, known: Iterable[str], kind: str) -> None:
    if name not in known:
        raise OverrideRefused(f"routes.yaml has no {kind} {name}; {suggestion(name, tuple(known))}")
