"""Apprise against a service on this machine, good days and bad ones; no thread of it delays the loop."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from aiohttp import web
from msgspec.structs import replace
from notified import FIRING, RESOLVED

from free_ports import free_ports
from synthprobe.core.routes import Integration
from synthprobe.demo.loopback import listen
from synthprobe.router.shouting import Shouting, without_secret
from synthprobe.senders import apprise
from synthprobe.senders.outgoing import Shout, Unrenderable

APPRISE = Integration("apprise", 0, {"url_file": "secrets/duty", "location": "Europe/Oslo"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def service(
    answer: Callable[[], Awaitable[web.StreamResponse]],
) -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """A service that takes Apprise's JSON; yields its URL and what it got."""
    got: list[dict[str, str]] = []

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        key = request.headers.get("Idempotency-Key", "")
        got.append({**json.loads(await request.read()), "key": key, "query": request.query_string})
        return await answer()

    (port,) = free_ports(1)
    async with listen({port: take}):
        yield f"json://user:s3cretword@127.0.0.1:{port}/t0ken", got


async def fine() -> web.StreamResponse:
    return web.Response(text="ok")


async def broken() -> web.StreamResponse:
    return web.Response(status=500, text="s3cretword was refused")


async def hanging() -> web.StreamResponse:
    await anyio.sleep(1.5)
    return web.Response()


def shout(url: str) -> Shout:
    return apprise.render(FIRING, APPRISE, lambda _: f"{url}\n")


def test_a_watch_shows_first_what_matters_most() -> None:
    made = shout("json://x")
    assert made.title == "[FIRING #7] card fails in emea: step capture"
    assert made.mood == "failure"
    assert made.body.split("\n") == [
        "Incident #7 http://probe.test/incidents/7",
        "state: triggered, local, critical",
        "since: 2026-07-01 09:00:00 UTC (11:00 Europe/Oslo)",
        "failing in: emea",
        "passing in: amer, apac",
        "who has it: nobody yet",
        "acknowledge: synthprobe incident ack 7, or on its page http://probe.test/incidents/7",
        "",
        "card · emea http://probe.test/runs/r1",
        "state: firing, critical",
        "failing since: 2026-07-01 09:00:00 UTC (11:00 Europe/Oslo)",
        "trace: the failing run http://probe.test/runs/r1",
        "step: capture",
        "message: status equals 202",
        "expected: 202",
        "actual: <500> & more",
        "last good run: 2026-07-01 08:59:00 UTC (10:59 Europe/Oslo) http://probe.test/runs/r0",
        "runbook: https://runbooks.test/card",
        "",
        "reason first · receiver ops",
    ]
    assert apprise.render(RESOLVED, APPRISE, lambda _: "json://x").mood == "success"


def test_a_url_that_cannot_be_read_is_said_by_the_name_of_its_file() -> None:
    def read(_: str) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(Unrenderable, match="url_file secrets/duty cannot be read: No such file"):
        apprise.render(FIRING, APPRISE, read)


@pytest.mark.anyio
async def test_a_message_arrives() -> None:
    async with service(fine) as (url, got):
        answer = await Shouting()(shout(url))
    assert answer.failure == ""
    assert got[0]["title"] == "[FIRING #7] card fails in emea: step capture"
    assert got[0]["type"] == "failure"


@pytest.mark.parametrize("query", [pytest.param("", id="no query"), pytest.param("?-team=pay", id="a query")])
@pytest.mark.anyio
async def test_a_service_of_ones_own_gets_the_key_that_is_the_same_on_each_repeat(query: str) -> None:
    key = "u1-j%C3%B6rg%2Fa-firing-3"
    async with service(fine) as (url, got):
        for _ in range(2):
            made = apprise.render(replace(FIRING, key=key), APPRISE, lambda _: f"{url}{query}")
            assert (await Shouting()(made)).failure == ""
    assert [message["key"] for message in got] == [key, key]
    assert [message["query"] for message in got] == ["team=pay" if query else ""] * 2


def test_a_service_that_takes_no_headers_gets_its_url_as_it_is() -> None:
    assert shout("tgram://token/chat").url == "tgram://token/chat"


@pytest.mark.anyio
async def test_a_refusal_is_a_failure_that_tells_no_secret() -> None:
    async with service(broken) as (url, _):
        answer = await Shouting()(shout(url))
    assert "500" in answer.failure
    assert "s3cretword" not in answer.failure
    assert "t0ken" not in answer.failure


@pytest.mark.anyio
async def test_a_service_that_hangs_is_left_and_delays_no_other() -> None:
    shouting = Shouting(deadline=0.4)
    async with service(hanging) as (slow, _), service(fine) as (quick, got):
        answers = {}

        async def send(name: str, url: str) -> None:
            answers[name] = await shouting(shout(url))
            if name == "quick":
                assert "slow" not in answers

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, "slow", slow)
            tasks.start_soon(send, "quick", quick)
    assert answers["slow"].failure
    assert answers["quick"].failure == ""
    assert len(got) == 1


def test_an_alert_from_outside_says_what_it_says_of_itself_and_which_one_it_is() -> None:
    labels = {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical", "region": "emea"}
    said = {
        "summary": "db1 has 2 % left",
        "description": "It fills within the hour.",
        "runbook": "https://r.test",
    }
    alert = replace(
        FIRING.alerts[0], labels=labels, annotations=said, run_url="http://prom.test/g", last_good_at=None
    )
    made = apprise.render(replace(FIRING, alerts=(alert,)), APPRISE, lambda _: "json://x")
    facts = made.body.split("\n")
    assert facts[facts.index("DiskFull · emea http://prom.test/g") + 1 : -2] == [
        "state: firing, critical",
        "failing since: 2026-07-01 09:00:00 UTC (11:00 Europe/Oslo)",
        "source: what sent it http://prom.test/g",
        "summary: db1 has 2 % left",
        "description: It fills within the hour.",
        "labels: instance=db1:9100",
        "runbook: https://r.test",
    ]


@pytest.mark.anyio
async def test_what_is_no_apprise_url_is_said_and_nothing_arrived() -> None:
    answer = await Shouting()(shout("no url at all"))
    assert "no Apprise URL" in answer.failure
    assert not answer.arrived


def test_every_part_of_a_url_that_may_be_secret_is_taken_out() -> None:
    said = "could not reach host.test with apikey or pass9 or /path/T123"
    assert without_secret(said, "slack://user:pass9@host.test/path/T123?key=apikey") == (
        "could not reach <secret> with <secret> or <secret> or /<secret>/<secret>"
    )
