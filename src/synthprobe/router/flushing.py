"""Transaction B: a group whose timer is over, each integration's decision, its messages and the next timer.

Who was told `firing` is told `resolved`; a `resolved` cancels what was not sent yet, and when nothing of the problem
can have arrived it is not sent either. A mute holds back that something fires, never that it ended; the moment it ends
the group is looked at between its ticks, for what fires only.
"""

from collections.abc import Mapping, Set
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core import groups
from synthprobe.core.alerts import Alert
from synthprobe.core.groups import Group, Reason, Told
from synthprobe.core.labels import severity_rank
from synthprobe.core.mutes import MuteKind
from synthprobe.core.responders import ESCALATION, paging
from synthprobe.core.routes import Integration, Routes
from synthprobe.ports import Tx
from synthprobe.router import entries, messages, neighbours
from synthprobe.router.due_group import DueGroup, load
from synthprobe.router.escalating import escalate
from synthprobe.router.facts import Decided
from synthprobe.router.placing import NewId
from synthprobe.stores import groups as group_rows
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import outbox as outbox_rows


class Flushing(Struct, frozen=True):
    """What transaction B needs beside the group's key."""

    tree: Routes
    public_url: str
    now: datetime
    new_id: NewId


def flush(key: str, with_: Flushing) -> Tx[tuple[Decided, ...]]:
    """Flush one group if it is due: a decision for each integration, kept with its reason."""
    group = yield from group_rows.find(key)
    if group is None or group.due_at is None or group.due_at > with_.now:
        return ()
    held = yield from load(group, with_.tree, with_.now)
    receiver = with_.tree.receivers.get(group.receiver)
    before = yield from group_rows.told_to(key)
    decided: list[Decided] = []
    known: set[str] = set()
    for integration in receiver.integrations if receiver else ():
        told = before.pop(integration.name, None)
        if integration.kind == ESCALATION:
            decision = yield from _page(held, integration, with_)
        else:
            decision, told = yield from _tell(held, told, integration, with_)
            known |= told.firing if told else frozenset()
        decided.append(decision)
    staying = {alert.fingerprint for alert in held.firing} & (held.here | known)
    yield from _forget(held, before, staying)
    yield from group_rows.release(
        key, [a.fingerprint for a in (*held.firing, *held.ended) if a.fingerprint not in staying]
    )
    looked = replace(group, muted_by=held.back.names, mute_ends_at=held.back.until)
    yield from group_rows.save(groups.after_flush(looked, holds_firing=bool(staying), now=with_.now))
    return tuple(decided)


def _forget(held: DueGroup, absent: Mapping[str, Told], staying: Set[str]) -> Tx[None]:
    """What ends while an integration is out of the routes file must be new to it when it is back."""
    for name, told in absent.items():
        if not told.firing <= staying:
            yield from group_rows.tell(held.group.id, name, replace(told, firing=told.firing & staying))


def _tell(
    held: DueGroup, before: Told | None, integration: Integration, with_: Flushing
) -> Tx[tuple[Decided, Told | None]]:
    name = integration.name
    told = _of_these_incidents(held, before)
    firing = tuple(
        a for a in held.firing if a.fingerprint in held.here or (told and a.fingerprint in told.firing)
    )
    reason = _decide(held, firing, told, integration, with_.now)
    if held.here and reason in (Reason.UNCHANGED, Reason.REPEAT):
        reason = yield from _reminded(held.group, name, reason, with_.tree)
    reason = _held_back(held, firing, reason, with_.now)
    if reason is Reason.ALL_RESOLVED and not (yield from _was_told(held.group, name)):
        reason = Reason.NEVER_TOLD
        told = replace(told, firing=frozenset()) if told else None
    elif reason.sends:
        told = yield from _send(held, firing, told, reason, integration, with_)
    elif told:
        # What ended untold must be new when it comes back.
        told = replace(told, firing=told.firing - _prints(held.ended))
    if told and told != before:
        yield from group_rows.tell(held.group.id, name, told)
    return (yield from _note(held, name, reason, with_.now)), told


def _held_back(held: DueGroup, firing: tuple[Alert, ...], reason: Reason, now: datetime) -> Reason:
    """What becomes of a reason when a mute holds back everything that fires, or only a mute's end is looked at."""
    if not groups.ticks(held.group, now) and not reason.is_of_firing:
        return _why(held, firing) or Reason.UNCHANGED
    quiet = reason in (Reason.UNCHANGED, Reason.REPEAT) or (reason is Reason.NEVER_TOLD and not held.ended)
    return (_why(held, firing) or reason) if quiet else reason


def _why(held: DueGroup, firing: tuple[Alert, ...]) -> Reason | None:
    """The mute that holds back all that fires, if one does."""
    if not firing or not all(alert.fingerprint in held.muted for alert in firing):
        return None
    return _REASONS[held.back.mutes[firing[0].fingerprint][0].kind]


_REASONS = {
    MuteKind.SILENCE: Reason.SILENCED,
    MuteKind.INHIBITION: Reason.INHIBITED,
    MuteKind.MUTE_INTERVAL: Reason.MUTED,
    MuteKind.ACTIVE_INTERVAL: Reason.MUTED,
}


def _page(held: DueGroup, integration: Integration, with_: Flushing) -> Tx[Decided]:
    """Let what fires escalate. From then on the incidents' own timers decide who is paged; nothing is repeated here."""
    name = integration.name
    begun = False
    for alert in held.firing:
        pages = alert.fingerprint in held.here and alert.fingerprint not in held.muted
        if pages and alert.incident in held.incidents and alert.incident:
            to = paging(integration, alert.full_labels, with_.tree)
            begun |= yield from escalate(alert.incident, to, with_.tree, held.group.due_at or with_.now)
    reason = Reason.FIRST if begun else _why(held, held.firing) or Reason.UNCHANGED
    return (yield from _note(held, name, reason, with_.now))


