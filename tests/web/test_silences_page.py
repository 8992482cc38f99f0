"""`/silences` shows what hides what and changes it through forms; `/routes` lights the path and says why not."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import pytest
from desk_stage import asked, run
from web_stage import NOW

from example_routes import example

FORM = {"matchers": 'alertname="x"', "length": "2h", "author": "chi", "comment": "CHG<1>", "incident": ""}


async def fire(client: httpx.AsyncClient, **labels: str) -> None:
    answer = await client.post("/api/v2/alerts", json=[{"labels": {"alertname": "x", **labels}}])
    assert answer.status_code == 200


def test_a_silence_is_previewed_made_extended_and_ended() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await fire(client, owner="<cards>")
        preview = (await client.get("/silences", params=FORM)).text
        assert "It would hide 1 firing alert" in preview
        assert "owner=&lt;cards&gt;" in preview
        assert (await client.get("/api/v2/silences")).json() == [], "a preview makes nothing"
        made = await client.post("/silences", data=FORM)
        assert (made.status_code, made.headers["location"]) == (303, "/silences")
        page = (await client.get("/silences")).text
        assert "CHG&lt;1&gt;" in page
        assert "Hides 1 firing alert" in page
        (found,) = (await client.get("/api/v2/silences")).json()
        assert (
            await client.post(f"/silences/{found['id']}/extend", data={"length": "3h"})
        ).status_code == 303
        (found,) = (await client.get("/api/v2/silences")).json()
        assert found["endsAt"] == (NOW + timedelta(hours=3)).isoformat().replace("+00:00", "Z")
        assert (await client.post(f"/silences/{found['id']}/expire")).status_code == 303
        (found,) = (await client.get("/api/v2/silences")).json()
        assert found["status"]["state"] == "expired"

    run(scenario)


def test_an_incident_links_to_a_silence_of_what_its_alerts_share() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for psp in ("acq-7", "acq-8"):
            await fire(client, owner='"cards" & co', severity="critical", psp=psp)
        page = (await client.get("/incidents/1")).text
        link = html.unescape(re.findall(r'href="(/silences\?[^"]*)"', page)[0])
        asked = dict(parse_qsl(urlsplit(link).query))
        assert asked == {"matchers": r'alertname="x",owner="\"cards\" & co"', "incident": "1"}
        assert "It would hide 2 firing alerts" in (await client.get(link)).text

    run(scenario)


FAULTS = {
    "no matcher": ({"matchers": "x"}, "bad matcher format"),
    "everything": ({"matchers": 'a=~".*"'}, "must not match the empty string"),
    "no duration": ({"length": "soon"}, "is not a duration"),
    "too long": ({"length": "13h"}, "longer than the 12h"),
    "nobody": ({"author": ""}, "needs an author and a comment"),
    "no incident": ({"incident": "9"}, "there is no incident 9"),
}


@pytest.mark.parametrize(("change", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_a_form_that_cannot_be_is_shown_again_with_what_is_wrong(change: dict[str, str], said: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post("/silences", data={**FORM, **change})
        assert answer.status_code == 400
        assert said in answer.text
        assert "CHG&lt;1&gt;" in answer.text, "what was typed is kept"
        assert (await client.get("/api/v2/silences")).json() == []

    run(scenario)


def test_a_silence_that_is_gone_and_another_site_change_nothing() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        gone = await client.post("/silences/0b0c0d0e-0000-4000-8000-000000000000/expire")
        assert (gone.status_code, "no such silence" in gone.text) == (400, True)
        foreign = await client.post("/silences", data=FORM, headers={"Origin": "http://evil.example"})
        assert foreign.status_code == 403
        assert (await client.get("/api/v2/silences")).json() == []

    run(scenario)


def test_a_silence_on_an_incident_previews_only_that() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await fire(client, severity="warning")
        await client.post("/api/v2/alerts", json=[{"labels": {"alertname": "y", "severity": "warning"}}])
        asked = {**FORM, "matchers": 'severity="warning"', "incident": "2"}
        assert "It would hide 1 firing alert" in (await client.get("/silences", params=asked)).text
        await client.post("/silences", data=asked)
        assert (
            "incident #2</a>, while it is local and no worse than warning"
            in (await client.get("/silences")).text
        )

    run(scenario)


def test_the_path_of_labels_is_lit_and_the_others_say_why_not() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        bare = (await client.get("/routes")).text
        assert "when never" in bare
        assert "psp-down" in bare
        page = (await client.get("/routes", params={"labels": "owner=cards alertname=x"})).text
        assert "<b>cards</b>" in page
        assert "Held back by mute interval always" in page
        assert "severity=&#34;critical&#34;: there is no label severity" in page
        later = (await client.get("/routes", params={"labels": "owner=desk", "at": "2000-01-30T12:00Z"})).text
        assert "<b>cards</b>" in later, "inside `when`"
        now = (await client.get("/routes", params={"labels": "owner=desk"})).text
        assert "outside never" in now
        await client.post("/silences", data=FORM)
        assert (
            "Held back by silence CHG&lt;1&gt;"
            in (await client.get("/routes", params={"labels": "alertname=x"})).text
        )
        for wrong in ({"labels": "x"}, {"labels": "a=b", "at": "tomorrow"}):
            assert 'role="alert"' in (await client.get("/routes", params=wrong)).text

    run(scenario)


def test_routes_name_the_levels_and_who_is_on_call_at_the_instant() -> None:
    async def main() -> None:
        async with asked(routes=example()) as client:
            asking = {"labels": "severity=critical region=emea owner=cards", "at": "2026-07-01T23:30Z"}
            page = (await client.get("/routes", params=asking)).text
        assert "Level 1: on call local" in page
        assert "passed over: nobody on call" in page
        assert "Level 2: on call global – <b>fay</b>" in page

    anyio.run(main)
