"""Webhooks of real processes: localstripe's, signed as Stripe signs, and a provider's while router and agent are killed."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
import httpx
import pytest
from live_service import Service, environment, until

from free_ports import free_ports
from payments.faults import HookFault, HookKind
from payments.starting import payment_server
from synthprobe.app.hooks import key_in
from synthprobe.buses import local
from synthprobe.core.hooks import Terms, probe_token, url_of
from synthprobe.core.questions import AskDeliveries, DeliveriesAnswer
from synthprobe.settings.loading import load
from synthprobe.settings.values import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

SECRET = "whsec_localstripes"
ROUTES = "route: {receiver: ops}\nreceivers:\n  - {name: ops, log_configs: [{}]}\n"

STRIPE_PROBE = """
name: card-stripe
schedule: {every: 1m}
timeout: 25s
regions: {emea: {base_url: "http://127.0.0.1:PORT"}}
vars: {ref: "sp-${{ run.id }}"}
secrets: {hook_key: {env: HOOK_KEY}, api_key: {env: API_KEY}}
steps:
  - id: pay
    request:
      method: POST
      url: ${{ region.base_url }}/v1/payment_intents
      headers: {Authorization: "Bearer ${{ secrets.api_key }}"}
      form:
        amount: "107"
        currency: eur
        payment_method: pm_card_visa
        confirm: "true"
        metadata[ref]: ${{ vars.ref }}
    assert: [{status: 200}]
  - id: hook
    await:
      correlate: {json: $.data.object.metadata.ref, equals: "${{ vars.ref }}"}
      match: [{json: $.type, equals: payment_intent.succeeded}]
      verify: {type: stripe, key: "${{ secrets.hook_key }}"}
      timeout: 15s
    assert:
      - json: $.data.object.amount
        equals: 107
