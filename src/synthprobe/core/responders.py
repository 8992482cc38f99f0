"""Whom an incident concerns: the people behind a level's targets, whose shift bounds an acknowledgement, who comes next.

An incident's team is the owner its alerts name; an owner that routes.yaml does not know is the platform team. A local
incident is the schedule's of its region, a global one the global schedule's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from synthprobe.core import oncall, routes
from synthprobe.core.escalation import LookUp, Target, TargetKind
from synthprobe.core.incidents import Incident, Scope
from synthprobe.core.labels import Labels
from synthprobe.core.leases import Shift
from synthprobe.core.names import fill_names
from synthprobe.core.routes import Integration, Routes
from synthprobe.core.teams import GLOBAL, ContactStep, Handoff, Override, Schedule

ESCALATION = "escalation"
"""The kind of integration that pages."""

OWN = frozenset({"RegionUnwell", "RegionStale", "EngineUnwell", "UndoFailed"})
"""Alerts about ourselves that page by a built-in route, before the file's own are asked."""

_MOMENT = timedelta(microseconds=1)


class Paging(Struct, frozen=True):
    """Who is paged for an alert, by its first route that pages."""

    team: str
    policy: str


class Place(Struct, frozen=True):
    """What decides which of a team's schedules is asked."""

    team: str
    region: str
    is_global: bool


def paging_of(labels: Labels, tree: Routes, at: datetime) -> Paging | None:
    """The team and policy that an alert with these labels pages; None where none of its routes does."""
    if own := built_in(labels, tree):
        return own
    for route in routes.match(tree.root, labels, at):
        receiver = tree.receivers.get(route.receiver)
        for integration in receiver.integrations if receiver else ():
            if integration.kind == ESCALATION:
                return paging(integration, labels, tree)
    return None


def built_in(labels: Labels, tree: Routes) -> Paging | None:
    """Our own grave trouble pages the team that owns it whatever the routes say: they may be what is wrong.

    By the policy of the first receiver that pages; None for every other alert, and where nothing pages.
    """
    if labels.get("alertname") not in OWN or labels.get("severity") != "critical":
        return None
    entries = (entry for receiver in tree.receivers.values() for entry in receiver.integrations)
    first = next((entry for entry in entries if entry.kind == ESCALATION), None)
    if first is None:
        return None
    owner = labels.get("owner", "")
    return Paging(owner if owner in tree.teams else tree.platform, str(first.options.get("policy", "")))


def paging(integration: Integration, labels: Labels, tree: Routes) -> Paging:
    """What one `escalation_configs` entry says of an alert with these labels."""
    named = {f"labels.{name}": value for name, value in labels.items()}
    team = fill_names(str(integration.options.get("team", "")), named)
    known = team if team in tree.teams else tree.platform
    return Paging(known, str(integration.options.get("policy", "")))


def place_of(incident: Incident, team: str) -> Place:
    """Where an incident is, for a team: the region it counts in, or the whole world."""
    counting = [member.region for member in incident.members if member.counts and member.region]
    others = [member.region for member in incident.members if member.region]
    return Place(team, next(iter((*counting, *others)), ""), incident.scope is Scope.GLOBAL)


def places_of(incident: Incident, team: str) -> tuple[Place, ...]:
    """Where an incident is now, and each region it was in: what may have bounded an acknowledgement of it."""
    regions = (member.region for member in incident.members if member.region)
    was = (Place(team, region, is_global=False) for region in regions)
    return tuple(dict.fromkeys((place_of(incident, team), *was)))


def look_up(place: Place, tree: Routes, overrides: Sequence[Override], at: datetime) -> LookUp:
    """The people that a level's targets stand for at this instant."""

    def people(target: Target) -> tuple[str, ...]:
        match target.kind:
            case TargetKind.USER:
                return (target.name,)
            case TargetKind.SCHEDULE | TargetKind.ON_CALL:
                return _on(schedule_of(target, place, tree), overrides, at)
            case TargetKind.RECEIVER:
                return ()

    return people


