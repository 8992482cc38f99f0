"""Escalation policies of routes.yaml as core values."""

from collections.abc import Mapping

from msgspec import UNSET

from synthprobe.core.escalation import EscalationPolicy, LastResort, Level, Target, TargetKind
from synthprobe.files.durations import duration
from synthprobe.files.escalation_shape import EscalationPolicyFile, LevelFile, TargetFile
from synthprobe.files.routes_shape import RoutesFile
from synthprobe.files.shapes import given


def policies_of(file: RoutesFile) -> Mapping[str, EscalationPolicy]:
    """What to do while nobody acknowledges, by name."""
    return {name: _policy(name, policy) for name, policy in given(file.escalation_policies, {}).items()}


def _policy(name: str, file: EscalationPolicyFile) -> EscalationPolicy:
    return EscalationPolicy(
        name=name,
        levels=tuple(_level(level) for level in file.levels),
        last_resort=LastResort(file.last_resort.receiver, duration(file.last_resort.every)),
        repeat=given(file.repeat, 0),
        ack_timeout=duration(given(file.ack_timeout, "30m")),
    )


def _level(file: LevelFile) -> Level:
    return Level(tuple(_target(target) for target in file.notify), duration(file.wait))


def _target(file: TargetFile) -> Target:
    kind = next(kind for kind in TargetKind if getattr(file, kind.value) is not UNSET)
    return Target(kind, getattr(file, kind.value))
