"""Plans how an entry of the ledger is taken back: what was found decides what to do next, and nothing else does.

    look ──nothing there──▶ asked again after 10 s, 60 s, 10 min; then believed
      │
      └─things─▶ each: an act of ours is verified     closed
                       the first branch that holds    `done`: closed; an action: act, unless it is on its way
                       no branch holds                stuck: closes nothing, asked again for ever

"Nothing there" is believed at once only of a request that was refused. What may still take effect is waited for, ten
minutes long, before anything else is done: an act that was accepted, one without an idempotency key whose answer was
lost, and the step of `unless` when it was sent and did not pass. A search that is behind must not make us pay twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from synthprobe.core.act_keys import generation_of, key_of
from synthprobe.core.assertions import evaluate
from synthprobe.core.expectations import Assertion
from synthprobe.core.ledger import Act, ActState, Arrival, Entry
from synthprobe.core.requests import Request
from synthprobe.core.responses import Part, Response
from synthprobe.core.results import Verdict
from synthprobe.core.take_back import Branch
from synthprobe.core.templates import Json, Names


class Pace(Struct, frozen=True):
    """How long what was sent may take to show: looks, and pauses between attempts, are spread over that."""

    patience: timedelta = timedelta(minutes=10)

    @property
    def looks(self) -> tuple[timedelta, ...]:
        """When it is asked again, counted from the first look that found nothing: after 10 s, 60 s, 10 min."""
        return self.patience / 60, self.patience / 10, self.patience

    @property
    def first_pause(self) -> timedelta:
        """After the first attempt that failed: 5 s; doubled each time, up to the patience."""
        return self.patience / 120


USUAL = Pace()

TOLD_AFTER = 3
"""Failed attempts in a row after which people are told."""


class Move(StrEnum):
    """What to do about one thing."""

    CLOSE = "close"
    ACT = "act"
    WAIT = "wait"
    """For an act to take effect, or for what may still appear."""
    STUCK = "stuck"


class Decision(Struct, frozen=True):
    """What to do about one thing that was found, or about nothing, and why."""

    move: Move
    why: str
    branch: int = 0
    key: str = ""
    item: Json = None
    since: datetime | None = None
    """Of a wait: when that was sent which may still take effect."""


def decide(
    entry: Entry, items: Sequence[Json], answer: Response, names: Names, now: datetime, pace: Pace = USUAL
) -> tuple[Decision, ...]:
    """What to do about each thing that a look's answer shows; all closed closes the entry. Raises `LookupFailed`."""
    if not items:
        return (_nothing(entry, answer, names, pace),)
    return tuple(_about(entry, item, answer, names, now, pace) for item in items)


def holds(expected: Sequence[Assertion], answer: Response, names: Names) -> bool:
    """Whether everything expected of an answer is so. Raises `LookupFailed`."""
    return all(evaluate(each, answer, names).verdict is Verdict.PASS for each in expected)


def _about(entry: Entry, item: Json, answer: Response, names: Names, now: datetime, pace: Pace) -> Decision:
    part, names = Part.of(answer, item), {**names, "item": item}
    for index, branch in enumerate(entry.undo.branches):
        if branch.action is None:
            continue
        if key_of(entry, index, item) in entry.acts and holds(branch.verify, part, names):
            return Decision(Move.CLOSE, "taken back, as was verified", index, item=item)
    for index, branch in enumerate(entry.undo.branches):
        if holds(branch.when, part, names):
            return _by(branch, index, entry, item, now, pace)
    return Decision(Move.STUCK, "what was found is in a state that no branch of `act` is for", item=item)


def _by(branch: Branch, index: int, entry: Entry, item: Json, now: datetime, pace: Pace) -> Decision:
    if branch.action is None:
        return Decision(Move.CLOSE, branch.done or "nothing is held", index, item=item)
    generation = generation_of(entry, index, item)
    key = key_of(entry, index, item, generation)
    act = entry.acts.get(key)
    worn_out = act is not None and is_worn_out(act, branch, now, pace)
    if act is not None and (
        may_take_effect(act, branch, now, pace) or (worn_out and _is_near(act, now, pace))
    ):
        why = _WORN_OUT if worn_out else "an act was sent, and `verify` does not hold yet"
        return Decision(Move.WAIT, why, index, key, item, act.at)
    if entry.relief_at is not None and now - entry.relief_at < pace.patience:
        why = f"{entry.undo.unless} was sent, did not pass, and may still take effect"
        return Decision(Move.WAIT, why, index, key, item, entry.relief_at)
    if worn_out:
        key = key_of(entry, index, item, generation + 1)
    return Decision(Move.ACT, "", index, key, item)