def schedule_of(target: Target, place: Place, tree: Routes) -> Schedule | None:
    """The schedule that a level's target asks, if it asks one."""
    match target.kind:
        case TargetKind.SCHEDULE:
            return tree.schedules.get(target.name)
        case TargetKind.ON_CALL:
            return _schedule(place, target.name, tree)
        case TargetKind.USER | TargetKind.RECEIVER:
            return None


def shift_of(
    person: str, place: Place, tree: Routes, overrides: Sequence[Override], at: datetime
) -> Shift | None:
    """The shift of somebody that an incident at this place is in; None where they have none, or it does not end."""
    schedule = _serving(person, place, tree, overrides, at)
    ends_at = oncall.holds_until(schedule, overrides, person, at) if schedule else None
    if schedule is None or ends_at is None:
        return None
    return Shift(ends_at, schedule.handoff.accept_within, schedule.handoff.notice)


def shifts_of(
    person: str, places: Iterable[Place], tree: Routes, overrides: Sequence[Override], at: datetime
) -> tuple[Shift | None, ...]:
    """The shift of somebody at each of these places where they are on call; None is one that does not end."""
    return tuple(
        shift_of(person, place, tree, overrides, at)
        for place in places
        if _serving(person, place, tree, overrides, at)
    )


def cut_short(place: Place, tree: Routes, at: datetime) -> Shift:
    """The shift of somebody who is taken off call at an instant, as if they had never been on it."""
    handoff = next((schedule.handoff for schedule in _schedules(place, tree)), Handoff())
    return Shift(at, handoff.accept_within)


def incoming(
    outgoing: str, place: Place, tree: Routes, overrides: Sequence[Override], at: datetime
) -> tuple[str, ...]:
    """Who is on call from `at` on, where somebody's shift ends then."""
    if schedule := _serving(outgoing, place, tree, overrides, at - _MOMENT):
        return _on(schedule, overrides, at)
    # As the rota is now they were not on call before: whoever would be paged comes after them.
    on_call = (_on(schedule, overrides, at) for schedule in _schedules(place, tree))
    return next(filter(None, on_call), ())


def ladder_of(person: str, tree: Routes) -> tuple[ContactStep, ...]:
    """A person's contacts, of those that routes.yaml knows."""
    user = tree.users.get(person)
    return tuple(step for step in user.notify if step.contact in tree.contacts) if user else ()


def location_of(person: str, tree: Routes) -> str:
    """By whose clock somebody reads times; empty where routes.yaml does not say."""
    return tree.users[person].location if person in tree.users else ""


def contact_of(person: str, contact: str, tree: Routes) -> Integration | None:
    """How a contact of a person is reached: an Apprise URL from the person's own secret."""
    found = tree.contacts.get(contact)
    if found is None or person not in tree.users:
        return None
    options: Mapping[str, object] = {"url_file": fill_names(found.url_file, {"user": person})}
    return Integration("apprise", 0, options)


def _serving(
    person: str, place: Place, tree: Routes, overrides: Sequence[Override], at: datetime
) -> Schedule | None:
    found = _schedules(place, tree)
    return next((each for each in found if person in _on(each, overrides, at)), None)


def _schedules(place: Place, tree: Routes) -> Iterator[Schedule]:
    """The schedules of a place, the first to be asked first."""
    names = (GLOBAL, "local") if place.is_global else ("local", GLOBAL)
    yield from filter(None, (_schedule(place, name, tree) for name in names))


def _schedule(place: Place, which: str, tree: Routes) -> Schedule | None:
    """Local: the team's schedule of the region, none while the incident is global."""
    team = tree.teams.get(place.team)
    if team is None or (which != GLOBAL and place.is_global):
        return None
    return tree.schedules.get(team.schedules.get(GLOBAL if which == GLOBAL else place.region, ""))


def _on(schedule: Schedule | None, overrides: Sequence[Override], at: datetime) -> tuple[str, ...]:
    if schedule is None:
        return ()
    return tuple(dict.fromkeys(duty.user for duty in oncall.duties(schedule, overrides, at)))
