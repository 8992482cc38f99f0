"""routes.yaml is read as Alertmanager reads its own words, or refused with everything that is wrong with it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from case_files import cases
from synthprobe.core.incidents import ScopeRule
from synthprobe.core.inhibitions import InhibitRule
from synthprobe.core.intervals import NamedInterval, TimeInterval, active
from synthprobe.core.labels import parse_matchers
from synthprobe.core.routes import Delivery, Integration, Region
from synthprobe.core.silences import SilencePolicy
from synthprobe.core.teams import Team
from synthprobe.files.problems import FileProblems
from synthprobe.files.routes import load_routes
from synthprobe.files.routes_shape import routes_schema
from synthprobe.files.scenario_shape import scenario_schema

WHOLE = """
platform: platform
regions:
  emea: {location: Europe/London, references: ['https://one.example.test/']}
  amer: {}
scope: {by: [flow], global_at: {regions: 3}}
teams:
  cards: {secrets: ['ACME_*']}
  platform: {}
route:
  receiver: chat
  group_by: [alertname, probe]
  group_wait: 10s
  routes:
    - {matchers: ['severity="critical"'], receiver: desk, group_interval: 1m, repeat_interval: 1h30m, continue: true}
receivers:
  - name: chat
    slack_configs:
      - {api_url_file: secrets/slack, channel: '#a'}
      - {api_url_file: secrets/slack, channel: '#b', send_resolved: false}
    log_configs: [{}]
  - name: desk
    webhook_configs: [{url: 'https://desk.example.test/hook'}]
delivery: {give_up_after: 2h, on_give_up: chat}
time_intervals:
  - name: night
    time_intervals:
      - {times: [{start_time: '22:00', end_time: '24:00'}], weekdays: ['monday:friday'], days_of_month: ['-1'], months: [1], years: ['2026:2027'], location: Europe/London}
inhibit_rules:
  - {name: down, source_matchers: ['a="1",b="2"'], target_matchers: ['c="3"'], equal: [psp]}
silences:
  - {matchers: ['psp="acq-7"'], starts_at: '2026-03-29T01:30', ends_at: '2026-10-25T01:30', location: Europe/London, created_by: chi, comment: CHG1}
silence_policy: {max_duration: 12h, remind_before: 15m}
"""


def test_what_holds_back_becomes_core_values() -> None:
    routes = load_routes(WHOLE, "routes.yaml")
    night = TimeInterval(((1320, 1440),), ((1, 5),), ((-1, -1),), ((1, 1),), ((2026, 2027),), "Europe/London")
    assert routes.intervals == {"night": NamedInterval("night", (night,))}
    source, target = parse_matchers('a="1",b="2"'), parse_matchers('c="3"')
    assert routes.inhibit_rules == (InhibitRule("down", source, target, ("psp",)),)
    (planned,) = routes.silences
    # It begins after the gap that 01:30 falls into, and ends at the second 01:30 of the day the clocks go back.
    assert planned.starts_at == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert planned.ends_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert (planned.created_by, planned.comment, planned.planned) == ("chi", "CHG1", True)
    assert planned.id == load_routes(WHOLE, "routes.yaml").silences[0].id
    assert routes.silence_policy == SilencePolicy(timedelta(hours=12), timedelta(minutes=15))


def test_a_whole_file_becomes_core_values() -> None:
    routes = load_routes(WHOLE, "routes.yaml")
    assert routes.platform == "platform"
    assert routes.regions == {
        "emea": Region("emea", "Europe/London", ("https://one.example.test/",)),
        "amer": Region("amer"),
    }
    assert routes.scope == ScopeRule(by=("flow",), global_regions=3)
    assert routes.teams == {"cards": Team("cards", secrets=("ACME_*",)), "platform": Team("platform")}
    assert routes.delivery == Delivery(timedelta(hours=2), "chat")
    assert routes.receivers["chat"].integrations == (
        Integration("slack", 0, {"api_url_file": "secrets/slack", "channel": "#a"}),
        Integration("slack", 1, {"api_url_file": "secrets/slack", "channel": "#b"}, send_resolved=False),
        Integration("log", 0, {}),
    )
    assert routes.receivers["desk"].integrations[0].options == {"url": "https://desk.example.test/hook"}


def test_a_route_inherits_what_it_does_not_say() -> None:
    root = load_routes(WHOLE, "routes.yaml").root
    child = root.routes[0]
    assert (root.path, child.path) == ("route", "route.routes[0]")
    assert (root.group_wait, root.group_interval) == (timedelta(seconds=10), timedelta(minutes=5))
    assert child.group_by == ("alertname", "probe")
    assert child.group_wait == timedelta(seconds=10)
    assert child.repeat_interval == timedelta(minutes=90)
    assert child.continue_
    assert not root.continue_


def test_the_repository_s_own_file_loads() -> None:
    file = Path(__file__).parents[2] / "routes.yaml"
    assert load_routes(file.read_bytes(), "routes.yaml").receivers


def told(text: str) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        load_routes(text, "r.yaml")
    return [str(problem).removeprefix("r.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize("case", cases("routes_file.yaml", "refused"))
def test_every_fault_is_told_with_its_place(case: dict[str, Any]) -> None:
    assert told(case["text"]) == case["out"]


@pytest.mark.parametrize("case", cases("routes_file.yaml", "accepted"))
def test_what_looks_odd_and_is_none_is_taken_and_means_what_it_says(case: dict[str, Any]) -> None:
    named = load_routes(yaml.safe_dump(case["file"]), "r.yaml").intervals["n"]
    found = {at: active(named.intervals, datetime.fromisoformat(at)) for at in case["out"]}
    assert found == case["out"]


def test_an_address_never_appears_in_what_is_told() -> None:
    text = (
        "route: {receiver: x}\nreceivers: [{name: x, webhook_configs: [{url: 'htp://u:hunter2@h/token'}]}]\n"
    )
    assert not any("hunter2" in line or "token" in line for line in told(text))


def fields(node: Any) -> Any:
    for definition in node["$defs"].values():
        for name, field in definition.get("properties", {}).items():
            yield definition["title"], name, field


@pytest.mark.parametrize("schema", [routes_schema, scenario_schema])
def test_every_field_of_the_schema_says_what_it_is_with_an_example(schema: Any) -> None:
    for struct, name, field in fields(schema()):
        assert field.get("description"), (struct, name)
        assert field.get("examples"), (struct, name)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["5m", "chat", "...", 'a="b"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_a_file_with_anything_anywhere_loads_or_says_why_not(data: st.DataObject) -> None:
    value = yaml.safe_load(WHOLE)
    node = value
    while True:
        key = data.draw(
            st.sampled_from(sorted(node)) if isinstance(node, dict) else st.sampled_from(range(len(node)))
        )
        inner = node[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        node = inner
    node[key] = data.draw(VALUES)
    try:
        load_routes(yaml.safe_dump(value), "r.yaml")
    except FileProblems as problems:
        found = problems.problems
        assert found
