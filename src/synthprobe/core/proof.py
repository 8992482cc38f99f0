"""Proof that somebody hears of it: every kind of alert, at every instant of a year and more, after all mutes.

Nothing is sampled. What an alert leads to changes only where a time interval, a silence or a schedule does, or so long
before it as a level of the policy begins later; between two such instants it is the same, so one look settles it.
Alerts that lead to the same routes, silences and schedules are looked at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from synthprobe.core import routes
from synthprobe.core.coverage import Promise
from synthprobe.core.escalation import EscalationPolicy, Target, TargetKind, begin, next_step
from synthprobe.core.labels import Labels, matches
from synthprobe.core.maintenance import inherited_matchers, names_something
from synthprobe.core.responders import ESCALATION, Paging, Place, paging, paging_of, schedule_of
from synthprobe.core.routes import Route, Routes
from synthprobe.core.silences import Silence
from synthprobe.core.teams import Schedule
from synthprobe.core.timelines import Timeline, interval_line, joined, on_call_line

SPAN = timedelta(days=400)
"""A year with every rotation and clock change in it, and more than a month."""


class Hole(Struct, frozen=True):
    """A time in which too few hear of an alert with these labels."""

    labels: Labels
    since: datetime
    until: datetime
    told: tuple[str, ...]
    """Those who do: people, or receivers."""
    is_global: bool = False
    planned: bool = False
    """What is muted is named, so it is meant."""


class Look(Struct, frozen=True):
    """Those who hear of an alert that begins to fire at one instant, where they are too few; None where they are enough."""

    too_few: tuple[str, ...] | None
    planned: bool = False


class Proof:
    """One routes file through a span of time; whatever changes in it is worked out once."""

    def __init__(self, tree: Routes, since: datetime, until: datetime) -> None:
        self._tree, self._since, self._until = tree, since, until
        self._matchers = inherited_matchers(tree.root)
        nodes = tuple(routes.walk(tree.root))
        self._intervals = {
            named.name: interval_line(named, since, until)
            for node in nodes
            for named in (*node.when, *node.mute_time_intervals, *node.active_time_intervals)
        }
        self._duties: dict[str, Timeline[tuple[str, ...]]] = {}
        self._short: dict[tuple[object, ...], Timeline[tuple[str, ...] | None]] = {}
        self._choosing = sorted({named.name for node in nodes for named in node.when})
        turns = {since, *(at for name in self._choosing for at in self._intervals[name].starts)}
        self._regimes = {self._regime(at): at for at in sorted(turns, reverse=True)}
        """An instant of each set of active intervals that choose routes."""

    def holes(self, promise: Promise, label_sets: Iterable[Labels]) -> Iterator[Hole]:
        """Every hole in a promise, for one alert of each kind among these; severity is the promise's."""
        kinds: dict[object, Labels] = {}
        for labels in label_sets:
            full: Labels = {**labels, "severity": promise.severity}
            kinds.setdefault(self._kind(full), full)
        for full in kinds.values():
            case = _Case(full, self._ways(full), self._silences(full))
            if promise.receivers:
                looks = self._looks(case, lambda at, case=case: self._receivers(promise, case, at), ())  # type: ignore[misc]
                yield from _holes(looks, full, self._until)
            for is_global in (False, True) if promise.people else ():
                yield from self._without_people(promise, case, is_global=is_global)

    def _kind(self, labels: Labels) -> object:
        """What decides everything about an alert but its instant."""
        ways = []
        for at, way in zip(self._regimes.values(), self._ways(labels).values(), strict=True):
            found = paging_of(labels, self._tree, at)
            team = self._tree.teams.get(found.team) if found else None
            region = team.schedules.get(labels.get("region", "")) if team else None
            ways.append((tuple(node.path for node in way), found and (found.team, found.policy), region))
        return (tuple(ways), tuple(silence.id for silence in self._silences(labels)))

    def _ways(self, labels: Labels) -> dict[tuple[bool, ...], tuple[Route, ...]]:
        return {regime: routes.match(self._tree.root, labels, at) for regime, at in self._regimes.items()}

    def _silences(self, labels: Labels) -> tuple[Silence, ...]:
        return tuple(silence for silence in self._tree.silences if matches(silence.matchers, labels))

    def _regime(self, at: datetime) -> tuple[bool, ...]:
        """Which of the intervals that choose routes are active."""
        return tuple(self._intervals[name].at(at) for name in self._choosing)

    def _without_people(self, promise: Promise, case: "_Case", *, is_global: bool) -> Iterator[Hole]:
        def look(at: datetime) -> Look:
            node, found = self._pages(case.ways[self._regime(at)], case.labels)
            if node is None or found is None:
                return Look(())
            muted, named = self._muted(node, case, at)
            return Look((), planned=named) if muted else Look(lines[found.policy].at(at))

        pages = (self._pages(way, case.labels)[1] for way in case.ways.values())
        region = case.labels.get("region", "")
        lines = {
            found.policy: self._short_line(promise, found.policy, Place(found.team, region, is_global))
            for found in pages
            if found
        }
        more = [at for line in lines.values() for at in line.starts]
        yield from _holes(self._looks(case, look, more), case.labels, self._until, is_global=is_global)

    def _looks(
        self, case: "_Case", look: Callable[[datetime], Look], more: Iterable[datetime]
    ) -> Iterator[tuple[datetime, Look]]:
        """One look at each instant from which on it may be another."""
        instants = {self._since, *more}
        instants.update(at for line in self._intervals.values() for at in line.starts)
        instants.update(at for silence in case.silences for at in (silence.starts_at, silence.ends_at))
        for at in sorted(instants):
            if self._since <= at < self._until:
                yield at, look(at)

    def _receivers(self, promise: Promise, case: "_Case", at: datetime) -> Look:
        told: dict[str, None] = {}
        planned = False
        for node in case.ways[self._regime(at)]:
            if not self._tree.receivers[node.receiver].integrations:
                continue
            muted, named = self._muted(node, case, at)
            planned = planned or (muted and named)
            if not muted:
                told[node.receiver] = None
        return Look(None if len(told) >= promise.receivers else tuple(told), planned)

    def _pages(self, way: Sequence[Route], labels: Labels) -> tuple[Route | None, Paging | None]:
        """The first route of a way that pages, and whom."""
        for node in way:
            for integration in self._tree.receivers[node.receiver].integrations:
                if integration.kind == ESCALATION:
                    return node, paging(integration, labels, self._tree)
        return None, None

    def _muted(self, node: Route, case: "_Case", at: datetime) -> tuple[bool, bool]:
        """Whether a route's alerts are held back at an instant, and whether all that holds them back names something."""
        holding = [silence.matchers for silence in case.silences if silence.starts_at <= at < silence.ends_at]
        muting = any(self._intervals[named.name].at(at) for named in node.mute_time_intervals)
        active = node.active_time_intervals
        if muting or (active and not any(self._intervals[named.name].at(at) for named in active)):
            holding.append(self._matchers[node.path])
        return bool(holding), all(names_something(matchers) for matchers in holding)

    def _short_line(
        self, promise: Promise, policy_name: str, place: Place
    ) -> Timeline[tuple[str, ...] | None]:
        """Through the span, who is paged soon enough where they are too few, and None where they are not."""
        policy = self._tree.escalation_policies[policy_name]
        within = promise.within
        if within is None:
            within = sum((level.wait for level in policy.levels), timedelta())
        asked = _schedules(policy, place, self._tree)
        key = (promise.severity, policy_name, tuple(schedule.name for schedule in asked))
        if key not in self._short:
            lines, offsets = [self._line(schedule) for schedule in asked], _offsets(policy, within)
            turns = {at - offset for line in lines for at in line.starts for offset in offsets}
            known: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {}

            def told(at: datetime) -> tuple[str, ...] | None:
                there = tuple(line.at(at + offset) for offset in offsets for line in lines)
                if there not in known:
                    known[there] = self._escalated(policy, place, within, at)
                return None if len(known[there]) >= promise.people else known[there]

            instants = sorted({self._since, *(at for at in turns if at > self._since)})
            self._short[key] = joined((at, told(at)) for at in instants)
        return self._short[key]

    def _escalated(
        self, policy: EscalationPolicy, place: Place, within: timedelta, at: datetime
    ) -> tuple[str, ...]:
        """Who is paged so soon after an incident opens, of those who have a contact."""
        standing, told = begin(place.team, policy.name, at), dict[str, None]()
        while standing.due_at - at <= within and not standing.at_last_resort:
            now = standing.due_at
            step = next_step(standing, policy, lambda target, now=now: self._stand(target, place, now), now)  # type: ignore[misc]
            told.update(dict.fromkeys(person for person in step.people if self._tree.users[person].notify))
            standing = step.standing
        return tuple(told)

    def _stand(self, target: Target, place: Place, at: datetime) -> tuple[str, ...]:
        schedule = schedule_of(target, place, self._tree)
        if schedule is not None:
            return self._line(schedule).at(at)
        return (target.name,) if target.kind is TargetKind.USER else ()

    def _line(self, schedule: Schedule) -> Timeline[tuple[str, ...]]:
        if schedule.name not in self._duties:
            # Those who begin to be on call after the span are asked of, too, by what begins to fire at its end.
            until = self._until + timedelta(days=1)
            self._duties[schedule.name] = on_call_line(schedule, self._tree.overrides, self._since, until)
        return self._duties[schedule.name]