def may_take_effect(act: Act, branch: Branch, now: datetime, pace: Pace = USUAL) -> bool:
    """Whether an act is on its way, so that it must not be sent once more."""
    if not _is_near(act, now, pace):
        return False
    keyed = not isinstance(branch.action, Request) or branch.action.idempotency is not None
    return act.state is ActState.ACCEPTED or (act.state is ActState.UNKNOWN and not keyed)


def is_worn_out(act: Act, branch: Branch, now: datetime, pace: Pace = USUAL) -> bool:
    """Whether nothing is to be had by an act's key any more: it was never accepted, and each answer said so for good."""
    keyed = isinstance(branch.action, Request) and branch.action.idempotency is not None
    since = act.failing_since
    return keyed and not act.accepted and since is not None and now - since >= pace.patience


def _is_near(act: Act, now: datetime, pace: Pace) -> bool:
    """Whether what was sent so shortly before may not have taken effect yet."""
    return now - act.at < pace.patience


def _nothing(entry: Entry, answer: Response, names: Names, pace: Pace) -> Decision:
    empty, names = Part.of(answer, None), {**names, "item": None}
    for act in entry.acts.values():
        if holds(entry.undo.branches[act.branch].verify, empty, names):
            return Decision(Move.CLOSE, "taken back, as was verified", act.branch)
    if entry.arrival is Arrival.REFUSED:
        return Decision(Move.CLOSE, "the request was refused, and nothing is there")
    if entry.empty_looks >= len(pace.looks):
        return Decision(Move.CLOSE, "nothing was there")
    return Decision(Move.WAIT, "nothing is there, and what was sent may still appear")


def found_nothing(entry: Entry, why: str, now: datetime, pace: Pace = USUAL) -> Entry:
    """The entry after a look that found nothing, when that is not believed yet."""
    since = entry.empty_since or now
    due = max(now, since + pace.looks[min(entry.empty_looks, len(pace.looks) - 1)])
    return replace(
        entry,
        empty_since=since,
        empty_looks=entry.empty_looks + 1,
        due_at=due,
        failures=0,
        trouble=why,
    )


def waits(entry: Entry, decision: Decision, now: datetime, pace: Pace = USUAL) -> Entry:
    """The entry while what may still take effect is waited for."""
    since = decision.since or now
    due = next((since + each for each in pace.looks if since + each > now), now + pace.first_pause)
    return replace(entry, due_at=due, trouble=decision.why)


def found_things(entry: Entry) -> Entry:
    """The entry after a look that found something: what is not there now is waited for anew."""
    return replace(entry, empty_since=None, empty_looks=0) if entry.empty_looks else entry


def sends(entry: Entry, key: str, branch: int, now: datetime) -> Entry:
    """The entry before an act is sent."""
    known = entry.acts.get(key, Act(branch, now))
    in_vain = known.state is ActState.ACCEPTED
    failures = max(entry.failures, TOLD_AFTER) if in_vain else entry.failures
    act = replace(known, at=now, state=ActState.UNKNOWN, accepted=known.accepted or in_vain)
    return replace(entry, acts={**entry.acts, key: act}, failures=failures)


def sent(entry: Entry, key: str, arrival: Arrival, now: datetime, *, for_good: bool = False) -> Entry:
    """The entry after it; `for_good` if it was answered that it did not succeed, and not that it may yet."""
    known = entry.acts[key]
    act = replace(
        known,
        at=now,
        state=_ACT_STATES[arrival],
        failing_since=(known.failing_since or now) if for_good else None,
        accepted=known.accepted or arrival is Arrival.ANSWERED,
    )
    return replace(entry, acts={**entry.acts, key: act})


def failed(entry: Entry, why: str, now: datetime, spread: float, pace: Pace = USUAL) -> Entry:
    """The entry after an attempt that did not bring it further; `spread` in [0, 1) keeps many from coming at once."""
    pause = min(pace.patience, pace.first_pause * 2 ** min(entry.failures, 20))
    due = now + pause * (0.5 + spread / 2)
    return replace(entry, failures=entry.failures + 1, due_at=due, trouble=why)


_ACT_STATES: Mapping[Arrival, ActState] = {
    Arrival.UNKNOWN: ActState.UNKNOWN,
    Arrival.ANSWERED: ActState.ACCEPTED,
    Arrival.REFUSED: ActState.REFUSED,
    Arrival.NOTHING: ActState.UNSENT,
}

_WORN_OUT = "each answer to its key said that the act did not succeed; another key is used once nothing sent by this one can take effect"
