"""Tells those who were paged what is new about their incident: a raise rings, everything else is quiet."""

from msgspec.structs import replace

from synthprobe.core.escalation import begin, next_step, told_too
from synthprobe.core.incidents import Incident, News
from synthprobe.core.pages import Ring, Topic
from synthprobe.ports import Tx
from synthprobe.router.levels import looking
from synthprobe.router.ringing import page
from synthprobe.router.telling import Turning, Update, quietly


def tell_news(incident: Incident, with_: Turning) -> Tx[Incident]:
    """Ring for a raise whom it concerns; everybody else who was paged hears of it quietly, once."""
    ringing = _concerned(incident, with_)
    told = [p for p in dict.fromkeys((*incident.paged, incident.holder or "")) if p and p not in ringing]
    grave = {News.SCOPE, News.SEVERITY, News.UNSEEN} & set(incident.news)
    for person in ringing:
        yield from page(person, Topic(incident.number, Ring.RAISED, with_.now), with_)
    reason = "raised" if grave else incident.news[0].value
    yield from quietly(told, incident, Update(reason, _note(incident)), with_)
    held, standing = incident.lease, incident.escalation
    return replace(
        incident,
        news=(),
        paged=tuple(dict.fromkeys((*incident.paged, *ringing))),
        # What the holder was told of rings them no second time.
        lease=replace(held, covers=held.covers | {m.thing for m in incident.firing}) if held else None,
        escalation=told_too(standing, ringing) if standing else None,
    )


_NOTES = {
    News.SCOPE: "It fails in several regions now.",
    News.SEVERITY: "It is more severe now.",
    News.UNSEEN: "Something else fails, too.",
    News.JOINED: "Something else fails, too.",
    News.MERGED: "It is one with another incident now.",
}


def _note(incident: Incident) -> str:
    """What is new, in words, each once."""
    implied = {News.JOINED, News.UNSEEN} if News.SCOPE in incident.news else set()
    told = (news for news in incident.news if news in _NOTES and news not in implied)
    return " ".join(dict.fromkeys(_NOTES[news] for news in told))


def _concerned(incident: Incident, with_: Turning) -> tuple[str, ...]:
    """Whose phones a raise rings: whoever is on call for the wider scope and does not know, else the holder."""
    if News.SCOPE in incident.news:
        known = {*incident.paged, incident.holder}
        return tuple(person for person in _on_call(incident, with_) if person not in known)
    if incident.holder and {News.SEVERITY, News.UNSEEN} & set(incident.news):
        return (incident.holder,)
    if News.SEVERITY in incident.news and incident.escalation:
        return tuple(sorted(incident.escalation.current))
    return ()


def _on_call(incident: Incident, with_: Turning) -> tuple[str, ...]:
    """The people of the first level that has any, as the incident is now."""
    standing = incident.escalation
    policy = with_.tree.escalation_policies.get(standing.policy) if standing else None
    if standing is None or policy is None:
        return ()
    step = next_step(
        begin(standing.team, standing.policy, with_.now),
        policy,
        looking(incident, standing, with_),
        with_.now,
    )
    return step.people
