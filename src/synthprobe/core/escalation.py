"""Escalation policies: what to do while nobody acknowledges."""

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct


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
