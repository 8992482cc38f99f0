"""`synthprobe oncall override` against a running server: whoever stands in is on call on its pages, feeds and in its JSON."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner, Result
from desk_stage import app_of
from web_stage import NOW, ROUTES

from synthprobe.cli import synthprobe
from synthprobe.settings.values import Listen
from synthprobe.stores.inline import InlineStore
from synthprobe.web.server import Pages, bind

FROM, TO = (NOW + timedelta(hours=each) for each in (20, 24))
"""Nobody else's word: on 3 March, from 10:07 to 14:07 in London."""
TIMES = ("--start", FROM.isoformat(), "--until", TO.isoformat())


@pytest.fixture
def url() -> Iterator[str]:
    with bind(Listen("127.0.0.1", 0)) as sock, start_blocking_portal() as portal:
        sock.listen()
        store = portal.call(InlineStore)
        server = Pages(app_of(store, routes=ROUTES))
        served = portal.start_task_soon(server.serve, [sock])
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            served.result()
            portal.call(store.close)


def override(url: str, verb: str, *words: str) -> Result:
    return CliRunner().invoke(synthprobe, ["oncall", "override", verb, "--url", url, *words])


def on_call(url: str) -> list[tuple[str, str]]:
    at = (FROM + timedelta(hours=1)).isoformat()
    answer = httpx.get(f"{url}/api/v1/oncall/office", params={"at": at}, trust_env=False).json()
    return [(shift["user"], shift["source"]) for shift in answer["on_call"]]


def test_who_stands_in_is_on_call_wherever_one_looks_until_it_is_taken_back(url: str) -> None:
    ((planned, _),) = on_call(url)
    stand_in = next(user for user in ROUTES.users if user != planned)
    swap = ("-s", "office", "--remove", planned, "--add", stand_in, "--reason", "dentist", "--by", "chi")
    made = override(url, "add", *swap, *TIMES)
    assert made.exit_code == 0, made.output
    name = made.stdout.strip()
    assert on_call(url) == [(stand_in, "override")]
    assert "(dentist)" in httpx.get(f"{url}/oncall", trust_env=False).text
    feed = httpx.get(f"{url}/oncall/users/{stand_in}.ics", trust_env=False).text
    assert f"DTSTART:{FROM:%Y%m%dT%H%M%SZ}" in feed
    shown = override(url, "list").stdout.splitlines()
    assert f"without {planned} with {stand_in}  (dentist, by chi)" in shown[0]
    assert any(line.startswith("routes.yaml  2026-03-05T12:00:00Z to") for line in shown)
    gone = override(url, "remove", name)
    assert gone.stdout.startswith(f"taken back: {name}  ")
    assert on_call(url) == [(planned, "rotation")]


def test_a_server_is_asked_with_what_was_made_there(url: str, tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text(
        "users: {chi: {}}\nrotations: {days: {type: daily, start: '2026-01-05T08:00', location: UTC, users: [chi]}}\n"
        "schedules: {office: {layers: [{rotation: days}]}}\nroute: {receiver: x}\nreceivers: [{name: x}]\n"
    )
    assert override(url, "add", "-s", "office", "--add", "ana", *TIMES).exit_code == 0
    asked = ["oncall", "--routes", str(routes), "--schedule", "office", "--json"]
    at, span = ["--at", FROM.isoformat()], ["--since", FROM.isoformat(), "--until", TO.isoformat()]
    for words, key in ((at, "on_call"), (span, "shifts")):
        by_server = json.loads(CliRunner().invoke(synthprobe, [*asked, *words, "--url", url]).stdout)
        by_file = json.loads(CliRunner().invoke(synthprobe, [*asked, *words]).stdout)
        assert {shift["user"] for shift in by_server[key]} == {"ana", "ben"}
        assert {shift["user"] for shift in by_file[key]} == {"chi"}
    assert "ana" in CliRunner().invoke(synthprobe, [*asked[:-1], *at, "--url", url]).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("-s", "offce", "--add", "ana", *TIMES), "no schedule offce; did you mean `office`?", id="schedule"),
        pytest.param(("-s", "office", *TIMES), "neither `add` nor `remove`", id="nobody"),
        pytest.param(("-s", "office", "--add", "ana"), "--until INSTANT or --for DURATION", id="no end"),
        pytest.param(("-s", "office", "--add", "ana", "--for", "4 hours"), "4 hours", id="no duration"),
        pytest.param(
            ("-s", "office", "--add", "ana", "--start", "2026-03-05T13:00Z", "--for", "2h"),
            "it overlaps the override of routes.yaml of ana in office",
            id="over one of the file",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said_and_changes_nothing(url: str, words: tuple[str, ...], said: str) -> None:
    before = override(url, "list", "--json").stdout
    refused = override(url, "add", *words)
    assert refused.exit_code in (1, 2)
    assert said in refused.stderr
    assert override(url, "list", "--json").stdout == before


def test_an_unknown_one_and_another_site_change_nothing(url: str) -> None:
    gone = override(url, "remove", "o9")
    assert (gone.exit_code, gone.stderr) == (1, "synthprobe: There is no override o9; none was made here.\n")
    body = {"schedules": ["office"], "end": TO.isoformat(), "by": "eve", "add": "ana"}
    headers = {"Origin": "http://evil.example"}
    answer = httpx.post(f"{url}/api/v1/overrides", json=body, headers=headers, trust_env=False)
    assert answer.status_code == 403
    naive = {**body, "end": "2026-03-03T10:00:00"}
    assert httpx.post(f"{url}/api/v1/overrides", json=naive, trust_env=False).status_code == 400
    assert all(not each["id"] for each in json.loads(override(url, "list", "--json").stdout))
