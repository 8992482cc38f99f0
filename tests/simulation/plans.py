"""What the files of the simulated town may say."""

from datetime import timedelta
from typing import TypeAlias

from msgspec.structs import replace

from synthprobe.agent.agent import Sourced
from synthprobe.core.probes import Check, checks
from synthprobe.core.routes import Routes
from synthprobe.files.probes import load_probe
from synthprobe.files.routes import load_routes

Plan: TypeAlias = tuple[Sourced, ...]

PROBE = """
name: {name}
owner: cards
schedule: {{every: {every}, overlap: {overlap}}}
timeout: {timeout}
regions:
  emea: {{base_url: "http://{name}.emea.example"}}
  amer: {{base_url: "http://{name}.amer.example"}}
steps:
  - id: ask
    request:
      url: ${{{{ region.base_url }}}}/health
      timeout: 40s
    retry: {{on: [connect], max: 1, backoff: 1s}}
    assert:
      - status: 200
alert: {{fail_after: 2, recover_after: 2}}
description: {description}
"""

ROUTES = """
platform: cards
teams: {cards: {schedules: {emea: emea, amer: amer, global: global}}}
regions: {emea: {}, amer: {}}
contacts: {push: {url_file: 'push-${{ user }}'}, call: {url_file: 'call-${{ user }}'}}
users:
  ana: {notify: [{push: 0s}, {call: 30s}]}
  ben: {notify: [{push: 0s}, {call: 30s}]}
  chi: {notify: [{push: 0s}]}
  dee: {notify: [{push: 0s}, {call: 1m}]}
rotations:
  emea: {type: hourly, start: '2026-03-02T00:03', location: UTC, users: [ana, ben]}
  amer: {type: hourly, start: '2026-03-02T00:05', location: UTC, users: [ben, ana]}
  world: {type: hourly, start: '2026-03-02T00:06', location: UTC, users: [dee, ana, ben]}
schedules:
  emea: {layers: [{rotation: emea}], handoff: {notice: 1m, accept_within: 50s}}
  amer: {layers: [{rotation: amer}], handoff: {notice: 1m, accept_within: 50s}}
  global: {layers: [{rotation: world}], handoff: {notice: 1m, accept_within: 50s}}
escalation_policies:
  page:
    levels:
      - {notify: [{on_call: local}], wait: 40s}
      - {notify: [{on_call: global}], wait: 40s}
      - {notify: [{user: chi}, {receiver: line}], wait: 40s}
    repeat: 1
    last_resort: {receiver: line, every: 1m}
    ack_timeout: 80s
route:
  receiver: ops
  group_by: [alertname, probe]
  group_wait: 5s
  group_interval: 20s
  repeat_interval: 2m
  routes:
    - {receiver: page, continue: true}
    - {matchers: ['probe="pay"'], receiver: desk, continue: true}
    - {matchers: ['severity="critical"'], receiver: ops}
receivers:
  - {name: ops, webhook_configs: [{url: "http://ops.example/hook"}]}
  - {name: desk, webhook_configs: [{url: "http://desk.example/hook"}]}
  - {name: line, webhook_configs: [{url: "http://line.example/hook"}]}
  - {name: page, escalation_configs: [{team: '${{ labels.owner }}', policy: page}]}
"""

ASKED = (("pay", "15s", "skip", "8s"), ("login", "20s", "queue", "30s"))
"""Name, interval, overlap and timeout of each probe: one ends before its next slot, the other may not."""

HOSTS = tuple(f"{name}.{region}.example" for name, *_ in ASKED for region in ("emea", "amer"))
RECEIVERS = ("ops.example", "desk.example")
"""Those that routes lead to."""

PAGES = "page"
"""The receiver that pages people."""

LINE = "line.example"
"""Of the last level, and the last resort."""

PEOPLE = ("ana", "ben", "chi", "dee")
SCHEDULES = ("emea", "amer", "global")
PHONES = tuple(f"{person}.example" for person in PEOPLE)


def probes(description: str = "As it was.") -> Plan:
    """Every check with its source."""
    found: list[tuple[Check, str]] = []
    for name, every, overlap, timeout in ASKED:
        text = PROBE.format(name=name, every=every, overlap=overlap, timeout=timeout, description=description)
        probe = load_probe(text, f"probes/{name}.yaml")
        found += [(check, text) for check in checks(probe)]
    return tuple(found)


def routes(text: str = ROUTES) -> Routes:
    """Two routes, of which one probe takes both."""
    return replace(load_routes(text, "routes.yaml"), reopen_within=timedelta(minutes=1))


CHECKS = probes()
"""What is served at first and in the end."""

PLANS: tuple[Plan, ...] = (
    CHECKS,
    probes("Described anew."),
    tuple(each for each in CHECKS if each[0].probe.name == "pay"),
)
"""What the probe files may say in between: nothing new, other words, one file less."""

TREE = routes()
TREES = (TREE, routes(ROUTES.replace('probe="pay"', 'probe=~"pay|login"')))
"""What the routes file may say; in between, the desk may hear of every probe."""
