"""Each receiver against a process-like stand-in for the real one, on good days and bad ones."""

import base64
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from aiohttp import web
from msgspec.structs import replace
from notified import ALERT, FIRING, INCIDENT, RESOLVED
from standardwebhooks import Webhook, WebhookVerificationError

from free_ports import free_ports
from synthprobe import clock
from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration
from synthprobe.demo.loopback import listen
from synthprobe.router import posting
from synthprobe.router.reaching import Ways
from synthprobe.router.shouting import Shouting
from synthprobe.senders import SENDERS
from synthprobe.senders.outgoing import Answer
from synthprobe.wire.guard import Guard
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire

pytestmark = pytest.mark.anyio

Answerer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

ACKNOWLEDGED = replace(
    FIRING,
    kind="update",
    reason="acknowledged",
    incidents=(replace(INCIDENT, state="acknowledged", holder="ana"),),
)
OVER = replace(RESOLVED, incidents=(replace(INCIDENT, state="resolved"),))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def receiver(answer: Answerer) -> AsyncIterator[str]:
    (port,) = free_ports(1)
    async with listen({port: answer}):
        yield f"http://127.0.0.1:{port}"


async def tell(
    message: Notification,
    kind: str,
    options: Mapping[str, object],
    read: Callable[[str], str] = lambda name: f"{name}-secret",
) -> tuple[Answer, str | None]:
    """Send one message once, over a real connection."""
    system = clock.system()
    ways = Ways(Wire(system, Resolver(system), guard=Guard(loopback=True)), system, shout=Shouting())
    sender = SENDERS[kind]
    return await ways.reach(sender.render(message, Integration(kind, 0, options), read), sender)


def fine(status: int, body: Any) -> Answerer:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text)

    return answer


async def slow_down(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=429, text="slow down", headers={"Retry-After": "7"})


async def hang(_: web.BaseRequest) -> web.StreamResponse:
    await anyio.sleep(2)
    return web.Response()


async def reset(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport is not None
    raw: socket.socket = request.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response()


OPTIONS: Mapping[str, Callable[[str], Mapping[str, object]]] = {
    "webhook": lambda url: {"url": url},
    "slack": lambda url: {"api_url": url},
    "pagerduty": lambda url: {"routing_key_file": "pd", "url": f"{url}/v2/enqueue"},
    "msteams": lambda url: {"webhook_url": url},
    "servicenow": lambda url: {"url": url, "user_file": "u", "password_file": "p"},
}

DAYS = [
    pytest.param(slow_down, "answered 429: slow down", timedelta(seconds=7), id="too many, come back later"),
    pytest.param(fine(500, "oh no"), "answered 500: oh no", None, id="broken"),
    pytest.param(reset, "", None, id="the connection is reset"),
    pytest.param(hang, "", None, id="no answer"),
]


@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize(("day", "why", "wait"), DAYS)
async def test_a_bad_day_is_an_attempt_that_failed(
    kind: str, day: Answerer, why: str, wait: timedelta | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "DEADLINE", 0.3)
    async with receiver(day) as url:
        answer, refused = await tell(FIRING, kind, OPTIONS[kind](url))
    assert refused is not None
    assert refused.startswith(why)
    assert "secret" not in refused.replace("<secret>", "")
    assert (answer.retry_after, answer.final) == (wait, False)


@pytest.mark.parametrize(
    ("kind", "status", "body", "refused"),
    [
        pytest.param("pagerduty", 202, {"status": "success"}, None, id="PagerDuty takes it"),
        pytest.param("pagerduty", 200, {"status": "invalid event"}, "answered 200 with status", id="PagerDuty, not really"),
        pytest.param("pagerduty", 200, "<html>", "answered 200 with no JSON", id="something else than PagerDuty"),
        pytest.param("msteams", 202, "", None, id="Teams takes it"),
        pytest.param("msteams", 200, "Webhook message delivery failed with error: 413", "answered 200 but", id="Teams, not really"),
        pytest.param("servicenow", 200, {"error": {"message": "no access"}}, "answered 200 with an error: no access", id="ServiceNow, not really"),
        pytest.param("servicenow", 200, "<html>hibernating", "answered 200 with no JSON", id="an instance that sleeps"),
        pytest.param("slack", 200, "invalid_token", "answered 200 but said", id="Slack, not really"),
    ],
)  # fmt: skip
async def test_what_answers_200_has_not_always_taken_it(
    kind: str, status: int, body: Any, refused: str | None
) -> None:
    async with receiver(fine(status, body)) as url:
        _, why = await tell(FIRING, kind, OPTIONS[kind](url))
    assert why == refused if refused is None else str(why).startswith(refused)


async def test_what_pagerduty_calls_invalid_is_not_repeated() -> None:
    async with receiver(fine(400, {"status": "invalid event", "errors": ["Length of 'routing_key'"]})) as url:
        answer, refused = await tell(FIRING, "pagerduty", OPTIONS["pagerduty"](url))
    assert answer.final
    assert "routing_key" in str(refused)


async def test_pagerduty_hears_of_one_incident_under_one_key() -> None:
    events: list[dict[str, Any]] = []

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        events.append(json.loads(await request.read()))
        return web.json_response({"status": "success", "dedup_key": events[-1]["dedup_key"]}, status=202)

    async with receiver(take) as url:
        for message in (FIRING, ACKNOWLEDGED, OVER):
            assert (await tell(message, "pagerduty", OPTIONS["pagerduty"](url)))[1] is None
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"u7/ops"}
    assert {event["routing_key"] for event in events} == {"pd-secret"}
    payload = events[0]["payload"]
    assert (payload["summary"], payload["severity"], payload["source"]) == (
        INCIDENT.title,
        "critical",
        "card",
    )
    told = payload["custom_details"]["card · emea"]
    assert (told["expected"], told["actual"]) == ("202", "<500> & more")
    assert {"href": "https://runbooks.test/card", "text": "Runbook"} in events[0]["links"]


