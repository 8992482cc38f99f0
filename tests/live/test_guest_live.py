"""A `synthprobe run` that draws on the account of a `serve` elsewhere: real processes, joined by HTTP only."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio import to_thread
from card import CARD
from live_service import LOOPBACK, Service, environment, until
from test_one_account import ROUTES, process

from payments.faults import Fault, Kind
from payments.starting import PaymentServer, payment_server

IDLE = "name: idle\nschedule: {every: 1h}\nregions: [emea]\nsteps: [{id: rest, pause: 1ms}]\n"


def by_hand(folder: Path, name: str, url: str) -> tuple[int, str]:
    """One run on another machine, as far as it can tell; how it ended, and what it said."""
    elsewhere = folder / name
    elsewhere.mkdir()
    words = ("run", str(folder / "card.yaml"), "--wait", "0s", "--account", url)
    with process(elsewhere, "said", *words) as run:
        run.join(60)
        assert run.exitcode is not None
        return run.exitcode, (elsewhere / "said").read_text()


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_run_elsewhere_that_is_killed_counts_until_a_person_has_settled_it(tmp_path: Path) -> None:
    with payment_server() as provider:
        anyio.run(_scenario, provider, tmp_path)


async def _scenario(provider: PaymentServer, folder: Path) -> None:
    probe = CARD.replace("URL", provider.url).replace("50.00", "2.00").replace("every: 1s", "every: 5m")
    probe = probe.replace("timeout: 900ms", "timeout: 90s").replace("600ms", "60s")
    (folder / "card.yaml").write_text(probe)
    (folder / "routes.yaml").write_text(ROUTES)
    (folder / "probes").mkdir()
    (folder / "probes" / "idle.yaml").write_text(IDLE)
    service = Service(folder, environment())
    url = f"http://{LOOPBACK}:{service.port}"
    await service.start()
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await until(lambda: _answers(client), "the server answers", within=60)
            provider.fault(Fault(operation="capture", kind=Kind.HANG, seconds=90))
            with ExitStack() as stack:
                (folder / "first").mkdir()
                words = ("run", str(folder / "card.yaml"), "--account", url)
                first = stack.enter_context(process(folder / "first", "said", *words))
                await until(lambda: bool(provider.calls("capture")), "it captures", within=60)
                (guest,) = await _guests(client)
                assert (guest["standing"], guest["held"]) == ("live", {"card": {"EUR": "1.07"}})
                code, said = await to_thread.run_sync(by_hand, folder, "second", url)
                assert (code, "skipped (exposure)" in said) == (3, True), said
                first.kill()
                first.join()
            code, said = await to_thread.run_sync(by_hand, folder, "third", url)
            assert (code, f"1.07 by {guest['holder']}" in said) == (3, True), said
            wish = {"holder": guest["holder"], "by": "ada", "note": "cancelled by phone", "confirm": "yes"}
            (await client.post("/api/v1/account/settle", json=wish)).raise_for_status()
            provider.mend()
            code, said = await to_thread.run_sync(by_hand, folder, "fourth", url)
            assert (code, "refund passed" in said) == (0, True), said
            assert [each["standing"] for each in await _guests(client)] == ["settled"]
    finally:
        await service.end()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/api/v1/account")).is_success
    except httpx.HTTPError:
        return False


async def _guests(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/api/v1/account")).json()["guests"]
    return found
