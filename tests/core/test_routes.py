"""Routes match depth first, and say why they do not."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from case_files import cases, document
from synthprobe.core.answers import routes_test
from synthprobe.core.durations import duration_text
from synthprobe.core.routes import Route, Routes, explain, match, repeat_effective, walk
from synthprobe.files.routes import load_routes


def tree(name: str) -> Routes:
    root = document("routing.yaml")["trees"][name]
    receivers = [{"name": receiver} for receiver in sorted(named(root))]
    intervals = [each for each in document("routing.yaml")["time_intervals"] if each["name"] in str(root)]
    file = {"route": root, "receivers": receivers, "time_intervals": intervals}
    return load_routes(yaml.safe_dump(file), "routes.yaml")


def named(node: dict[str, Any]) -> set[str]:
    below = (named(child) for child in node.get("routes", []))
    return {node["receiver"]}.union(*below) if "receiver" in node else set().union(*below)


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)

TREES = {name: tree(name) for name in document("routing.yaml")["trees"]}


@pytest.mark.parametrize("case", cases("routing.yaml", "routes"))
def test_labels_lead_where_alertmanager_sends_them(case: dict[str, Any]) -> None:
    found = [shown(route) for route in match(TREES[case["tree"]].root, case["labels"], NOON)]
    assert [
        {key: route[key] for key in want} for route, want in zip(found, case["out"], strict=True)
    ] == case["out"]


def shown(route: Route) -> dict[str, Any]:
    return {
        "receiver": route.receiver,
        "group_by": list(route.group_by),
        "group_wait": duration_text(route.group_wait),
        "group_interval": duration_text(route.group_interval),
        "repeat_interval": duration_text(route.repeat_interval),
        "active_time_intervals": [named.name for named in route.active_time_intervals],
        "mute_time_intervals": [named.name for named in route.mute_time_intervals],
    }


@pytest.mark.parametrize("case", cases("routing.yaml", "told"))
def test_whoever_is_not_muted_is_told(case: dict[str, Any]) -> None:
    tree = load_routes(yaml.safe_dump(case["file"]), "routes.yaml")
    asked = [routes_test(tree, labels, datetime.fromisoformat(case["at"])) for labels in case["in"]]
    told = [[match.receiver for match in answer.matches if not match.muted_by] for answer in asked]
    assert told == case["out"]


LABELS = st.dictionaries(
    st.sampled_from(["owner", "env", "job", "group_by", "wait", "test", "region"]),
    st.sampled_from(["team-A", "team-B", "production", "testing", "role", "long", "1", "2", "emea", ""]),
)


@given(st.sampled_from(sorted(TREES)), LABELS)
def test_every_alert_reaches_somebody_and_every_route_is_accounted_for(
    name: str, labels: dict[str, str]
) -> None:
    root = TREES[name].root
    explained = explain(root, labels, NOON)
    assert explained.matches
    rejected = {node.path for node in explained.rejected}
    passed_over = {node.path for node in explained.rejected if node.why != "a route below it matched"}
    for route in walk(root):
        below_one = any(route.path.startswith(f"{path}.") for path in passed_over)
        assert (route in explained.matches) + (route.path in rejected) + below_one == 1, route.path


def test_a_rejection_names_the_matcher_and_what_it_found() -> None:
    rejected = {
        node.path: node.why for node in explain(TREES["tree5"].root, {"region": "emea"}, NOON).rejected
    }
    assert rejected == {
        "route": "a route below it matched",
        "route.routes[0]": "region=\"\": region is 'emea'",
        "route.routes[1]": "region!=\"emea\": region is 'emea'",
    }


def test_what_stands_after_a_match_says_so() -> None:
    rejected = {node.path: node.why for node in explain(TREES["tree5"].root, {}, NOON).rejected}
    assert rejected["route.routes[2]"] == "route.routes[0] matched first and does not continue"


def test_keys_are_unique_though_siblings_have_the_same_matchers() -> None:
    twins = [{"matchers": ['a="b"'], "continue": True}, {"matchers": ["a=b"]}]
    text = yaml.safe_dump({"route": {"receiver": "r", "routes": twins}, "receivers": [{"name": "r"}]})
    keys = [route.key for route in walk(load_routes(text, "routes.yaml").root)]
    assert keys == ["{}", '{}/{a="b"}', '{}/{a="b"}#2']


@pytest.mark.parametrize(
    ("interval", "repeat", "effective"),
    [("2s", "5s", "6s"), ("5m", "4h", "4h"), ("1m", "1m", "1m"), ("5m", "1s", "5m")],
    ids=["rounded up", "a multiple", "the same", "shorter"],
)
def test_a_repeat_is_a_multiple_of_the_interval(interval: str, repeat: str, effective: str) -> None:
    route = {"receiver": "r", "group_interval": interval, "repeat_interval": repeat}
    root = load_routes(yaml.safe_dump({"route": route, "receivers": [{"name": "r"}]}), "routes.yaml").root
    assert duration_text(repeat_effective(root)) == effective


def test_the_answer_of_routes_test_is_stable_json() -> None:
    answer = routes_test(TREES["tree2"], {"test": "1"}, datetime(2026, 7, 1, 9, tzinfo=UTC))
    assert msgspec.json.decode(msgspec.json.encode(answer)) == {
        "at": "2026-07-01T09:00:00Z",
        "labels": {"test": "1"},
        "matches": [
            {
                "receiver": "test1",
                "path": ["route", "routes[0]"],
                "group_by": [],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "4h",
                "repeat_effective": "4h",
                "muted_by": [],
                "team": None,
                "levels": [],
            }
        ],
        "rejected": [
            {"path": ["route", "routes[1]"], "why": "test=\"2\": test is '1'"},
            {"path": ["route"], "why": "a route below it matched"},
        ],
    }


OWN = """
platform: platform
regions: {emea: {}}
contacts: {push: {url_file: 'secrets/push'}}
users: {ana: {notify: [{push: 0m}]}, ben: {notify: [{push: 0m}]}}
rotations:
  ours: {type: daily, start: '2026-01-01T08:00', location: UTC, users: [ana]}
  theirs: {type: daily, start: '2026-01-01T08:00', location: UTC, users: [ben]}
