"""Starts the level that is due, or tells the last resort; a mute over all that fires makes it wait."""

from datetime import timedelta

from msgspec.structs import replace

from synthprobe.core.escalation import LookUp, Standing, Step, next_step
from synthprobe.core.incidents import Incident, TimelineEntry
from synthprobe.core.pages import Ring, Topic
from synthprobe.core.responders import look_up, place_of
from synthprobe.ports import Tx
from synthprobe.router.entries import lateness
from synthprobe.router.keeping import keep_incident
from synthprobe.router.messages import FIRING
from synthprobe.router.muting import LOOK_AGAIN, muted_until
from synthprobe.router.ringing import page
from synthprobe.router.telling import Turning, Update, tell_receiver
from synthprobe.stores import pagers as pager_rows
from synthprobe.stores.pagers import PageDecision

LAST_RESORT = "last_resort"


def start_level(incident: Incident, late: timedelta, with_: Turning) -> Tx[Incident]:
    """Start the level that is due: look people up, page them, and say whom it passed over."""
    standing = incident.escalation
    if standing is None:
        return incident
    if incident.muted:
        return (yield from _paused(incident, with_))
    policy = with_.tree.escalation_policies.get(standing.policy)
    if policy is None:
        # The file was edited: there is another policy for the same problem, or none that could page anybody.
        return (yield from _without_policy(incident, standing, with_))
    step = next_step(standing, policy, looking(incident, standing, with_), with_.now)
    yield from _passed_over(incident, step, with_)
    for person in step.people:
        topic = Topic(incident.number, Ring(standing.reason), with_.now - late, step.level)
        yield from page(person, topic, with_)
    for receiver in step.receivers:
        reason = standing.reason if step.level else LAST_RESORT
        update = Update(reason, kind=FIRING, level=step.level, late=late)
        yield from tell_receiver(receiver, incident, update, with_)
    after = replace(
        incident,
        escalation=step.standing,
        paused_until=None,
        paged=tuple(dict.fromkeys((*incident.paged, *step.people))),
        rung=tuple(dict.fromkeys((*incident.rung, *step.receivers))),
    )
    yield from keep_incident(after, [_started(step, late, with_)], with_.tree)
    return after


def looking(incident: Incident, standing: Standing, with_: Turning) -> LookUp:
    """Who the targets of a level stand for, where this incident is now."""
    return look_up(place_of(incident, standing.team), with_.tree, with_.overrides, with_.now)


def _paused(incident: Incident, with_: Turning) -> Tx[Incident]:
    """Hold the level back until the mute ends; then it goes on with the level that is due."""
    until = yield from muted_until(incident, with_.tree, with_.now)
    latest = with_.now + LOOK_AGAIN
    if incident.paused_until is None:
        entry = TimelineEntry(with_.now, "paused", "All that fires is muted: escalation waits")
        yield from keep_incident(incident, [entry], with_.tree)
        yield from _note(incident, "muted", with_)
    return replace(incident, paused_until=min(until, latest) if until and until > with_.now else latest)


def _without_policy(incident: Incident, standing: Standing, with_: Turning) -> Tx[Incident]:
    text = f"There is no policy {standing.policy} any more: it escalates as its routes say"
    entry = TimelineEntry(with_.now, "rerouted", text)
    after = replace(incident, escalation=None)
    yield from keep_incident(after, [entry], with_.tree)
    return after


def _passed_over(incident: Incident, step: Step, with_: Turning) -> Tx[None]:
    for over in step.passed_over:
        words = over.reason.value.replace("_", " ")
        entry = TimelineEntry(with_.now, "passed_over", f"Passed over level {over.level}: {words}")
        yield from keep_incident(incident, [entry], with_.tree)
        yield from _note(incident, over.reason.value, with_, over.level)


def _note(incident: Incident, reason: str, with_: Turning, level: int | None = None) -> Tx[None]:
    yield from pager_rows.decided([PageDecision(with_.now, incident.number, "", False, reason, level)])


def _started(step: Step, late: timedelta, with_: Turning) -> TimelineEntry:
    who = ", ".join((*step.people, *step.receivers))
    what = f"Level {step.level}" if step.level else "Last resort"
    return TimelineEntry(with_.now, "level" if step.level else LAST_RESORT, f"{what}: {who}{lateness(late)}")
