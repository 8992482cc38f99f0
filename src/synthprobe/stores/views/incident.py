"""What an incident's page shows: its alerts, how the concerned checks fare, its timeline, every message and why."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from synthprobe.core.alerts import Alert
from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.core.notifications import Notification
from synthprobe.core.results import Result
from synthprobe.ports import DbRow, Rows, Sql, Tx
from synthprobe.stores import pagers
from synthprobe.stores.columns import document, instant, instant_or_none, integer, text
from synthprobe.stores.pagers import PageDecision
from synthprobe.stores.views.checks import CheckState, check_states
from synthprobe.stores.views.run import runs_whole

_RUNS_SHOWN = 50


class Attempt(Struct, frozen=True, omit_defaults=True):
    """One try to deliver a message."""

    at: datetime
    attempt: int
    outcome: str
    status: int | None = None
    message: str = ""


class Message(Struct, frozen=True, omit_defaults=True):
    """A message that names the incident, with every try to deliver it."""

    receiver: str
    integration: str
    kind: str
    reason: str
    state: str
    created_at: datetime
    due_at: datetime
    delivered_at: datetime | None = None
    last_error: str = ""
    attempts: tuple[Attempt, ...] = ()


class Decision(Struct, frozen=True, omit_defaults=True):
    """One flush's decision about one integration, sent or not, with its reason."""

    at: datetime
    receiver: str
    integration: str
    sent: bool
    reason: str


class FailingAlert(Struct, frozen=True, omit_defaults=True):
    """An alert of the incident with the run that shows best what fails."""

    alert: Alert
    run: Result | None = None
    """Its newest failed run, where it is kept whole."""
    last_good_run: str | None = None


class IncidentView(Struct, frozen=True, omit_defaults=True):
    """Everything about one incident; newest decisions and messages first, the timeline in order."""

    incident: Incident
    alerts: tuple[FailingAlert, ...] = ()
    checks: tuple[CheckState, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    messages: tuple[Message, ...] = ()
    decisions: tuple[Decision, ...] = ()
    pages: tuple[PageDecision, ...] = ()
    """Why whom was, or was not, paged; in order."""


def incident_view(number: int) -> Tx[IncidentView | None]:
    """One incident by its number, or None when there is none; nine statements."""
    of_this: Mapping[str, int] = {"number": number}
    rows = yield Sql("select doc from incidents where number = :number", of_this)
    if not rows:
        return None
    incident = document(rows[0], Incident)
    alerts = yield from _alerts(number)
    checks = yield from check_states(number)
    entries = yield Sql("select doc from timeline where incident = :number order by at, id", of_this)
    messages = yield from _messages(number)
    decisions = yield Sql(_DECISIONS, {"pattern": f"%,{number},%"})
    pages = yield from pagers.decisions_of(number)
    timeline = tuple(document(row, TimelineEntry) for row in entries)
    return IncidentView(
        incident, alerts, checks, timeline, messages, tuple(_decision(row) for row in decisions), pages
    )


def _alerts(number: int) -> Tx[tuple[FailingAlert, ...]]:
    rows = yield Sql(_ALERTS, {"number": number})
    shown = [document(row, Alert).last_result for row in rows[:_RUNS_SHOWN]]
    runs = yield from runs_whole(run_id for run_id in shown if run_id)
    return tuple(_failing(row, runs) for row in rows)


def _failing(row: DbRow, runs: Mapping[str, Result]) -> FailingAlert:
    alert = document(row, Alert)
    good = row["last_good_run"]
    return FailingAlert(alert, runs.get(alert.last_result), good if isinstance(good, str) else None)


def _messages(number: int) -> Tx[tuple[Message, ...]]:
    rows = yield Sql(_MESSAGES, {"number": number})
    tries = yield Sql(_ATTEMPTS, {"number": number})
    return tuple(_message(row, tries) for row in rows)


def _message(row: DbRow, tries: Rows) -> Message:
    return Message(
        text(row, "receiver"),
        text(row, "integration"),
        text(row, "kind"),
        document(row, Notification).reason,
        text(row, "state"),
        instant(row, "created_at"),
        instant(row, "due_at"),
        instant_or_none(row, "delivered_at"),
        text(row, "last_error") if row["last_error"] is not None else "",
        tuple(_attempt(one) for one in tries if one["outbox_id"] == row["id"]),
    )


def _attempt(row: DbRow) -> Attempt:
    status = row["status"]
    return Attempt(
        instant(row, "at"),
        integer(row, "attempt"),
        text(row, "outcome"),
        status if isinstance(status, int) else None,
        text(row, "message"),
    )


def _decision(row: DbRow) -> Decision:
    return Decision(
        instant(row, "at"),
        text(row, "receiver"),
        text(row, "integration"),
        bool(row["sent"]),
        text(row, "reason"),
    )


_ALERTS = """
select a.doc, c.last_good_run from alerts a left join checks c on c.key = a.check_key
where a.incident = :number order by a.state <> 'firing', a.check_key
"""

_MESSAGES = """
select o.* from outbox_incidents i join outbox o on o.id = i.outbox_id
where i.incident = :number order by o.id desc
"""

_ATTEMPTS = """
select d.* from outbox_incidents i join deliveries d on d.outbox_id = i.outbox_id
where i.incident = :number order by d.outbox_id, d.id
"""

_DECISIONS = """
select at, receiver, integration, sent, reason from decisions
where incidents like :pattern order by id desc limit 200
"""
