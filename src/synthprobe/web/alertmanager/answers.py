"""What the API answers, in Alertmanager's shapes."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from synthprobe.core.labels import Labels, Matcher, MatchOp
from synthprobe.core.mutes import MuteKind
from synthprobe.core.silences import Silence, SilenceState, state
from synthprobe.stores.views.alerts import AlertLine, GroupLines


class Named(Struct, frozen=True):
    """A receiver."""

    name: str


class AlertStatus(Struct, rename="camel", frozen=True):
    """Whether an alert is held back, and by what."""

    state: str
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]
    muted_by: tuple[str, ...]


class AlertAnswer(Struct, rename="camel", frozen=True):
    """A gettable alert."""

    labels: Labels
    annotations: Labels
    receivers: tuple[Named, ...]
    fingerprint: str
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime
    status: AlertStatus
    generator_url: str = msgspec.field(default="", name="generatorURL")


class GroupAnswer(Struct, rename="camel", frozen=True):
    """A group of alerts."""

    labels: Labels
    receiver: Named
    alerts: tuple[AlertAnswer, ...]


class MatcherAnswer(Struct, rename="camel", frozen=True):
    """A matcher of a silence."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool


class SilenceStatus(Struct, frozen=True):
    """Where a silence is in its life."""

    state: SilenceState


class SilenceAnswer(Struct, rename="camel", frozen=True):
    """A gettable silence."""

    id: str
    matchers: tuple[MatcherAnswer, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str
    comment: str
    status: SilenceStatus


def alert(line: AlertLine, now: datetime) -> AlertAnswer:
    """An alert; one of ours ends when it is seen to, which is told as later than now."""
    found = line.alert
    starts_at = found.starts_at or found.first_failed_at
    return AlertAnswer(
        labels=found.full_labels,
        annotations=found.annotations,
        receivers=tuple(map(Named, line.receivers)),
        fingerprint=found.fingerprint,
        starts_at=starts_at,
        updated_at=found.updated_at,
        ends_at=found.outside.ends_at if found.outside else now.replace(year=now.year + 1, month=1, day=1),
        status=AlertStatus(
            state="suppressed" if line.mutes else "active",
            silenced_by=tuple(mute.source for mute in line.of(MuteKind.SILENCE)),
            inhibited_by=tuple(dict.fromkeys(mute.source for mute in line.of(MuteKind.INHIBITION))),
            muted_by=tuple(m.name for m in line.of(MuteKind.MUTE_INTERVAL, MuteKind.ACTIVE_INTERVAL)),
        ),
        generator_url=found.outside.generator_url if found.outside else "",
    )


def group(lines: GroupLines, alerts: Iterable[AlertLine], now: datetime) -> GroupAnswer:
    """A group with those of its alerts that were asked for."""
    found = tuple(alert(line, now) for line in alerts)
    return GroupAnswer(lines.group.labels, Named(lines.group.receiver), found)


def silence(found: Silence, now: datetime) -> SilenceAnswer:
    """A silence."""
    return SilenceAnswer(
        id=found.id,
        matchers=tuple(map(_matcher, found.matchers)),
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        updated_at=found.updated_at,
        created_by=found.created_by,
        comment=found.comment,
        status=SilenceStatus(state(found, now)),
    )


def _matcher(found: Matcher) -> MatcherAnswer:
    return MatcherAnswer(
        name=found.name,
        value=found.value,
        is_regex=found.op in (MatchOp.MATCHES, MatchOp.NOT_MATCHES),
        is_equal=found.op in (MatchOp.EQUAL, MatchOp.MATCHES),
    )