class ServiceNow:
    """A table of records by the Table API."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.lose_create = False

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        credentials = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        assert credentials == "u-secret:p-secret"
        assert urlsplit(request.path).path.startswith("/api/now/table/incident")
        if request.method == "GET":
            return web.json_response({"result": self._found(request)})
        body = json.loads(await request.read())
        if request.method == "POST":
            self.records.append(
                {"sys_id": f"s{len(self.records)}", "notes": [body.pop("work_notes")], **body}
            )
            if self.lose_create:
                self.lose_create = False
                return await reset(request)
            return web.json_response({"result": self.records[-1]}, status=201)
        record = next(one for one in self.records if one["sys_id"] == request.path.rpartition("/")[2])
        record["notes"].append(body.pop("work_notes"))
        record.update(body)
        return web.json_response({"result": record})

    def _found(self, request: web.BaseRequest) -> list[dict[str, Any]]:
        query = parse_qs(request.query_string)["sysparm_query"][0]
        wanted = query.removeprefix("correlation_id=").partition("^")[0]
        return [one for one in self.records if one["correlation_id"] == wanted][::-1][:1]


async def test_servicenow_has_one_record_that_lives_with_the_incident() -> None:
    instance = ServiceNow()
    async with receiver(instance.take) as url:
        for message, state in ((FIRING, "1"), (FIRING, "1"), (ACKNOWLEDGED, "2"), (OVER, "6"), (FIRING, "1")):
            assert (await tell(message, "servicenow", OPTIONS["servicenow"](url)))[1] is None
            assert [one["state"] for one in instance.records] == [state]
    (record,) = instance.records
    assert (record["impact"], record["urgency"], len(record["notes"])) == ("1", "1", 5)
    assert record["short_description"] == "#7 card fails in emea: step capture"
    assert record["close_notes"] == "synthprobe: every check concerned passes again"


async def test_a_lost_answer_makes_no_second_record() -> None:
    instance = ServiceNow()
    instance.lose_create = True
    async with receiver(instance.take) as url:
        answer, refused = await tell(FIRING, "servicenow", OPTIONS["servicenow"](url))
        assert refused is not None
        assert answer.arrived
        assert (await tell(FIRING, "servicenow", OPTIONS["servicenow"](url)))[1] is None
    assert len(instance.records) == 1


async def test_what_is_over_before_there_was_a_record_makes_none() -> None:
    instance = ServiceNow()
    async with receiver(instance.take) as url:
        assert (await tell(OVER, "servicenow", OPTIONS["servicenow"](url)))[1] is None
    assert instance.records == []


async def test_teams_gets_a_card_that_fits_and_makes_no_link_of_what_a_target_said() -> None:
    cards: list[dict[str, Any]] = []

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        assert len(body) < 28 * 1024
        cards.append(json.loads(body)["attachments"][0]["content"])
        return web.Response(status=202)

    hostile = replace(ALERT, annotations={**ALERT.annotations, "actual": "[pay here](https://evil.test)"})
    many = replace(FIRING, alerts=(hostile, *(replace(ALERT, annotations={"message": "x" * 3000}),) * 80))
    async with receiver(take) as url:
        for message in (replace(FIRING, alerts=(hostile,)), many):
            assert (await tell(message, "msteams", OPTIONS["msteams"](url)))[1] is None
    card = cards[0]
    assert card["body"][0]["text"] == "[FIRING #7] card fails in emea: step capture"
    facts = {fact["title"]: fact["value"] for block in card["body"] for fact in block.get("facts", ())}
    assert facts["actual"] == "\\[pay here\\]\\(https://evil.test\\)"
    assert facts["failing in"] == "emea"
    assert {"type": "Action.OpenUrl", "title": "Incident #7", "url": INCIDENT.url} in card["actions"]
    assert "71 more alerts" in cards[1]["body"][-1]["text"]


async def test_either_secret_of_a_webhook_verifies_it_while_they_rotate() -> None:
    new, old = ("whsec_" + base64.b64encode(key * 8).decode() for key in (b"new", b"old"))
    got: list[tuple[Mapping[str, str], bytes]] = []

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        got.append((dict(request.headers), await request.read()))
        return web.Response()

    async with receiver(take) as url:
        options = {"url": url, "signing_secret_files": ["new", "old"]}
        assert (await tell(FIRING, "webhook", options, {"new": new, "old": old}.__getitem__))[1] is None
    ((headers, body),) = got
    for secret in (new, old):
        assert Webhook(secret).verify(body, dict(headers))["idempotencyKey"] == headers["webhook-id"] == "k1"
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body + b" ", dict(headers))