def _decide(
    held: DueGroup, firing: tuple[Alert, ...], told: Told | None, integration: Integration, now: datetime
) -> Reason:
    known = told.firing & held.muted if told else frozenset()
    heeded = tuple(a for a in firing if a.fingerprint not in held.muted)
    reason = groups.decide(
        # What was told to have ended was released then: it fired, and ended, once more since.
        replace(told, resolved=told.resolved - _prints(held.ended)) if told else None,
        # What is held back counts as firing for those who know that it does, and for nobody else.
        firing=_prints(heeded) | known,
        resolved=_prints(held.ended),
        severity=_gravest(heeded),
        reopened=_reopened(held, heeded, told),
        repeat_interval=groups.repeat_age(held.group),
        send_resolved=integration.send_resolved,
        now=now,
    )
    if reason is Reason.UNCHANGED and held.ended and not firing:
        return Reason.NEVER_TOLD  # it fired again and ended before anybody heard of that
    elsewhere = not held.here and reason in (Reason.REPEAT, Reason.RAISED)
    return Reason.UNCHANGED if elsewhere else reason


def _of_these_incidents(held: DueGroup, told: Told | None) -> Told | None:
    """What was told, without what fires for another incident by now: it ended and began between two ticks."""
    if told is None or not told.incidents:
        return told
    others = [a for a in held.firing if a.fingerprint in held.here and a.incident not in told.incidents]
    return replace(told, firing=told.firing - _prints(tuple(others)))


def _reminded(group: Group, integration: str, reason: Reason, tree: Routes) -> Tx[Reason]:
    """Whether to repeat, by what became of the newest message: one that waits is enough, one given up is none."""
    newest = yield from outbox_rows.newest(group.id, group.receiver, integration)
    if newest == (messages.FIRING, "dead") and tree.delivery.on_give_up not in tree.receivers:
        return Reason.REPEAT
    return Reason.UNCHANGED if newest and newest[1] in ("pending", "leased") else reason


def _was_told(group: Group, integration: str) -> Tx[bool]:
    """Whether an end is news to this integration, once what it was not sent yet is cancelled."""
    yield from outbox_rows.cancel_unsent(group.id, group.receiver, integration)
    last = yield from outbox_rows.last_received(group.id, group.receiver, integration)
    return last == messages.FIRING


def _send(
    held: DueGroup,
    firing: tuple[Alert, ...],
    told: Told | None,
    reason: Reason,
    integration: Integration,
    with_: Flushing,
) -> Tx[Told]:
    heard_of = told.firing | told.resolved if told else frozenset()
    ended = tuple(a for a in held.ended if integration.send_resolved and a.fingerprint in heard_of)
    known = told.firing & held.muted if told else frozenset[str]()
    heeded = tuple(a for a in firing if a.fingerprint not in held.muted)
    # That some ended is told in one message with what goes on firing, held back or not: it must not read as the end.
    shown = heeded or tuple(a for a in firing if a.fingerprint in known)
    alerts = (*shown, *ended)
    message = messages.compose(
        with_.new_id(),
        held.group,
        integration.name,
        reason,
        alerts,
        [held.incidents[n] for n in _numbers(alerts) if n in held.incidents],
        public_url=with_.public_url,
        now=with_.now,
    )
    now_told = groups.heard(
        told,
        firing=_prints(heeded) | known,
        resolved=_prints(held.ended),
        severity=max(_gravest(heeded), told.severity if told and known else "", key=severity_rank),
        now=with_.now,
    )
    yield from neighbours.put(message, held.group.id, now_told.seq)
    knows = tuple(a for a in firing if a.fingerprint in now_told.firing)
    return replace(now_told, incidents=frozenset(_numbers(knows)))


def _note(held: DueGroup, integration: str, reason: Reason, now: datetime) -> Tx[Decided]:
    numbers = tuple(n for n in _numbers((*held.firing, *held.ended)) if n in held.incidents)
    late = now - (held.group.due_at or now)
    names = held.back.names
    yield from group_rows.decided(held.group, integration, reason, numbers, now, muted_by=names)
    # A mute is told of when it begins, not at each tick.
    begins = reason.holds_back and names != held.group.muted_by
    if reason.sends or reason is Reason.NEVER_TOLD or begins:
        lateness = entries.lateness(late)
        entry = entries.decided(now, held.group.receiver, integration, reason, lateness, muted_by=names)
        for number in numbers:
            yield from incident_rows.note(number, (entry,))
    return Decided(held.group.id, held.group.receiver, integration, reason, numbers, now, late)


def _reopened(held: DueGroup, firing: tuple[Alert, ...], told: Told | None) -> bool:
    if told is None:
        return False
    back = [a for a in firing if a.fingerprint in told.resolved and a.fingerprint not in told.firing]
    found = (held.incidents.get(alert.incident) for alert in back if alert.incident is not None)
    return any(incident is not None and incident.reopened > 0 for incident in found)


def _prints(alerts: tuple[Alert, ...]) -> frozenset[str]:
    return frozenset(alert.fingerprint for alert in alerts)


def _gravest(alerts: tuple[Alert, ...]) -> str:
    return max((alert.severity for alert in alerts), key=severity_rank, default="")


def _numbers(alerts: tuple[Alert, ...]) -> tuple[int, ...]:
    return tuple(sorted({alert.incident for alert in alerts if alert.incident is not None}))
