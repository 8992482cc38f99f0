"""Real amtool and a real Prometheus work against a running `synthprobe serve` as they do against Alertmanager."""

import json
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from aiohttp import web
from installed import ask, program
from live_service import Service, environment, until

from free_ports import free_ports
from synthprobe.demo.loopback import listen

pytestmark = [pytest.mark.programs, pytest.mark.anyio, pytest.mark.timeout(180)]

ROUTES = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 4h
  routes:
    - {matchers: ['severity="critical"', 'owner=~"cards|accounts"'], receiver: page, mute_time_intervals: [night]}
    - {matchers: ['owner="cards"'], receiver: cards, when: [night]}
receivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:%d/hook'}]}, {name: page}, {name: cards}]
inhibit_rules: [{name: down, source_matchers: ['alertname="Down"'], target_matchers: ['alertname="Slow"'], equal: [psp]}]
time_intervals:
  - name: night
    time_intervals:
      - {times: [{start_time: '22:00', end_time: '24:00'}], weekdays: ['monday:friday', sunday], days_of_month: ['-7:-1'], months: ['january:march'], years: ['2000:2001'], location: Europe/London}
"""

PROBE = """
name: idle
schedule: {every: 1h}
regions: {emea: {}}
steps: [{id: ask, request: {url: 'http://127.0.0.1:9/'}, assert: [{status: 200}]}]
"""

PROMETHEUS = """
global: {evaluation_interval: 1s, scrape_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:%d']}]}]}
scrape_configs: [{job_name: shop, static_configs: [{targets: ['127.0.0.1:%d']}]}]
"""

RULES = """
groups:
  - name: shop
    rules:
      - {alert: QueueFull, expr: queue_length > 5, labels: {severity: critical}, annotations: {summary: 'the queue holds {{ $value }}'}}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Shop:
    """A target that Prometheus scrapes, and the webhook that hears of it."""

    def __init__(self) -> None:
        self.queue = 0
        self.heard: list[tuple[str, str]] = []

    async def metrics(self, _: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=f"queue_length {self.queue}\n")

    async def hook(self, request: web.BaseRequest) -> web.StreamResponse:
        body = json.loads(await request.text())
        self.heard.extend((a["status"], a["annotations"].get("summary", "")) for a in body["alerts"])
        return web.Response()

    def told(self, status: str, text: str) -> bool:
        return any(found == status and text in summary for found, summary in self.heard)


class World:
    """The service, with the shop beside it."""

    def __init__(self, service: Service, shop: Shop, shop_port: int) -> None:
        self.service, self.shop, self.shop_port = service, shop, shop_port
        self.url = f"http://127.0.0.1:{service.port}"

    async def amtool(self, *words: str, text: str = "") -> str:
        """What amtool says; it must succeed."""

        def run() -> str:
            code, said = ask("amtool", f"--alertmanager.url={self.url}", *words, text=text)
            assert code == 0, said
            return "\n".join(
                line for line in said.splitlines() if not line.startswith("Warning: amtool version")
            )

        return await anyio.to_thread.run_sync(run)

    async def ready(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{self.url}/-/ready")).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    hook_port, shop_port = free_ports(2)
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "idle.yaml").write_text(PROBE)
    (tmp_path / "routes.yaml").write_text(ROUTES % hook_port)
    shop, service = Shop(), Service(tmp_path, environment())
    async with listen({hook_port: shop.hook, shop_port: shop.metrics}):
        await service.start()
        made = World(service, shop, shop_port)
        try:
            await until(made.ready, "the service answers", within=60)
            yield made
        finally:
            await service.end()


async def test_amtool_adds_and_queries_alerts(world: World) -> None:
    await world.amtool("alert", "add", "alertname=Full", "node=a", "--annotation=summary=disk")
    await world.amtool(
        "alert",
        "add",
        "alertname=Hot",
        "node=b",
        "--end=2020-01-01T00:00:00Z",
        "--start=2019-01-01T00:00:00Z",
    )
    (found,) = json.loads(await world.amtool("alert", "query", "-o", "json"))
    assert (found["labels"], found["annotations"]) == (
        {"alertname": "Full", "node": "a"},
        {"summary": "disk"},
    )
    assert found["status"]["state"] == "active"
    assert json.loads(await world.amtool("alert", "query", "-o", "json", "Hot")) == []
    assert "Full" in await world.amtool("alert", "query", 'node=~"a|b"', "--receiver=hook")
    await until(lambda: world.shop.told("firing", "disk"), "the webhook heard of it")


async def test_amtool_makes_changes_and_ends_silences(world: World, tmp_path: Path) -> None:
    await world.amtool("alert", "add", "alertname=Full", "node=a")
    made = (
        await world.amtool(
            "silence", "add", "alertname=Full", "node=~a|b", "-c", "CHG1", "-a", "chi", "-d", "1h"
        )
    ).strip()
    assert made in await world.amtool("silence", "query", "alertname=Full")
    assert json.loads(await world.amtool("alert", "query", "-o", "json")) == []
    (held,) = json.loads(await world.amtool("alert", "query", "--silenced", "-o", "json"))
    assert (held["status"]["state"], held["status"]["silencedBy"]) == ("suppressed", [made])
    assert made in await world.amtool("silence", "update", "-d", "2h", "-c", "CHG2", made)
    (found,) = json.loads(await world.amtool("silence", "query", "-o", "json"))
    assert (found["id"], found["comment"]) == (made, "CHG2")
    kept = tmp_path / "silences.json"
    kept.write_text(json.dumps([found]))
    await world.amtool("silence", "expire", made)
    assert await world.amtool("silence", "query", "-q") == ""
    assert made in await world.amtool("silence", "query", "--expired", "-q")
    await world.amtool("silence", "import", "--force", str(kept))
    (again,) = json.loads(await world.amtool("silence", "query", "-o", "json"))
    assert (again["matchers"], again["createdBy"]) == (found["matchers"], "chi")


async def test_amtool_shows_the_routes_and_tests_them(world: World, tmp_path: Path) -> None:
    shown = await world.amtool("config", "show")
    assert "Europe/London" in shown
    routes = await world.amtool("config", "routes", "show")
    assert 'owner=~"cards|accounts"' in routes
    assert (
        await world.amtool("config", "routes", "test", "severity=critical", "owner=cards")
    ).strip() == "page"
    assert (await world.amtool("config", "routes", "test", "severity=info")).strip() == "hook"
    async with httpx.AsyncClient() as client:
        original = (await client.get(f"{world.url}/api/v2/status")).json()["config"]["original"]
    file = tmp_path / "original.yml"
    file.write_text(original)
    code, said = ask("amtool", "check-config", str(file))
    assert code == 0, said
    assert "1 inhibit rules" in said


@contextmanager
def prometheus(world: World, folder: Path) -> Iterator[None]:
    """Prometheus that scrapes the shop and tells the service of its alerts."""
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(PROMETHEUS % (world.service.port, world.shop_port))
    (port,) = free_ports(1)
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    command += [f"--storage.tsdb.path={folder / 'tsdb'}", "--rules.alert.resend-delay=1s"]
    with (
        (folder / "prometheus.log").open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)


async def test_a_prometheus_rule_fires_and_resolves_into_it(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "prometheus"
    folder.mkdir()
    with prometheus(world, folder):
        world.shop.queue = 9
        await until(lambda: world.shop.told("firing", "the queue holds 9"), "it fires", within=60)
        async with httpx.AsyncClient() as client:
            (found,) = (await client.get(f"{world.url}/api/v2/alerts")).json()
            assert found["labels"]["instance"] == f"127.0.0.1:{world.shop_port}"
            assert "/graph?g0.expr=" in found["generatorURL"]
            world.shop.queue = 1
            await until(lambda: world.shop.told("resolved", "the queue holds"), "it resolves", within=60)
            await anyio.sleep(3)
            assert (await client.get(f"{world.url}/api/v2/alerts")).json() == [], (
                "the end is sent again and stays one"
            )
    assert [status for status, _ in world.shop.heard] == ["firing", "resolved"]
