"""Probe files and routes changed under a running `serve`: taken up without a restart, and broken ones told of."""

import re
import signal
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from live_service import Service, environment, until

from free_ports import free_ports
from synthprobe.demo.loopback import listen

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

ROUTES = "route: {receiver: ops}\nreceivers:\n  - {name: ops, log_configs: [{}]}\n"


def probe(name: str, port: int) -> str:
    """A probe that runs every second."""
    return f"""\
name: {name}
schedule: {{every: 1s}}
timeout: 900ms
regions: {{emea: {{base_url: "http://127.0.0.1:{port}"}}}}
steps:
  - id: ask
    request: {{url: "${{{{ region.base_url }}}}/"}}
    assert: [{{status: 200}}]
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_running_service_takes_up_what_was_changed(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    probes = tmp_path / "probes"
    probes.mkdir()
    (probes / "pay.yaml").write_text(probe("pay", port))
    (tmp_path / "routes.yaml").write_text(ROUTES)
    service = Service(tmp_path, environment())
    async with listen({port: _ok}):
        await service.start()
        try:
            await _follow(service, probes, port)
        finally:
            await service.end()


async def _follow(service: Service, probes: Path, port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as client:

        async def shows(path: str, text: str, *, not_: str = "nothing at all") -> bool:
            try:
                page = (await client.get(path)).text
            except httpx.TransportError:
                return False
            return text in page and not_ not in page

        await until(lambda: shows("/metrics", 'synthprobe_runs_total{probe="pay"'), "pay runs")
        (probes / "login.yaml").write_text(probe("login", port))
        await until(lambda: shows("/metrics", 'synthprobe_runs_total{probe="login"'), "login runs too")

        (probes / "pay.yaml").write_text("name: pay\nstepz: []\n")
        await until(lambda: shows("/", "unknown key"), "the overview says what is wrong")
        assert await shows("/metrics", f'synthprobe_config_errors{{file="{probes}/pay.yaml"}}')
        await service.kill_agent()
        await until(lambda: len(service.agents()) == 2, "another agent is started, though a file is broken")
        before = await _runs(client)
        await until(lambda: _more(client, before), "pay goes on as it was, in the new agent too")
        assert await shows("/", "A changed file is not used")

        (probes / "pay.yaml").write_text(probe("pay", port))
        (probes / "login.yaml").unlink()
        await until(lambda: shows("/", "pay", not_="A changed file"), "all is well again")
        await until(lambda: shows("/metrics", "synthprobe", not_='probe="login"'), "login has ended")

        routes = service.folder / "routes.yaml"
        routes.write_text(ROUTES.replace("receiver: ops", "receiver: nobody"))
        service.signal(signal.SIGHUP)
        await until(lambda: shows("/", "nobody"), "the overview says what is wrong with the routes")
        routes.write_text(ROUTES.replace("ops", "desk"))
        await until(lambda: "routes were changed" in service.said(), "the routes are in force")
        await until(lambda: shows("/", "pay", not_="A changed file"), "all is well again")
        service.check()


async def _runs(client: httpx.AsyncClient) -> float:
    found = re.search(r'synthprobe_runs_total\{probe="pay".*\} ([\d.]+)', (await client.get("/metrics")).text)
    return float(found[1]) if found else 0.0


async def _more(client: httpx.AsyncClient, before: float) -> bool:
    return await _runs(client) > before + 1


async def _ok(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response()
