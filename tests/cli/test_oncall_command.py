"""`synthprobe oncall` as a user and a script meet it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synthprobe.cli import synthprobe

ROUTES = """
users:
  ana: {location: Europe/London}
  chi: {location: Asia/Singapore}
rotations:
  office: {type: daily, start: '2026-01-01T08:00', location: Europe/London, users: [ana]}
  nights: {type: daily, start: '2026-01-01T08:00', location: Europe/London, users: [chi]}
schedules:
  office:
    location: Europe/London
    layers: [{rotation: office, restrictions: [{start_time: '08:00', end_time: '18:00'}]}]
  always: {layers: [{rotation: nights}]}
overrides:
  - {schedules: [office], start: '2026-07-01T12:00Z', end: '2026-07-01T13:00Z', remove: ana, add: chi}
route: {receiver: x}
receivers: [{name: x}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "routes.yaml").write_text(ROUTES)
    monkeypatch.chdir(tmp_path)


def call(*words: str) -> Result:
    return CliRunner().invoke(synthprobe, ("oncall", *words))


def test_at_an_instant_the_json_names_who_since_when_until_when_and_why() -> None:
    answer = json.loads(call("--schedule", "office", "--at", "2026-07-01T14:30+02:00", "--json").output)
    shift = {
        "user": "chi",
        "since": "2026-07-01T12:00:00Z",
        "until": "2026-07-01T13:00:00Z",
        "source": "override",
    }
    assert answer == {"schedule": "office", "at": "2026-07-01T12:30:00Z", "on_call": [shift]}


def test_a_range_has_every_shift_and_every_gap() -> None:
    words = ("--since", "2026-07-01T05:00Z", "--until", "2026-07-01T20:00Z", "--json")
    answer = json.loads(call("--schedule", "office", *words).output)
    assert [(shift["user"], shift["since"][11:16], shift["until"][11:16]) for shift in answer["shifts"]] == [
        ("ana", "07:00", "12:00"),
        ("chi", "12:00", "13:00"),
        ("ana", "13:00", "17:00"),
    ]
    assert answer["gaps"] == [
        {"since": "2026-07-01T05:00:00Z", "until": "2026-07-01T07:00:00Z"},
        {"since": "2026-07-01T17:00:00Z", "until": "2026-07-01T20:00:00Z"},
    ]


def test_a_shift_that_never_ends_has_no_ends() -> None:
    answer = json.loads(call("-s", "always", "--at", "2026-07-01T00:00Z", "--json").output)
    assert answer["on_call"] == [{"user": "chi", "since": None, "until": None, "source": "rotation"}]


def test_people_read_utc_and_their_own_zone() -> None:
    assert call("--at", "2026-07-01T09:00Z").output.splitlines() == [
        "office at Wed 2026-07-01 09:00 UTC",
        "  ana  Wed 2026-07-01 07:00 to Wed 2026-07-01 12:00 UTC  Wed 08:00 to Wed 13:00 Europe/London  rotation",
        "always at Wed 2026-07-01 09:00 UTC",
        "  chi  … to … UTC  … to … Asia/Singapore  rotation",
    ]
    assert call("-s", "office", "--at", "2026-07-01T19:00Z").output.splitlines()[1] == "  nobody is on call"
    assert "nobody" in call("-s", "office", "--since", "2026-07-01T09:00Z").output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("-s", "offise"), "did you mean `office`?", id="unknown schedule"),
        pytest.param(("--until", "2026-07-01T09:00Z"), "--until needs --since", id="no beginning"),
        pytest.param(
            ("--at", "2026-07-01T09:00Z", "--since", "2026-07-01T09:00Z"), "two different", id="both"
        ),
        pytest.param(
            ("--since", "2026-07-01T09:00Z", "--until", "2026-07-01T09:00Z"), "not later", id="empty"
        ),
        pytest.param(
            ("--since", "2026-07-01T09:00Z", "--until", "2099-07-01T09:00Z"), "ten years", id="long"
        ),
        pytest.param(("--at", "2026-07-01T09:00"), "names no zone", id="no zone"),
        pytest.param(("--at", "9999-07-01T09:00Z"), "the year is not one of", id="far away"),
        pytest.param(("--json",), "--json needs --schedule", id="json of all"),
    ],
)
def test_a_question_that_makes_no_sense_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    result = call(*words)
    assert result.exit_code == 2, "click's own; `main` makes it 1"
    assert message in result.output
