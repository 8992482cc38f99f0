"""Why somebody was, or was not, paged: every decision about them, and each incident that paged others."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from synthprobe.ports import Sql, Tx
from synthprobe.stores import incidents as incident_rows
from synthprobe.stores import pagers
from synthprobe.stores.columns import integer, text
from synthprobe.stores.pagers import PageDecision


class Why(Struct, frozen=True, omit_defaults=True):
    """One reason, in a word and a sentence."""

    at: datetime
    incident: int
    title: str
    told: bool
    reason: str
    text: str
    level: int | None = None


class Delivery(Struct, frozen=True):
    """How far a message has come."""

    key: str
    state: str
    attempts: int
    last_error: str = ""


def why(person: str, since: datetime) -> Tx[tuple[Why, ...]]:
    """Every decision about somebody since an instant; of incidents that paged only others, why not them."""
    decisions = yield from pagers.decisions_since(since)
    found: list[Why] = []
    for number in dict.fromkeys(decision.incident for decision in decisions):
        incident = yield from incident_rows.find(number)
        title = incident.title if incident else "a test"
        of_it = [decision for decision in decisions if decision.incident == number]
        own = [decision for decision in of_it if decision.person == person]
        found += [_own(decision, title) for decision in own] or _others(of_it, title, person)
    return tuple(sorted(found, key=lambda each: (each.at, each.incident)))


def delivery(key: str) -> Tx[Delivery | None]:
    """What became of the message of a key."""
    rows = yield Sql("select state, attempts, last_error from outbox where key = :key", {"key": key})
    if not rows:
        return None
    error = rows[0]["last_error"]
    return Delivery(
        key, text(rows[0], "state"), integer(rows[0], "attempts"), error if isinstance(error, str) else ""
    )


SENTENCES = {
    "level": "a level started and you were on it",
    "lapsed": "the acknowledgement lapsed and level one started with you",
    "not_accepted": "the handoff was not accepted and level one started with you",
    "raised": "it became more serious",
    "handoff_notice": "a shift was about to end and you were told what is handed over",
    "handoff": "you came on call and were offered it",
    "acknowledge": "somebody took it",
    "reassign": "somebody gave it to somebody else",
    "still_on_it": "your acknowledgement was about to end",
    "joined": "more failed",
    "unseen": "something failed that its holder had not seen",
    "merged": "it became one with another incident",
    "withdrawn": "a check was taken away: not proven healthy",
    "accept": "somebody accepted it",
    "resolved": "it was over",
    "unchanged": "it was over, as you had been told before",
    "never_told": "it was over before anything about it reached you",
    "no_quiet_contact": "you have no contact but calls, which only ring for pages",
    "unreachable": "none of your contacts took the page",
    "spared": "somebody took it, or it was over or held back, before your phone rang",
    "test": "somebody tested your contacts",
}


REASONS = {
    "level": "the level started",
    "last_resort": "every level was gone through",
    "nobody_on_call": "nobody was on call",
    "same_people": "everybody on it was paged in this pass already",
    "unreachable": "none of their contacts took the page",
    "spared": "somebody took it, or it was over or held back, before their phone rang",
    "muted": "all that fires is held back",
    "lapsed": "the acknowledgement lapsed: level one started again",
    "not_accepted": "the handoff was not accepted: level one started again",
    "raised": "it became more serious",
    "joined": "more failed",
    "unseen": "something failed that its holder had not seen",
    "merged": "it became one with another incident",
    "withdrawn": "a check was taken away: not proven healthy",
    "acknowledge": "somebody took it",
    "accept": "somebody accepted it",
    "reassign": "somebody offered it to somebody else",
    "handoff_notice": "a shift was about to end",
    "handoff": "a shift ended: it was offered to them",
    "still_on_it": "their acknowledgement was about to end",
    "resolved": "it was over",
    "unchanged": "it was over, as they had been told before",
    "never_told": "it was over before anything about it reached them",
    "no_quiet_contact": "they have no contact but calls, which ring for pages only",
    "test": "somebody tested their contacts",
}
"""What each reason of a decision about a person means, for those who look at the incident."""


def _own(decision: PageDecision, title: str) -> Why:
    verb = "Not told" if not decision.sent else "Told" if decision.detail.startswith("quietly") else "Paged"
    sentence = SENTENCES.get(decision.reason, decision.reason.replace("_", " "))
    where = f" (level {decision.level})" if decision.level else ""
    words = f"{verb}: {sentence}{where}"
    return Why(decision.at, decision.incident, title, decision.sent, decision.reason, words, decision.level)


def _others(decisions: Sequence[PageDecision], title: str, person: str) -> list[Why]:
    paged = [d for d in decisions if d.sent and d.person]
    first = decisions[0]
    who = ", ".join(dict.fromkeys(d.person for d in paged))
    passed = [
        f"level {d.level} had {d.reason.replace('_', ' ')}" for d in decisions if not d.sent and d.level
    ]
    said = [f"it paged {who}" if who else "it paged nobody", *dict.fromkeys(passed)]
    words = f"Not paged: no level that started had {person} on it; {'; '.join(said)}"
    return [Why(first.at, first.incident, title, False, "not_on_a_level", words)]