"""

PAYMENT_PROBE = """
name: card-hook
schedule: {every: 50s}
timeout: 50s
regions: {emea: {base_url: "http://127.0.0.1:PORT"}}
secrets: {hook_key: {env: HOOK_KEY}}
steps:
  - id: pay
    request:
      method: POST
      url: ${{ region.base_url }}/v1/payments
      json:
        reference: sp-${{ run.id }}
        amount: {value: "1.07", currency: EUR}
        callback_url: ${{ run.callback_url }}
    assert: [{status: 201}]
  - id: hook
    await:
      match: [{json: $.type, equals: payment.authorised}]
      verify: {type: hmac, header: X-Hook-Signature, key: "${{ secrets.hook_key }}"}
      timeout: 47s
    assert:
      - deliveries: 1
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def localstripe(folder: Path) -> AsyncIterator[int]:
    command = [sys.executable, "-m", "synthprobe.demo.stripe", "--folder", str(folder)]
    process = await anyio.open_process(command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    try:
        await until(lambda: (folder / "port").exists(), "localstripe listens")
        yield int((folder / "port").read_text())
    finally:
        process.kill()
        await process.wait()
        await process.aclose()


async def synthprobe(*words: str, **variables: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "synthprobe", *words]
    done = await anyio.run_process(command, check=False, env={**environment(), **variables})
    return done.returncode, (done.stdout + done.stderr).decode()


async def test_localstripes_signed_webhook_ends_the_wait_at_the_url_of_the_probe(tmp_path: Path) -> None:
    (listen,) = free_ports(1)
    key = tmp_path / "hooks.key"
    async with localstripe(tmp_path) as port:
        file = tmp_path / "card.yaml"
        file.write_text(STRIPE_PROBE.replace("PORT", str(port)))
        shown = ["--hooks-key", str(key), "--hooks-url", f"http://127.0.0.1:{listen}"]
        _, line = await synthprobe("hooks", str(file), *shown)
        name, url = line.split()
        assert name == "card-stripe"
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            hook = {"url": url, "secret": SECRET, "events[]": "payment_intent.succeeded"}
            (
                await client.post("/_config/webhooks/ours", data=hook, auth=("sk_test_1", ""))
            ).raise_for_status()
        run = ("run", str(file), "--hooks-key", str(key), "--hooks-listen", f"127.0.0.1:{listen}")
        variables = {"API_KEY": "sk_test_12345", "HOOK_KEY": SECRET}
        code, said = await synthprobe(*run, **variables)
        assert (code, "passed" in said) == (0, True), said
        code, said = await synthprobe(*run, **{**variables, "HOOK_KEY": "whsec_of_somebody_else"})
        assert (code, "webhook_invalid" in said) == (4, True), said


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_a_wait_outlives_kills_of_the_router_and_what_was_taken_outlives_all(tmp_path: Path) -> None:
    with payment_server() as provider:
        provider.settings(hooks={"retries": 60, "retry_after": 0.3})
        provider.webhook_fault(
            HookFault(event="payment.authorised", kind=HookKind.LATE, seconds=4, times=None)
        )
        _files(tmp_path, provider.port)
        service = Service(tmp_path, {**environment(), "HOOK_KEY": "hook-key"})
        await service.start()
        try:
            bus = _settings(tmp_path).bus
            await until(lambda: Path(bus).exists(), "the bus is there")
            async with _agent(tmp_path, bus) as code:
                await until(lambda: bool(provider.ledger().payments), "the run has paid and waits", within=90)
                await service.kill_router()
                await service.orphan_ended()
                await service.start()
                await until(lambda: _passed(service), "the run has passed", within=90)
                assert code() is None
            await _taken_is_kept(service, bus, tmp_path)
        finally:
            await service.end()


async def _taken_is_kept(service: Service, bus: str, folder: Path) -> None:
    """What was answered with 200 is there after a kill."""
    key = key_in(folder / "world-hooks.key")
    token = probe_token(key, "idle")
    url = url_of(Terms(f"http://127.0.0.1:{service.port}", key), token)
    async with httpx.AsyncClient() as client:
        assert (await client.post(url, content=b"\x00kept")).status_code == 200
    await service.kill_router()
    await service.orphan_ended()
    await service.start()
    await until(lambda: Path(bus).exists(), "the bus is there again")

    async def told() -> bool:
        try:
            answer = await local.connect(bus).ask(AskDeliveries((token,)))
        except Exception:  # noqa: BLE001 - it starts still
            return False
        return isinstance(answer, DeliveriesAnswer) and [each.body for each in answer.deliveries] == [
            b"\x00kept"
        ]

    await until(told, "the delivery is there after the kill")


def _files(folder: Path, port: int) -> None:
    (folder / "probes").mkdir()
    idle = "name: idle\nschedule: {every: 1h}\nregions: [emea]\nsteps:\n"
    (folder / "probes" / "idle.yaml").write_text(
        f"{idle}  - id: ask\n    request: {{url: 'http://127.0.0.1:{port}/health'}}\n"
    )
    (folder / "waiting").mkdir()
    (folder / "waiting" / "hook.yaml").write_text(PAYMENT_PROBE.replace("PORT", str(port)))
    (folder / "routes.yaml").write_text(ROUTES)


def _settings(folder: Path) -> Settings:
    return load({"store": f"sqlite:///{folder / 'world.db'}"}, {}).settings


@asynccontextmanager
async def _agent(folder: Path, bus: str) -> AsyncIterator[Callable[[], int | None]]:
    """An agent of its own, which no router takes with it."""
    command = [sys.executable, "-m", "synthprobe", "agent", "--bus", bus, "--agent", "far"]
    command += ["--probes", str(folder / "waiting"), "--spool", str(folder / "far.db")]
    variables = {**environment(), "HOOK_KEY": "hook-key"}
    with (folder / "agent.log").open("wb") as log:
        process = await anyio.open_process(
            command, stdin=DEVNULL, stdout=log, stderr=log, env=variables, cwd=folder
        )
    try:
        yield lambda: process.returncode
    finally:
        process.kill()
        await process.wait()
        await process.aclose()


async def _passed(service: Service) -> bool:
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}") as client:
            runs = (await client.get("/api/v1/runs", params={"probe": "card-hook"})).json()
    except (httpx.TransportError, ValueError):
        return False
    return [run["outcome"] for run in runs][-1:] == ["passed"]
