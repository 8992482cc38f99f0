"""Overrides made and taken back on `/oncall`: what the form says is in force at once, and what it lacks is said beside it."""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import httpx
import pytest
from desk_stage import BASE, asked
from test_pages import read
from web_stage import ROUTES

SWAP = {
    "zone": "Europe/London",
    "schedules": ["office", "always"],
    "add": "ben",
    "remove": "ana",
    "length": "4h",
    "reason": "<dentist>",
    "by": "ana",
}
"""From now on, a Monday at 14:07 in London, when Ana is on call."""


def run(scenario: Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with asked(routes=ROUTES) as client:
            await scenario(client)

    anyio.run(main)


async def made(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The overrides that were made on the server."""
    found = (await client.get("/api/v1/overrides")).json()
    return [each for each in found if each["id"]]


async def page(client: httpx.AsyncClient) -> str:
    found = await client.get("/oncall?zone=Europe/London")
    assert read(found.text).forbidden == []
    return " ".join(found.text.split())


def test_whoever_stands_in_is_on_call_at_once_and_no_longer_when_it_is_taken_back() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/oncall/overrides", data=SWAP)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/oncall?zone=Europe%2FLondon#overrides"
        (override,) = await made(client)
        assert (override["schedules"], override["by"]) == (["office", "always"], "ana")
        assert (override["start"], override["end"]) == ("2026-03-02T14:07:30Z", "2026-03-02T18:07:30Z")
        shown = await page(client)
        assert '<a href="/oncall/users/ben.ics">ben</a> <span class="chip">override</span>' in shown
        assert "ben for ana" in shown
        assert "&lt;dentist&gt;" in shown
        gone = await client.post(f"/oncall/overrides/{override['id']}/remove", data={"zone": "Europe/London"})
        assert gone.status_code == 303
        assert await made(client) == []
        assert '<a href="/oncall/users/ana.ics">ana</a></td>' in await page(client)

    run(scenario)


def test_times_are_those_of_the_zone_that_the_page_shows_first_and_last_where_they_come_twice() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        times = {"start": "2026-10-25T01:30", "until": "2026-10-25T01:30", "length": ""}
        assert (await client.post("/oncall/overrides", data={**SWAP, **times})).status_code == 303
        (override,) = await made(client)
        assert (override["start"], override["end"]) == ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")

    run(scenario)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param({"by": ""}, "Say who you are: `by` is empty.", id="nobody says so"),
        pytest.param({"schedules": []}, "it names no schedule; there are office, always", id="no schedule"),
        pytest.param(
            {"schedules": ["offices"]},
            "has no schedule offices; did you mean `office`",
            id="unknown schedule",
        ),
        pytest.param({"add": "", "remove": ""}, "it names neither `add` nor `remove`", id="nobody"),
        pytest.param({"remove": "ben"}, "ben is added and removed", id="for oneself"),
        pytest.param({"add": "bne"}, "has no user bne", id="unknown person"),
        pytest.param({"length": ""}, "Say when it ends", id="no end"),
        pytest.param({"until": "2026-03-02T20:00"}, "Say when it ends", id="two ends"),
        pytest.param({"length": "4"}, "For how long: ", id="no unit"),
        pytest.param({"length": "999999999d"}, "is longer than ten years", id="for ever"),
        pytest.param({"start": "tomorrow"}, "is no time such as", id="no time"),
        pytest.param({"start": "0001-01-01T00:00"}, "no local time of these two centuries", id="no year"),
        pytest.param({"length": "", "until": "2026-03-02T14:00"}, "it ends before it begins", id="backwards"),
        pytest.param(
            {"start": "2026-03-01T14:00", "until": "2026-03-01T15:00", "length": ""},
            "it is over already",
            id="over",
        ),
        pytest.param({"zone": "Mars/Base"}, "There is no zone", id="no zone"),
        pytest.param(
            {"start": "2026-03-05T13:00", "add": "ana", "remove": ""},
            "overlaps the override of routes.yaml",
            id="overlap",
        ),
    ],
)
def test_what_cannot_be_made_is_said_beside_the_form_which_keeps_what_was_filled_in(
    wrong: dict[str, Any], said: str
) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/oncall/overrides", data={**SWAP, **wrong})
        assert answer.status_code == 400
        assert said in answer.text.replace("&#39;", "'")
        assert "&lt;dentist&gt;" in answer.text
        assert read(answer.text).forbidden == []
        assert await made(client) == []

    run(scenario)


def test_one_that_is_gone_is_said_so() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/oncall/overrides/o9/remove", data={"zone": "UTC"})
        assert answer.status_code == 404
        assert "There is no override o9; none was made here." in answer.text

    run(scenario)


def test_those_of_the_file_are_shown_without_a_button() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        shown = await page(client)
        assert "of routes.yaml" in shown
        assert "Take back" not in shown

    run(scenario)


def test_another_site_cannot_put_anybody_on_call() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for headers in ({"Origin": "http://evil.example"}, {"Origin": BASE, "Sec-Fetch-Site": "cross-site"}):
            answer = await client.post("/oncall/overrides", data=SWAP, headers=headers)
            assert answer.status_code == 403
        assert await made(client) == []

    run(scenario)
