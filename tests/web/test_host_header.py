"""Which names the pages answer to, and that HEAD is answered, over a real server."""

import anyio
import httpx
import pytest
from web_stage import app_over, browser, seed

from synthprobe.settings.values import Listen
from synthprobe.stores.inline import InlineStore
from synthprobe.web.server import Pages, bind

PATHS = ("/", "/api/v1/incidents", "/metrics", "/healthz", "/readyz", "/schema/openapi.json")


def _statuses(host: str) -> set[int]:
    async def ask() -> set[int]:
        async with browser(seed) as client:
            return {(await client.get(path, headers={"host": host})).status_code for path in PATHS}

    return anyio.run(ask)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8400", 200, id="the listen address"),
        pytest.param("LOCALHOST:8400", 200, id="localhost"),
        pytest.param("[::1]:8400", 200, id="IPv6 loopback"),
        pytest.param("localhost:9999", 200, id="another port, as behind a tunnel"),
        pytest.param("evil.test:8400", 400, id="a foreign name"),
        pytest.param("127.0.0.1.evil.test", 400, id="a foreign name that begins like ours"),
        pytest.param("evil.test@127.0.0.1:8400@evil.test", 400, id="a name that is none"),
        pytest.param("", 400, id="no name"),
    ],
)
def test_pages_and_machines_answers_are_for_our_own_names_only(host: str, status: int) -> None:
    assert _statuses(host) == {status}


def test_the_host_of_the_public_url_and_the_listen_address_are_answered_to() -> None:
    async def ask() -> tuple[int, int]:
        app = app_over(InlineStore(), public_url="https://probes.bank.test/x", hosts=("10.0.0.7",))
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            public = await client.get("/healthz", headers={"host": "probes.bank.test"})
            listen = await client.get("/healthz", headers={"host": "10.0.0.7:8400"})
            return public.status_code, listen.status_code

    assert anyio.run(ask) == (200, 200)


@pytest.mark.anyio
async def test_head_is_answered_as_get_without_a_body() -> None:
    store = InlineStore()
    await store.write(seed)
    sock = bind(Listen("127.0.0.1", 0))
    pages = Pages(app_over(store))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pages.serve, [sock])
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            with anyio.fail_after(20):
                for path in ("/", "/healthz"):
                    head = await client.head(path)
                    assert (head.status_code, head.content) == (200, b"")
                assert (await client.head("/events")).status_code == 405
        pages.should_exit = True
    sock.close()
