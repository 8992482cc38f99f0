"""Real processes on loopback: with target and references cut off the target is not blamed; alone it is, and soon."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import anyio
import pytest
from aiohttp import web
from live_service import Service, environment, until

from free_ports import free_ports
from synthprobe import clock
from synthprobe.demo.loopback import listen

INTERVAL = 2.0

PROBE = """
name: pay
owner: cards
schedule: {{every: 2s}}
timeout: 1s
regions: {{emea: {{base_url: "http://127.0.0.1:{port}"}}}}
steps:
  - id: ask
    request: {{url: "${{{{ region.base_url }}}}/health"}}
    assert: [{{status: 200}}]
"""

ROUTES = """
platform: platform
teams: {{cards: {{}}, platform: {{}}}}
regions: {{emea: {{references: ["http://127.0.0.1:{one}/", "http://127.0.0.1:{two}/"]}}}}
route: {{receiver: all, group_by: [alertname], group_wait: 1s}}
receivers: [{{name: all, log_configs: [{{}}]}}]
"""

pytestmark = pytest.mark.timeout(120)


class Town:
    """A target, two references and `serve`; each host can be cut off."""

    def __init__(self, folder: Path) -> None:
        self.target, *self.references = free_ports(3)
        (folder / "probes").mkdir()
        (folder / "probes" / "pay.yaml").write_text(PROBE.format(port=self.target))
        one, two = self.references
        (folder / "routes.yaml").write_text(ROUTES.format(one=one, two=two))
        self.service = Service(folder, {**environment(), "SYNTHPROBE_ALLOW_LOOPBACK": "1"})
        self._hosts = {port: AsyncExitStack() for port in (self.target, *self.references)}

    async def open(self) -> None:
        """Let every host answer."""
        for port, stack in self._hosts.items():
            await stack.enter_async_context(listen({port: _ok}))

    async def cut_off(self, *ports: int) -> None:
        """Nothing listens there any more."""
        for port in ports:
            await self._hosts[port].aclose()

    async def close(self) -> None:
        """End all of it."""
        await self.service.end()
        await self.cut_off(*self._hosts)

    def alerts(self) -> dict[str, str]:
        """The state of each alert by name."""
        return {
            json.loads(doc)["labels"]["alertname"]: state
            for state, doc in self._rows("select state, doc from alerts")
        }

    def outcomes(self) -> list[str]:
        """Of every run, in order."""
        return [str(outcome) for (outcome,) in self._rows("select outcome from runs order by rowid")]

    def _rows(self, query: str) -> list[tuple[str, ...]]:
        if not self.service.store.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.service.store}?mode=ro", uri=True)) as store:
            try:
                return store.execute(query).fetchall()
            except sqlite3.OperationalError:  # it is being made just now
                return []


async def _ok(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response()


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    """A town in which a run has passed."""
    made = Town(folder)
    await made.open()
    try:
        await made.service.start()
        await until(lambda: "passed" in made.outcomes(), "a run passes")
        yield made
    finally:
        with anyio.CancelScope(shield=True):
            await made.close()


def test_with_target_and_references_cut_off_the_region_is_unwell_and_the_target_is_not_blamed(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with town(tmp_path) as here:
            await here.cut_off(here.target, *here.references)
            await until(lambda: here.alerts() == {"RegionUnwell": "firing"}, "the region is told as unwell")
            await until(lambda: here.outcomes().count("errored") >= 5, "more runs are ours")
            assert here.alerts() == {"RegionUnwell": "firing"}
            assert "failed" not in here.outcomes()

    anyio.run(scenario)


def test_with_the_target_alone_cut_off_its_alert_fires_within_two_intervals(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with town(tmp_path) as here:
            began = clock.system().monotonic()
            await here.cut_off(here.target)
            await until(
                lambda: here.alerts() == {"ProbeFailed": "firing"}, "the target's alert fires", within=15
            )
            assert clock.system().monotonic() - began < 2 * INTERVAL + 1
            assert "errored" not in here.outcomes()

    anyio.run(scenario)
