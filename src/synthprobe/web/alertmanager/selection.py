"""Which alerts a question asks for: by labels, by receivers, by what holds them back."""

from collections.abc import Iterable
from typing import Annotated

import re2
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from synthprobe.core.labels import Matcher, MatcherError, matches, parse_matcher
from synthprobe.core.mutes import MuteKind
from synthprobe.stores.views.alerts import AlertLine
from synthprobe.web.alertmanager.desk import DeskValue
from synthprobe.web.alertmanager.errors import Refused

Filters = Annotated[list[str] | None, QueryParameter(name="filter")]
Flag = Annotated[bool, QueryParameter()]
ReceiverPattern = Annotated[str | None, QueryParameter()]


class Selection(Struct, frozen=True):
    """What `/alerts` and `/alerts/groups` are asked for."""

    matchers: tuple[Matcher, ...]
    receivers: frozenset[str]
    active: bool
    """Whether those that nothing holds back are wanted; the others say it of what holds them back."""
    silenced: bool
    inhibited: bool
    muted: bool

    def holds(self, line: AlertLine) -> bool:
        """Whether an alert is asked for, whoever hears of it."""
        return matches(self.matchers, line.alert.full_labels) and not (
            (not self.active and not line.mutes)
            or (not self.silenced and line.of(MuteKind.SILENCE))
            or (not self.inhibited and line.of(MuteKind.INHIBITION))
            or (not self.muted and line.of(MuteKind.MUTE_INTERVAL, MuteKind.ACTIVE_INTERVAL))
        )


SelectionValue = NamedDependency[SkipValidation[Selection]]


def selection(
    desk: DeskValue,
    filters: Filters = None,
    receiver: ReceiverPattern = None,
    *,
    active: Flag = True,
    silenced: Flag = True,
    inhibited: Flag = True,
    muted: Flag = True,
) -> Selection:
    """What a query string asks for. Raises `Refused`."""
    return Selection(
        matchers=matchers(filters),
        receivers=_receivers(receiver, desk.routes().receivers),
        active=active,
        silenced=silenced,
        inhibited=inhibited,
        muted=muted,
    )


def matchers(filters: list[str] | None) -> tuple[Matcher, ...]:
    """The matchers that `filter` names. Raises `Refused`."""
    try:
        return tuple(parse_matcher(text) for text in filters or ())
    except MatcherError as error:
        text = str(error)
        raise Refused(text.split(": write name")[0]) from error


def _receivers(pattern: str | None, known: Iterable[str]) -> frozenset[str]:
    """The receivers that an anchored pattern names; all where there is none."""
    if not pattern:
        return frozenset(known)
    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        raise Refused(f"failed to parse receiver param: {pattern}") from error
    return frozenset(name for name in known if compiled.fullmatch(name))
