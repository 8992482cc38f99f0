"""Alertmanager's API v2, as observed on Alertmanager 0.25: status and body of every answer, errors included."""

from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from desk_stage import Counter, asked, run
from web_stage import NOW

from synthprobe.core.labels import fingerprint

ALERTS, SILENCES = "/api/v2/alerts", "/api/v2/silences"


def at(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def alert(name: str = "x", **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}}


def silence(**change: Any) -> dict[str, Any]:
    matchers = [{"name": "alertname", "value": "x", "isRegex": False}]
    made = {"matchers": matchers, "startsAt": at(0), "endsAt": at(60), "createdBy": "chi", "comment": "CHG1"}
    return {key: value for key, value in {**made, **change}.items() if value is not None}


async def take(client: httpx.AsyncClient, *alerts: dict[str, Any]) -> None:
    answer = await client.post(ALERTS, json=list(alerts))
    assert (answer.status_code, answer.content) == (200, b"")


async def make(client: httpx.AsyncClient, **change: Any) -> str:
    answer = await client.post(SILENCES, json=silence(**change))
    assert answer.status_code == 200, answer.text
    made: str = answer.json()["silenceID"]
    return made


def test_an_alert_without_times_begins_now_and_ends_after_resolve_timeout() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        zero = "0001-01-01T00:00:00.000Z"
        await take(
            client,
            {**alert(severity="critical"), "startsAt": zero, "endsAt": zero, "generatorURL": "http://p/g"},
        )
        (found,) = (await client.get(ALERTS)).json()
        assert (found["startsAt"], found["endsAt"]) == (at(0), at(5))
        assert found["receivers"] == [{"name": "page"}]
        assert found["generatorURL"] == "http://p/g"
        assert found["fingerprint"] == fingerprint(found["labels"])
        assert found["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}

    run(scenario)


def test_one_bad_alert_gives_400_and_the_good_ones_are_kept() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        bad = {**alert("bad"), "startsAt": at(0), "endsAt": at(-1)}
        answer = await client.post(ALERTS, json=[bad, alert("good"), {"labels": {"n": 1}}, {"labels": {}}])
        assert answer.status_code == 400
        assert answer.json().startswith("start time must be before end time; ")
        assert answer.json().endswith("; at least one label pair required")
        assert [found["labels"]["alertname"] for found in (await client.get(ALERTS)).json()] == ["good"]

    run(scenario)


def test_a_card_number_in_what_an_alert_says_is_hidden_before_it_is_kept() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        said = {"summary": "refund to 4111 1111 1111 1111 hangs", "runbook": "https://r.example.test/1"}
        await take(client, {**alert(severity="critical"), "annotations": said})
        (found,) = (await client.get(ALERTS)).json()
        assert found["annotations"] == {**said, "summary": "refund to 4111 11** **** 1111 hangs"}

    run(scenario)


def test_a_resolved_alert_posted_again_and_again_is_over_once() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await take(client, {**alert(), "startsAt": at(-9), "endsAt": at(4)})
        for _ in range(3):
            await take(client, {**alert(), "startsAt": at(-9), "endsAt": at(-1)})
        assert (await client.get(ALERTS)).json() == []

    run(scenario)


REFUSED: dict[str, tuple[str, str, Any, int, Any]] = {
    "no JSON": ("POST", ALERTS, "x", 400, {"code": 400}),
    "a receiver that is no pattern": ("GET", f"{ALERTS}?receiver=(", None, 400, "failed to parse receiver param: ("),
    "a silence that is over": ("POST", SILENCES, silence(startsAt=at(-9), endsAt=at(-1)), 400, "Failed to create silence: end time can't be in the past"),
    "a silence that is too long": ("POST", SILENCES, silence(endsAt=at(721)), 400, "Failed to create silence: it is longer than the 12h that silence_policy allows"),
    "a silence of everything": ("POST", SILENCES, silence(matchers=[{"name": "a", "value": ".*", "isRegex": True}]), 400, "Failed to create silence: at least one matcher must not match the empty string"),
    "a silence by a bad pattern": ("POST", SILENCES, silence(matchers=[{"name": "a", "value": "(", "isRegex": True}]), 400, "Failed to create silence: bad matcher"),
    "a silence without matchers": ("POST", SILENCES, silence(matchers=None), 422, {"code": 602, "message": "matchers in body is required"}),
    "an id that is none": ("DELETE", "/api/v2/silence/abc", None, 422, {"code": 601}),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_cannot_be_followed_is_answered_in_alertmanager_s_words(
    method: str, path: str, body: Any, status: int, says: Any
) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        content = {"content": body} if isinstance(body, str) else {"json": body} if body else {}
        answer = await client.request(method, path, **content)
        assert answer.status_code == status, answer.text
        found = answer.json()
        if isinstance(says, str):
            assert found.startswith(says)
        else:
            assert says.items() <= found.items()

    run(scenario)


def test_what_holds_an_alert_back_is_named_and_can_be_asked_for() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await take(
            client,
            alert("x", severity="critical"),
            alert("PspDown", psp="acq-1"),
            alert("Slow", psp="acq-1"),
            alert("y", owner="cards"),
            alert("z", owner="desk"),
        )
        made = await make(client)

        async def names(**flags: str) -> list[str]:
            found = (await client.get(ALERTS, params=flags)).json()
            return sorted(each["labels"]["alertname"] for each in found)

        held = {each["labels"]["alertname"]: each for each in (await client.get(ALERTS)).json()}
        assert held["x"]["status"] == {
            "state": "suppressed",
            "silencedBy": [made],
            "inhibitedBy": [],
            "mutedBy": [],
        }
        assert held["Slow"]["status"]["inhibitedBy"] == [held["PspDown"]["fingerprint"]]
        assert held["y"]["status"]["mutedBy"] == ["always"]
        assert held["z"]["receivers"] == [{"name": "log"}], "outside `when` it falls through"
        assert await names(silenced="false") == ["PspDown", "Slow", "y", "z"]
        assert await names(silenced="false", inhibited="false", muted="false") == ["PspDown", "z"]
        assert await names(active="false") == ["Slow", "x", "y"]
        assert await names(filter='psp=~"acq-.*"') == ["PspDown", "Slow"]
        assert await names(receiver="pag.*") == ["x"]
        assert await names(receiver="pag") == []
        groups = (await client.get(f"{ALERTS}/groups", params={"receiver": "log"})).json()
        assert [(group["labels"], len(group["alerts"])) for group in groups] == [
            ({"alertname": name}, 1) for name in ("PspDown", "Slow", "z")
        ]

    run(scenario)


def test_a_silence_is_made_changed_found_and_ended() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        made = await make(client)
        assert await make(client, id=made, endsAt=at(90)) == made, "extended in place"
        other = await make(
            client,
            id=made,
            matchers=[
                {"name": "a", "value": "b", "isRegex": False, "isEqual": False},
                {"name": "c", "value": "d", "isRegex": True},
            ],
        )
        assert other != made, "other matchers are another silence"
        assert (await client.get(f"/api/v2/silence/{made}")).json()["status"] == {"state": "expired"}
        found = (await client.get(f"/api/v2/silence/{other}")).json()
        assert [(m["name"], m["isRegex"], m["isEqual"]) for m in found["matchers"]] == [
            ("a", False, False),
            ("c", True, True),
        ]
        assert (found["createdBy"], found["comment"], found["endsAt"]) == ("chi", "CHG1", at(60))
        states = [each["status"]["state"] for each in (await client.get(SILENCES)).json()]
        assert states == ["active", "expired"]
        assert [s["id"] for s in (await client.get(SILENCES, params={"filter": "alertname=x"})).json()] == [
            made
        ]
        assert (await client.delete(f"/api/v2/silence/{other}")).status_code == 200
        assert (await client.delete(f"/api/v2/silence/{other}")).json() == f"silence {other} already expired"
        assert (await client.get("/api/v2/silence/0b0c0d0e-0000-4000-8000-000000000000")).status_code == 404

    run(scenario)


def test_what_is_alive_says_so_and_reload_looks_at_the_files() -> None:
    counter = Counter()

    async def main() -> None:
        async with asked(counter) as client:
            for path in ("/-/healthy", "/-/ready"):
                assert (await client.get(path)).text == "OK"
            assert (await client.post("/-/reload")).status_code == 200
            assert [each["name"] for each in (await client.get("/api/v2/receivers")).json()] == [
                "log",
                "page",
                "cards",
            ]
            status = (await client.get("/api/v2/status")).json()
            assert status["cluster"]["status"] == "disabled"
            assert "when" not in status["config"]["original"]

    anyio.run(main)
    assert counter.calls == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_page_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.post(SILENCES, json=silence(), headers=headers)
        assert answer.status_code == 403
        assert (await client.get(SILENCES)).json() == []
        own = {"Origin": "http://127.0.0.1:8400", "Sec-Fetch-Site": "same-origin"}
        assert (await client.post(SILENCES, json=silence(), headers=own)).status_code == 200

    run(scenario)