class _Case(Struct, frozen=True):
    """One kind of alert: where it leads for each set of active intervals, and what may silence it."""

    labels: Labels
    ways: dict[tuple[bool, ...], tuple[Route, ...]]
    silences: tuple[Silence, ...]


def _holes(
    looks: Iterator[tuple[datetime, Look]], labels: Labels, until: datetime, *, is_global: bool = False
) -> Iterator[Hole]:
    """The times in which too few are told; equal ones that follow each other are one."""
    since, seen = until, Look(None)
    for at, look in (*looks, (until, Look(None))):
        if look == seen:
            continue
        if seen.too_few is not None:
            yield Hole(labels, since, at, seen.too_few, is_global, seen.planned)
        since, seen = at, look


def _offsets(policy: EscalationPolicy, within: timedelta) -> tuple[timedelta, ...]:
    """How long after the beginning a level may begin: any sum of waits, since levels may be passed over."""
    sums = {timedelta()}
    for wait in [level.wait for level in policy.levels for _ in range(policy.repeat + 1)]:
        sums |= {total + wait for total in sums if total + wait <= within}
    return tuple(sorted(sums))


def _schedules(policy: EscalationPolicy, place: Place, tree: Routes) -> list[Schedule]:
    found = (schedule_of(target, place, tree) for level in policy.levels for target in level.notify)
    return list({schedule.name: schedule for schedule in found if schedule}.values())
