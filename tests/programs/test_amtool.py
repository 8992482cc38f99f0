"""routes.yaml is Alertmanager's configuration with keys of our own: without those, amtool takes it as it is."""

from pathlib import Path

import pytest
import yaml
from installed import ask

from case_files import cases
from synthprobe.files.routes import load_routes

pytestmark = pytest.mark.programs

ROOT = Path(__file__).resolve().parents[2]
OURS = ("platform", "regions", "teams", "scope", "delivery", "silences", "silence_policy")
"""Keys at the top that Alertmanager does not have."""

OUR_KINDS = ("log_configs",)
"""Ways out that Alertmanager does not have."""

EVERY_WORD = """
platform: platform
regions: {emea: {location: Europe/London}}
teams: {platform: {}}
scope: {by: [probe], global_at: {regions: 2}}
delivery: {give_up_after: 1h, on_give_up: chat}
route:
  receiver: chat
  group_by: ['...']
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 1h30m
  routes:
    - matchers: ['severity="critical"', 'owner=~"cards|accounts"', 'region!="amer"', 'probe!~"test.*"']
      receiver: chat
      continue: true
      group_by: [alertname, probe]
    - {receiver: nobody, mute_time_intervals: [all], active_time_intervals: [all]}
inhibit_rules:
  - {source_matchers: ['a="1"'], target_matchers: ['b=~"2|3"', 'c!="4"'], equal: [psp, region]}
time_intervals:
  - name: all
    time_intervals:
      - {times: [{start_time: '00:00', end_time: '24:00'}], weekdays: ['monday:friday', sunday], days_of_month: ['1', '-5:-1'], months: ['january:march', '12'], years: ['2026:2027'], location: Asia/Kathmandu}
silences:
  - {matchers: ['a="b"'], starts_at: '2026-12-01T01:00', ends_at: '2026-12-01T03:00', location: Asia/Singapore, created_by: chi, comment: CHG1}
silence_policy: {max_duration: 12h}
receivers:
  - name: chat
    slack_configs: [{api_url_file: secrets/slack, channel: '#payments', send_resolved: false}]
    webhook_configs: [{url: 'https://desk.example.test/hook', send_resolved: true}]
    log_configs: [{send_resolved: true}]
  - name: nobody
"""


def for_alertmanager(text: str) -> str:
    """The same file without what is ours."""
    config = {key: value for key, value in yaml.safe_load(text).items() if key not in OURS}
    config["receivers"] = [
        {key: value for key, value in receiver.items() if key not in OUR_KINDS}
        for receiver in config["receivers"]
    ]
    return yaml.safe_dump(config)


def amtool(config: str, folder: Path) -> tuple[int, str]:
    """What `amtool check-config` answers."""
    file = folder / "alertmanager.yml"
    file.write_text(config)
    return ask("amtool", "check-config", str(file))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param((ROOT / "routes.yaml").read_text(), id="the repository's"),
        pytest.param((ROOT / "src/synthprobe/demo/routes.yaml").read_text(), id="the demo's"),
        pytest.param(EVERY_WORD, id="every word that is Alertmanager's"),
    ],
)
def test_amtool_takes_our_routes(text: str, tmp_path: Path) -> None:
    load_routes(text, "routes.yaml")
    code, said = amtool(for_alertmanager(text), tmp_path)
    assert code == 0, said
    assert f"{len(yaml.safe_load(text)['receivers'])} receivers" in said


@pytest.mark.parametrize(
    "case", [each for each in cases("routes_file.yaml", "refused") if str(each.id).startswith("CV-")]
)
def test_amtool_refuses_what_we_refuse_in_its_name(case: dict[str, str], tmp_path: Path) -> None:
    code, said = amtool(for_alertmanager(case["text"]), tmp_path)
    assert code != 0, said
