"""`synthprobe routes check`: traps, the file's own tests, and the proof that somebody always hears of it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synthprobe.cli import synthprobe

ROUTES = """\
platform: platform
regions: {emea: {location: Europe/London}}
contacts: {push: {url_file: 'secrets/${{ user }}'}}
users:
  ana: {location: Europe/London, notify: [{push: 0m}, {push: 5m}]}
  ben: {location: Europe/London, notify: [{push: 0m}]}
  boss: {notify: [{push: 0m}]}
rotations:
  days: {type: daily, start: '2026-01-01T08:00', location: Europe/London, users: [ana, ben]}
schedules:
  office:
    location: Europe/London
    layers: [{rotation: days, restrictions: [{weekdays: ['monday:friday'], start_time: '08:00', end_time: '18:00'}]}]
  always: {layers: [{rotation: days}]}
teams:
  cards: {schedules: {emea: office, global: always}}
  platform: {schedules: {global: always}}
escalation_policies:
  page:
    levels:
      - {notify: [{on_call: local}], wait: 5m}
      - {notify: [{on_call: global}], wait: 10m}
      - {notify: [{user: boss}], wait: 15m}
    last_resort: {receiver: chat, every: 15m}
time_intervals:
  - {name: nightly, time_intervals: [{times: [{start_time: '02:00', end_time: '03:00'}]}]}
route:
  receiver: page
  routes:
    - {matchers: ['severity="warning"'], receiver: chat}
    - {matchers: ['psp="acq"'], receiver: page, mute_time_intervals: [nightly]}
receivers:
  - {name: page, escalation_configs: [{team: '${{ labels.owner }}', policy: page}]}
  - {name: chat, log_configs: [{}]}
coverage: {critical: {people: 2, within: 20m}, warning: {receivers: 1}}
tests:
  - {at: '2026-07-01T09:00Z', labels: {severity: critical, owner: cards, region: emea}, receivers: [page], people: {local: [ben], global: [ben]}}
  - {at: '2026-07-01T02:30Z', labels: {severity: critical, psp: acq}, receivers: [page], muted_by: {page: nightly}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(text: str = ROUTES) -> Result:
    Path("routes.yaml").write_text(text)
    return CliRunner().invoke(synthprobe, ("routes", "check", "--since", "2026-11-26T00:00Z"))


def faults(old: str, new: str) -> list[str]:
    """What is found in the file with one thing changed."""
    assert old in ROUTES
    result = check(ROUTES.replace(old, new))
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    return [
        line.removeprefix("routes.yaml:") for line in result.stdout.splitlines() if line.startswith("routes")
    ]


def test_a_sound_file_passes_and_says_what_is_muted_by_name() -> None:
    result = check()
    assert result.exit_code == 0, result.output
    notes = result.stdout.splitlines()
    assert len(notes) == 1
    assert notes[0].startswith("note: muted by name: critical: nobody instead of 2 people within 20m for ")
    assert "psp=acq" in notes[0]
    assert "from 2026-11-26T02:00Z to 2026-11-26T03:00Z, 400 times, 16d16h in all" in notes[0]
    assert "2 tests run, 2 promises proved for 400 days, 0 faults" in result.stderr


def test_a_file_that_does_not_load_is_told_as_everywhere() -> None:
    assert check(ROUTES.replace("platform: platform", "platform: plattform")).exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param(
            "  receiver: page\n  routes:",
            "  receiver: page\n  repeat_interval: 12m\n  routes:",
            "29:20: repeat_interval 12m is no multiple of group_interval 5m — it repeats every 15m; write that",
            id="repeat",
        ),
        pytest.param(
            "receiver: chat}\n    - {matchers: ['psp",
            "receiver: chat, continue: true}\n    - {matchers: ['psp",
            "30:68: an alert that matches no route after this one is told to this one only — "
            "end the list with a route without matchers",
            id="continue",
        ),
        pytest.param(
            "- {notify: [{on_call: local}], wait: 5m}",
            "- {notify: [{on_call: local}], wait: 4m}",
            "21:44: wait 4m is shorter than the contact ladder of ana — wait 5m, or shorten the ladder",
            id="wait",
        ),
        pytest.param(
            "coverage:",
            "inhibit_rules: [{name: n, source_matchers: ['a=\"b\"'], target_matchers: ['c=\"d\"', 'e!=\"f\"'], equal: [g]}]\n"
            "coverage:",
            '35:82: `e!="f"` holds for whatever it does not name — name what is held back',
            id="negative target",
        ),
    ],
)
def test_a_trap_is_told_with_its_line(old: str, new: str, fault: str) -> None:
    assert faults(old, new) == [fault]


