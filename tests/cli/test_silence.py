"""`synthprobe silence` talks to a running server: makes, shows, extends and ends silences, and says what is refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner, Result
from desk_stage import app_of
from web_stage import NOW

from free_ports import free_ports
from synthprobe.cli import synthprobe
from synthprobe.settings.values import Listen
from synthprobe.stores.inline import InlineStore
from synthprobe.web.server import Pages, bind

UNTIL = (NOW + timedelta(hours=2)).isoformat()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with bind(Listen("127.0.0.1", 0)) as sock, start_blocking_portal() as portal:
        sock.listen()
        store = portal.call(InlineStore)
        server = Pages(app_of(store))
        served = portal.start_task_soon(server.serve, [sock])
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            served.result()
            portal.call(store.close)


def silence(url: str, *words: str) -> Result:
    return CliRunner().invoke(synthprobe, ["silence", "--url", url, *words])


def listed(url: str, *words: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(silence(url, "list", "--json", *words).stdout)
    return found


def test_a_silence_is_made_shown_extended_and_ended(url: str) -> None:
    words = (
        "region=emea",
        'psp=~"acq-.*",step!=x',
        "--start",
        NOW.isoformat(),
        "--until",
        UNTIL,
        "-c",
        "CHG1",
        "-a",
        "chi",
    )
    made = silence(url, "add", *words)
    assert made.exit_code == 0, made.output
    identity = made.stdout.strip()
    shown = silence(url, "list").stdout
    assert identity in shown
    assert 'region="emea", psp=~"acq-.*", step!="x"\n  CHG1 (chi)' in shown
    later = (NOW + timedelta(hours=3)).isoformat()
    assert silence(url, "extend", identity, "--until", later).stdout.strip() == identity
    (found,) = listed(url, "region=emea")
    assert datetime.fromisoformat(found["endsAt"]) == (NOW + timedelta(hours=3)).astimezone(UTC)
    assert silence(url, "expire", identity).exit_code == 0
    assert listed(url) == []
    assert [each["id"] for each in listed(url, "--expired")] == [identity]


REFUSED = {
    "no length": (("add", "a=b", "-c", "x"), 2, "say how long"),
    "two lengths": (("add", "a=b", "-c", "x", "--for", "1h", "--until", UNTIL), 2, "say how long"),
    "no duration": (("add", "a=b", "-c", "x", "--for", "soon"), 2, "is not a duration"),
    "no matcher": (("add", "a", "-c", "x", "--for", "1h"), 2, "bad matcher format"),
    "too long": (("add", "a=b", "-c", "x", "--start", NOW.isoformat(), "--for", "13h"), 1, "longer than the 12h"),
    "no incident": (("add", "a=b", "-c", "x", "--start", NOW.isoformat(), "--for", "1h", "--incident", "9"), 1, "there is no incident 9"),
    "no id": (("expire", "abc"), 1, "must be of type uuid"),
    "an unknown id": (("extend", "0b0c0d0e-0000-4000-8000-000000000000", "--for", "1h"), 1, "there is no such silence"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_is_said(url: str, words: tuple[str, ...], code: int, said: str) -> None:
    result = silence(url, *words)
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_a_server_that_is_not_there_is_named() -> None:
    (port,) = free_ports(1)
    result = silence(f"http://127.0.0.1:{port}", "list")
    assert result.exit_code == 3
    assert f"no server answers at http://127.0.0.1:{port}" in result.output


@pytest.mark.parametrize("words", [("list",), ("list", "--json")], ids=["for people", "json"])
def test_the_server_may_be_named_behind_the_command_as_for_every_other(
    url: str, words: tuple[str, ...]
) -> None:
    result = CliRunner().invoke(synthprobe, ["silence", *words, "--url", url])
    assert (result.exit_code, result.stderr) == (0, "")
