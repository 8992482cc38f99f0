"""Time intervals, inhibition and silences of a checked routes.yaml → core values."""

from collections.abc import Iterable
from uuid import UUID, uuid5

from msgspec import UnsetType

from synthprobe.core.inhibitions import InhibitRule
from synthprobe.core.intervals import NamedInterval
from synthprobe.core.labels import Matcher, parse_matchers
from synthprobe.core.silences import Silence, SilencePolicy
from synthprobe.files.durations import duration
from synthprobe.files.intervals import time_interval
from synthprobe.files.mutes_shape import InhibitRuleFile, NamedIntervalFile, SilenceFile, SilencePolicyFile
from synthprobe.files.shapes import given
from synthprobe.files.wall_texts import end_of, start_of


def named_intervals(files: list[NamedIntervalFile]) -> dict[str, NamedInterval]:
    """`time_intervals` by name."""
    return {
        file.name: NamedInterval(file.name, tuple(map(time_interval, given(file.time_intervals, []))))
        for file in files
    }


def inhibit_rules(files: list[InhibitRuleFile]) -> tuple[InhibitRule, ...]:
    """`inhibit_rules`; one without a name is called by its place."""
    return tuple(
        InhibitRule(
            name=given(file.name, f"inhibit_rules[{index}]"),
            source=matchers(given(file.source_matchers, [])),
            target=matchers(given(file.target_matchers, [])),
            equal=tuple(given(file.equal, [])),
        )
        for index, file in enumerate(files)
    )


def planned_silences(files: list[SilenceFile]) -> tuple[Silence, ...]:
    """`silences`; the same text has the same id after each reload."""
    return tuple(_silence(file) for file in files)


def silence_policy(file: SilencePolicyFile | UnsetType) -> SilencePolicy:
    """`silence_policy`."""
    if isinstance(file, UnsetType):
        return SilencePolicy()
    return SilencePolicy(
        max_duration=None if isinstance(file.max_duration, UnsetType) else duration(file.max_duration),
        remind_before=None if isinstance(file.remind_before, UnsetType) else duration(file.remind_before),
    )


def matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """The matchers of a list; an entry may hold several."""
    return tuple(matcher for text in texts for matcher in parse_matchers(text))


_PLANNED = UUID("5b1c5a0e-6a0b-4d8e-9f63-7f7f8b6e2a11")
"""Makes ids of planned silences different from everybody else's."""


def _silence(file: SilenceFile) -> Silence:
    location = given(file.location, "UTC")
    found = matchers(file.matchers)
    starts_at, ends_at = start_of(file.starts_at, location), end_of(file.ends_at, location)
    text = "\0".join(
        [*map(str, found), starts_at.isoformat(), ends_at.isoformat(), file.created_by, file.comment]
    )
    return Silence(
        id=str(uuid5(_PLANNED, text)),
        matchers=found,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=file.created_by,
        comment=file.comment,
        updated_at=starts_at,
        planned=True,
    )
