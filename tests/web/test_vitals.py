"""What machines ask: JSON, metrics, health, readiness, events."""

import json
from typing import Any

import anyio
import pytest
from web_stage import NOW, answer, app_over, browser, last_failed, seed

from synthprobe import clock
from synthprobe.stores.inline import InlineStore
from synthprobe.web.health import Health, Part
from synthprobe.web.kept import LONGEST, Kept

STUCK = Health((Part("recorder", ok=True), Part("notifier", ok=False, detail="no turn for 4 min")))


def test_health_is_unavailable_when_a_part_is_stuck_and_says_which() -> None:
    response = answer("/healthz", health=lambda: STUCK)
    assert response.status_code == 503
    assert response.json() == {
        "ok": False,
        "parts": [
            {"name": "recorder", "ok": True},
            {"name": "notifier", "ok": False, "detail": "no turn for 4 min"},
        ],
    }


def test_health_is_fine_while_every_part_makes_progress() -> None:
    response = answer("/healthz")
    assert (response.status_code, response.json()["ok"]) == (200, True)


def test_ready_once_the_store_answers() -> None:
    assert answer("/readyz").status_code == 200


def test_not_ready_and_pages_unavailable_when_the_store_does_not_answer() -> None:
    async def ask() -> tuple[int, int, str]:
        async with browser() as client:
            transport = client._transport
            store = transport.app.dependencies["site"].dependency().store  # type: ignore[attr-defined]
            assert isinstance(store, InlineStore)
            store.close()
            ready, page = await client.get("/readyz"), await client.get("/")
            return ready.status_code, page.status_code, page.text

    ready, page, text = anyio.run(ask)
    assert (ready, page) == (503, 503)
    assert "The store does not answer" in text


def test_metrics_are_served_as_they_were_made() -> None:
    response = answer("/metrics")
    assert response.text == "synthprobe_up 1\n"
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_events_tell_what_is_new_and_end_when_the_server_stops() -> None:
    async def ask() -> str:
        store, asked = InlineStore(), iter((False, True))
        await store.write(seed)
        app = app_over(store, stopping=lambda: next(asked))
        messages: list[bytes] = []
        ended = anyio.Event()

        async def send(message: dict[str, Any]) -> None:
            messages.append(message.get("body", b""))
            if message["type"] == "http.response.body" and not message["more_body"]:
                ended.set()

        async def receive() -> dict[str, str]:
            await ended.wait()
            return {"type": "http.disconnect"}

        with anyio.fail_after(10):
            await app(_scope("/events"), receive, send)  # type: ignore[arg-type]
        return b"".join(messages).decode()

    assert "event: changed" in anyio.run(ask)


def test_the_overview_is_made_once_for_all_who_ask_until_something_is_new() -> None:
    made: list[str] = []

    async def make() -> str:
        made.append("made")
        return f"page {len(made)}"

    async def ask() -> list[str]:
        kept = Kept(clock.system())
        asked = [("1", NOW), ("1", NOW + LONGEST / 2), ("2", NOW + LONGEST / 2), ("2", NOW + 2 * LONGEST)]
        return [await kept.page(version, now, make) for version, now in asked]

    assert anyio.run(ask) == ["page 1", "page 1", "page 2", "page 3"]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        pytest.param("/api/v1/overview", "checks", id="overview"),
        pytest.param("/api/v1/incidents/1", "timeline", id="incident"),
        pytest.param("/api/v1/probes/card", "latencies", id="probe"),
        pytest.param(f"/api/v1/runs/{last_failed()}", "waterfall", id="run"),
    ],
)
def test_what_a_page_shows_is_there_as_json(path: str, named: str) -> None:
    response = answer(path, seed)
    assert response.status_code == 200
    assert named in response.json()


def test_runs_can_be_asked_for_by_probe_region_and_outcome() -> None:
    found = answer("/api/v1/runs?probe=card&region=emea&outcome=failed&limit=3", seed).json()
    assert len(found) == 3
    assert {(run["probe"], run["region"], run["outcome"]) for run in found} == {("card", "emea", "failed")}
    assert found[0]["started_at"] == NOW.replace(hour=14, minute=6, second=39).isoformat().replace(
        "+00:00", "Z"
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/runs/none", 404), ("/api/v1/nothing", 404), ("/api/v1/runs?limit=100000", 400)],
)
def test_the_api_refuses_in_json(path: str, status: int) -> None:
    response = answer(path, seed)
    assert response.status_code == status
    assert response.json()["status"] == status


def test_the_api_describes_itself() -> None:
    schema = json.loads(answer("/schema/openapi.json").text)
    assert {"/api/v1/overview", "/api/v1/incidents/{number}", "/api/v1/runs/{run_id}", "/healthz"} <= set(
        schema["paths"]
    )


@pytest.mark.parametrize("path", ["/schema/swagger", "/schema/redoc", "/schema/elements", "/schema/rapidoc"])
def test_no_schema_page_loads_anything_from_elsewhere(path: str) -> None:
    assert answer(path).status_code == 404


def _scope(path: str) -> dict[str, object]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [(b"host", b"127.0.0.1:8400")],
        "server": ("127.0.0.1", 8400), "client": ("127.0.0.1", 1),
    }  # fmt: skip