schedules: {ours: {layers: [{rotation: ours}]}, theirs: {layers: [{rotation: theirs}]}}
teams: {platform: {schedules: {global: ours, emea: ours}}, cards: {schedules: {global: theirs, emea: theirs}}}
escalation_policies: {page: {levels: [{notify: [{on_call: local}], wait: 5m}], last_resort: {receiver: root, every: 15m}}}
route: {receiver: root}
receivers: [{name: root}, {name: desk, escalation_configs: [{team: cards, policy: page}]}]
"""


@pytest.mark.parametrize("name", ["RegionUnwell", "RegionStale", "EngineUnwell", "UndoFailed"])
@pytest.mark.parametrize(("owner", "team", "person"), [("", "platform", "ana"), ("cards", "cards", "ben")])
def test_an_alert_about_ourselves_shows_whom_it_pages_before_the_routes(
    name: str, owner: str, team: str, person: str
) -> None:
    labels = {"alertname": name, "severity": "critical", "region": "emea", "owner": owner}
    asked = routes_test(load_routes(OWN, "routes.yaml"), labels, NOON)
    assert [match.receiver for match in asked.matches] == ["root"], "the file's own routes page nobody"
    assert asked.built_in
    assert (asked.built_in.team, asked.built_in.policy) == (team, "page")
    assert [target.people for level in asked.built_in.levels for target in level.targets] == [(person,)]


def test_every_other_alert_has_no_built_in_route() -> None:
    routes = load_routes(OWN, "routes.yaml")
    assert routes_test(routes, {"alertname": "ProbeFailed", "severity": "critical"}, NOON).built_in is None
    assert routes_test(routes, {"alertname": "RegionUnwell", "severity": "warning"}, NOON).built_in is None
    lone = load_routes("{route: {receiver: x}, receivers: [{name: x}]}", "routes.yaml")
    assert routes_test(lone, {"alertname": "RegionUnwell", "severity": "critical"}, NOON).built_in is None


TIMED = """
route:
  receiver: root
  routes:
    - {matchers: ['m="1"'], receiver: office, active_time_intervals: [office], routes: [{matchers: ['c="1"']}]}
    - {matchers: ['m="2"'], receiver: desk, when: [office, sunday], continue: true}
    - {matchers: ['m=~"1|2"'], receiver: sibling}
