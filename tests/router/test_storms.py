"""A storm of alerts from outside: decided as one by one, written once for all, and told in a line."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import anyio
import pytest
from msgspec.structs import replace
from router_scene import routed

from synthprobe.core.alerts import Change
from synthprobe.core.incidents import Incident, Scope, TimelineEntry
from synthprobe.core.inhibitions import InhibitRule
from synthprobe.core.labels import fingerprint, parse_matchers
from synthprobe.core.outside import Posted, observe
from synthprobe.core.routes import Routes
from synthprobe.core.silences import Seen as SilencedAs
from synthprobe.core.silences import Silence
from synthprobe.ports import Rows, Sql, Tx
from synthprobe.router import taking
from synthprobe.router.placing import moved
from synthprobe.stores import alerts, groups, incidents, silences
from synthprobe.stores.inline import InlineStore
from virtual import START

LATER = START + timedelta(minutes=1)
SOURCE = InhibitRule("down", parse_matchers('instance="h0"'), parse_matchers('severity="info"'))


def storm(count: int, *, since: int = 0, over: bool = False, **labels: str) -> list[Posted]:
    return [
        Posted(
            {"alertname": "Down", "instance": f"h{number}", **labels},
            ends_at=LATER if over else None,
            starts_at=START,
        )
        for number in range(since, since + count)
    ]


class Seen:
    """What a store holds after posts, and how many statements they took."""

    def __init__(self, tree: Routes | None = None) -> None:
        self.store, self.tree, self.statements = InlineStore(), tree or routed(), 0
        self._made = 0

    def post(self, posted: Sequence[Posted], *, whole: bool = True, later: int = 0) -> "Seen":
        """As one batch, or each as any alert that moves is followed."""
        now = LATER + timedelta(minutes=later)
        anyio.run(self.store.write, lambda: self._counted(self._taken(posted, now, whole=whole)))
        return self

    def silence(self, severity: str = "") -> "Seen":
        """The incident's alerts, as its author saw it."""
        made = Silence(
            id="here",
            matchers=parse_matchers('alertname="Down"'),
            starts_at=START,
            ends_at=LATER + timedelta(hours=1),
            created_by="ana",
            comment="known",
            updated_at=START,
            seen=SilencedAs(incident=1, scope=Scope.LOCAL, severity=severity),
        )
        anyio.run(self.store.write, partial(silences.save, made, None))
        return self

    def read(self, transaction: Any) -> Any:
        return anyio.run(partial(self.store.read, transaction))

    def incidents(self) -> list[Incident]:
        found = [self.read(partial(incidents.find, number)) for number in range(1, 9)]
        return [incident for incident in found if incident]

    def timeline(self, number: int = 1) -> list[str]:
        found: tuple[TimelineEntry, ...] = self.read(partial(incidents.timeline, number))
        return [f"{entry.what} {entry.text}" for entry in found]

    def held(self) -> dict[str, set[str]]:
        armed = self.read(groups.armed)
        return {
            group.id: {alert.fingerprint for alert in self.read(partial(groups.members, group.id))}
            for group in armed
        }

    def _taken(self, posted: Sequence[Posted], now: datetime, *, whole: bool) -> Tx[None]:
        if whole:
            yield from taking._take(posted, self.tree, self._new_id, now)
            return
        for each in posted:
            (known,) = (yield from alerts.found([fingerprint(each.labels)])) or (None,)
            observed = observe(known, each, now)
            if observed.alert and observed.change is not Change.NONE:
                yield from moved(observed.alert, observed.change, self.tree, self._new_id, now)

    def _new_id(self) -> str:
        self._made += 1
        return f"id-{self._made}"

    def _counted(self, inner: Tx[None]) -> Tx[None]:
        rows: Rows | None = None
        while True:
            try:
                statement: Sql = next(inner) if rows is None else inner.send(rows)
            except StopIteration:
                return
            self.statements += 1
            rows = yield statement


MIXED = {
    "all alike": storm(40),
    "some graver": [*storm(5), *storm(5, since=5, severity="critical"), *storm(5, since=10)],
    "some in regions": [
        p for n, r in enumerate(("emea", "emea", "apac", "emea")) for p in storm(3, since=3 * n, region=r)
    ],
    "one twice": [*storm(5), *storm(5)],
    "one over and back": [*storm(5), *storm(2, over=True), *storm(2)],
    "all over": [*storm(5), *storm(5, over=True)],
    "sources and targets": [*storm(3), *storm(3, since=3, severity="info"), *storm(1, over=True)],
    "targets before sources": [
        *storm(3, since=3, severity="info"),
        *storm(3),
        *storm(3, since=3, severity="info"),
    ],
}


@pytest.mark.parametrize("inhibited", [False, True], ids=["without inhibition", "with inhibition"])
@pytest.mark.parametrize("posted", MIXED.values(), ids=MIXED.keys())
def test_a_batch_ends_as_its_alerts_do_one_by_one(posted: list[Posted], *, inhibited: bool) -> None:
    tree = replace(routed(), inhibit_rules=(SOURCE,) if inhibited else ())
    together, apart = Seen(tree).post(posted), Seen(tree).post(posted, whole=False)
    assert together.incidents() == apart.incidents()
    assert together.held() == apart.held()
    assert together.read(alerts.firing) == apart.read(alerts.firing)


@pytest.mark.parametrize("severity", ["", "critical"], ids=["made as low", "made as high"])
@pytest.mark.parametrize("posted", MIXED.values(), ids=MIXED.keys())
def test_so_it_does_while_the_incident_is_silenced(posted: list[Posted], severity: str) -> None:
    found = [Seen().post(storm(1)).silence(severity).post(posted, whole=whole) for whole in (True, False)]
    assert found[0].incidents() == found[1].incidents()
    assert found[0].held() == found[1].held()


@pytest.mark.parametrize("whole", [True, False], ids=["together", "one by one"])
def test_what_joins_a_silenced_incident_is_silenced(*, whole: bool) -> None:
    (incident,) = Seen().post(storm(1)).silence().post(storm(3, since=1), whole=whole).incidents()
    assert [member.muted for member in incident.members] == [False, True, True, True]


def test_many_that_join_are_one_entry_that_names_some() -> None:
    seen = Seen().post(storm(412))
    *_, joined = seen.timeline()
    assert joined == (
        "joined Joined: 411 further alerts: Down h1; Down h2; Down h3; Down h4; Down h5; and 406 more"
    )
    assert len(seen.timeline()) == 3, "first failed, opened, joined"
    seen.post(storm(411, over=True), later=1)
    assert seen.timeline()[-1].startswith("recovered 411 alerts that are over: Down h0 is over; ")
    (incident,) = seen.incidents()
    assert len(incident.firing) == 1


def test_one_that_joins_without_a_summary_is_named() -> None:
    assert Seen().post(storm(2)).timeline()[-1] == "joined Joined: Down h1"


def test_what_a_batch_costs_does_not_grow_with_its_alerts() -> None:
    few, many = (Seen().post(storm(1)).post(storm(count, since=1)) for count in (10, 400))
    assert few.statements == many.statements
    few, many = (Seen().post(storm(1)).silence().post(storm(count, since=1)) for count in (10, 400))
    assert few.statements == many.statements, "also while the incident is silenced"


def test_a_storm_in_a_second_region_makes_it_global_once() -> None:
    seen = Seen().post([*storm(30, region="emea"), *storm(30, since=30, region="apac")])
    assert [incident.scope for incident in seen.incidents()] == [Scope.GLOBAL]
    assert sum(line.startswith("raised") for line in seen.timeline()) == 1