def test_somebody_who_is_paged_and_has_no_contact_is_a_trap_and_a_hole() -> None:
    found = faults("boss: {notify: [{push: 0m}]}", "boss: {}")
    assert found[0] == "7:9: `boss` is paged and has no contact — write `notify`"
    assert all(line.startswith("35:12: critical: ") for line in found[1:])
    assert "instead of 2 people within 20m" in found[1]


def test_a_mute_that_names_nothing_is_a_trap_and_a_hole() -> None:
    found = faults("""- {matchers: ['psp="acq"'],""", """- {matchers: ['owner="cards"'],""")
    assert found[0].startswith(
        "31:74: this mutes pages, and no matcher names what is under maintenance — name it"
    )
    assert "owner=cards" in found[1]
    assert "from 2026-11-26T02:00Z to 2026-11-26T03:00Z, 400 times" in found[1]


def test_a_night_without_anybody_is_found_wherever_it_is() -> None:
    found = faults("global: always}}\n  platform", "global: office}}\n  platform")
    assert any(
        "critical: boss instead of 2 people within 20m for alertname=ProbeFailed owner=cards" in line
        and "from 2026-11-26T00:00Z to 2026-11-26T08:00Z" in line
        for line in found
    ), found


def test_who_comes_on_call_before_a_later_level_counts() -> None:
    # At 07:45 boss is paged at once, and fifteen minutes later the second pass finds the day's first person.
    night = ROUTES.replace("global: always}}\n  platform", "global: office}}\n  platform")
    result = check(night.replace("    last_resort:", "    repeat: 1\n    last_resort:"))
    assert "from 2026-11-26T00:00Z to 2026-11-26T07:45Z" in result.stdout


def test_a_silence_that_is_planned_for_all_of_a_region_is_a_hole() -> None:
    silence = (
        "silences: [{matchers: ['region=\"emea\"'], starts_at: '2026-12-01T01:00Z', ends_at: '2026-12-01T03:00Z',"
        " created_by: ana, comment: move}]\ncoverage:"
    )
    found = faults("coverage:", silence)
    assert len(found) == 3, "people, local and global, and receivers"
    assert all("from 2026-12-01T01:00Z to 2026-12-01T03:00Z" in line for line in found)


def test_a_test_that_does_not_hold_is_told_with_what_was_found() -> None:
    assert faults(
        "receivers: [page], people: {local: [ben], global: [ben]}",
        "receivers: [chat], people: {local: [ana], global: []}",
    ) == [
        "37:5: at 2026-07-01T09:00Z: expected receivers chat, found page",
        "37:5: at 2026-07-01T09:00Z: expected local ana, found ben",
        "37:5: at 2026-07-01T09:00Z: expected global nobody, found ben",
    ]


def test_people_are_those_on_call_when_their_level_starts_as_routes_test_says() -> None:
    office = ROUTES.replace("start_time: '08:00'", "start_time: '07:00'").replace(
        "at: '2026-07-01T09:00Z'", "at: '2026-07-02T06:58Z'"
    )
    assert check(office).stdout.splitlines()[:1] == [
        "routes.yaml:37:5: at 2026-07-02T06:58Z: expected global ben, found ana"
    ], "whoever has the world at 07:03, when its level starts"
    assert check(office.replace("global: [ben]", "global: [ana]")).exit_code == 0
    asked = "severity=critical", "owner=cards", "region=emea", "--at", "2026-07-02T06:58:00Z", "--json"
    answer = CliRunner().invoke(synthprobe, ("routes", "test", "--routes", "routes.yaml", *asked))
    levels = json.loads(answer.stdout)["matches"][0]["levels"]
    assert [level["targets"][0]["people"] for level in levels[:2]] == [["ben"], ["ana"]]


def test_a_receiver_that_is_muted_is_not_reached_unless_the_test_says_so() -> None:
    assert faults(", muted_by: {page: nightly}", "") == [
        "38:5: at 2026-07-01T02:30Z: expected page not muted, found nightly"
    ]
    assert faults("T02:30Z", "T03:30Z") == [
        "38:5: at 2026-07-01T03:30Z: expected page muted by nightly, found nobody"
    ]


def test_the_checks_of_loaded_probes_are_proved_for_too(folder: Path) -> None:
    (folder / "probes").mkdir()
    (folder / "probes" / "a.yaml").write_text(
        "name: a\nowner: cards\nregions: [emea]\nlabels: {desk: far}\nschedule: {every: 1m}\n"
        "steps: [{id: a, request: {url: 'https://a.example'}}]\n"
    )
    found = faults("routes:\n", """routes:\n    - {matchers: ['desk=~"f.*"'], receiver: chat}\n""")
    assert len(found) == 1
    assert "probe=a" in found[0]
    assert "nobody instead of 2 people" in found[0]