receivers: [{name: root}, {name: office}, {name: desk}, {name: sibling}]
time_intervals:
  - {name: office, time_intervals: [{times: [{start_time: '08:00', end_time: '18:00'}], weekdays: ['monday:friday'], location: Europe/London}]}
  - {name: sunday, time_intervals: [{weekdays: [sunday]}]}
"""
NIGHT = datetime(2026, 7, 1, 23, tzinfo=UTC)


def answers(labels: dict[str, str], at: datetime) -> list[tuple[str, list[str]]]:
    asked = routes_test(load_routes(TIMED, "routes.yaml"), labels, at)
    return [(match.receiver, [mute.name for mute in match.muted_by]) for match in asked.matches]


def test_a_closed_active_interval_mutes_its_route_and_no_sibling_takes_over() -> None:
    assert answers({"m": "1"}, NOON) == [("office", [])]
    assert answers({"m": "1"}, NIGHT) == [("office", ["office"])]
    assert answers({"m": "1", "c": "1"}, NIGHT) == [("office", [])], (
        "a child has none of its parent's intervals"
    )


def test_outside_its_hours_a_route_with_when_is_passed_over() -> None:
    assert answers({"m": "2"}, NOON) == [("desk", []), ("sibling", [])]
    assert answers({"m": "2"}, NIGHT) == [("sibling", [])]
    rejected = explain(load_routes(TIMED, "routes.yaml").root, {"m": "2"}, NIGHT).rejected
    assert ("route.routes[1]", "outside office, sunday until 2026-07-02T07:00Z") in [
        (node.path, node.why) for node in rejected
    ]


FOLLOWED = """
platform: cards
regions: {emea: {}}
contacts: {push: {url_file: 'secrets/push'}}
users: {ana: {notify: [{push: 0m}]}, ben: {notify: [{push: 0m}]}, chi: {notify: [{push: 0m}]}}
rotations:
  days: {type: daily, start: '2026-01-01T12:00', location: UTC, users: [ana, ben]}
  line: {type: daily, start: '2026-01-01T00:00', location: UTC, users: [chi]}
schedules:
  days: {layers: [{rotation: days}]}
  line: {layers: [{rotation: line, restrictions: [{start_time: '00:00', end_time: '06:00'}]}]}
teams: {cards: {schedules: {emea: line, global: days}}}
escalation_policies:
  page:
    levels:
      - {notify: [{on_call: local}], wait: 20m}
      - {notify: [{on_call: global}], wait: 10m}
      - {notify: [{on_call: global}], wait: 10m}
      - {notify: [{schedule: days}, {user: chi}], wait: 5m}
    last_resort: {receiver: root, every: 15m}
route: {receiver: root, routes: [{matchers: ['severity="critical"'], receiver: desk}]}
receivers: [{name: root}, {name: desk, escalation_configs: [{team: cards, policy: page}]}]
"""


def test_each_level_is_asked_at_its_own_start_and_one_passed_over_is_not_waited_for() -> None:
    """At 11:55 level one has nobody, so two starts at once; three starts at 12:05, when the others are on call."""
    tree = load_routes(FOLLOWED, "routes.yaml")
    labels = {"severity": "critical", "region": "emea"}

    def levels(at: str) -> list[tuple[list[tuple[str, ...]], str | None]]:
        (match,) = routes_test(tree, labels, datetime.fromisoformat(at)).matches
        return [([target.people for target in level.targets], level.skipped) for level in match.levels]

    before, after = ("ana",), ("ben",)
    assert levels("2026-07-01T11:55Z") == [
        ([()], "nobody_on_call"),
        ([before], None),
        ([after], None),
        ([after, ("chi",)], None),
    ]
    assert levels("2026-07-01T11:00Z")[2] == ([before], "same_people")
    assert levels("2026-07-01T05:50Z")[0] == ([("chi",)], None), "the wait of level one is waited for"
