"""One message to one integration of a receiver: what a sender renders, kept in the outbox until delivered."""

from collections.abc import Mapping, Set
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.labels import Labels
from synthprobe.core.pages import note_on


class NotifiedAlert(Struct, frozen=True, omit_defaults=True):
    """An alert as a message tells it."""

    fingerprint: str
    status: str
    """firing or resolved; pending in a note of what would have fired."""
    labels: Labels
    annotations: Mapping[str, str]
    starts_at: datetime
    first_failed_at: datetime
    ends_at: datetime | None = None
    incident: int | None = None
    run_url: str = ""
    """The failing run's page, with its trace: `generatorURL`."""
    last_good_url: str = ""
    """The page of the newest run that passed, where there is one."""
    last_good_at: datetime | None = None


class NotifiedIncident(Struct, frozen=True, omit_defaults=True):
    """An incident as a message names it."""

    number: int
    uid: str
    title: str
    state: str
    scope: str
    severity: str
    opened_at: datetime
    url: str
    failing: tuple[str, ...] = ()
    """The regions it fails in."""
    passing: tuple[str, ...] = ()
    """The other regions of the checks concerned, which are well."""
    holder: str = ""
    """Who has acknowledged it."""
    acknowledge_url: str = ""
    """A page with a button, for the person the message is to; following it acknowledges nothing."""
    reason: str = ""
    """Why the person is rung for it, where the message is a page."""
    level: int | None = None
    """Of its escalation policy, where a level made them be rung."""


class Notification(Struct, frozen=True, omit_defaults=True):
    """One message; `key` is stable across every repeat of its delivery (the idempotency key)."""

    key: str
    receiver: str
    integration: str
    """`kind[index]` within the receiver."""
    kind: str
    """firing, resolved or update."""
    reason: str
    group_key: str
    group_labels: Labels
    alerts: tuple[NotifiedAlert, ...]
    incidents: tuple[NotifiedIncident, ...]
    created_at: datetime
    external_url: str
    note: str = ""
    """A sentence before everything else, such as who could not be told."""
    person: str = ""
    """Whom it is to, where it is a page or a quiet update: then `receiver` is the person, too."""
    contact: str = ""
    """By which of the person's contacts: `push`."""
    location: str = ""
    """The person's zone: times are told in it, too."""
    quiet: bool = False
    """It must not ring."""
    level: int | None = None
    """Of the escalation policy, counted from one, where a level made it."""
    news: tuple[int, ...] = ()
    """Incidents for which a page was made, the one first whose reason the page has; it names others, too, that the
    person is rung for already."""
    late: float = 0.0
    """Seconds by which its timer was overdue."""
    version: int = 1

    @property
    def status(self) -> str:
        """Alertmanager's word for the whole: firing while any alert fires."""
        return "firing" if any(alert.status == "firing" for alert in self.alerts) else "resolved"

    @property
    def foremost(self) -> tuple[NotifiedIncident, ...]:
        """The incidents that a headline names, newest first: those that are not over, or all where none is left."""
        newest = tuple(sorted(self.incidents, key=lambda incident: -incident.number))
        return tuple(i for i in newest if i.state not in ("resolved", "closed")) or newest


def without(message: Notification, left_out: Set[int]) -> Notification:
    """The page as if incidents that it was to tell of, beside others, had not been: its reason is one of theirs."""
    left = replace(
        message,
        incidents=tuple(each for each in message.incidents if each.number not in left_out),
        alerts=tuple(alert for alert in message.alerts if alert.incident not in left_out),
        news=tuple(number for number in message.news if number not in left_out),
    )
    led, leads = _lead(message), _lead(left)
    if leads is None or led == leads or not leads.reason:
        return left
    return replace(left, reason=leads.reason, level=leads.level, note=note_on(leads.reason))


def _lead(message: Notification) -> NotifiedIncident | None:
    """The incident whose reason a page has."""
    first = message.news[:1]
    return next(
        (each for each in message.incidents if each.number in first), next(iter(message.incidents), None)
    )
