"""The outside heartbeat is called every minute while all is well, and is silent when it is not: silence is told there."""

import logging
from collections.abc import Callable
from typing import TypeVar

import anyio
import httpx
import pytest
from router_scene import Scene

from synthprobe.clock import Clock
from synthprobe.ports import Tx
from synthprobe.stores.errors import StoreFull
from synthprobe.stores.inline import InlineStore
from virtual import run_virtual

T = TypeVar("T")

URL = "https://outside.example.test/ping/abc"


class Outside(httpx.AsyncBaseTransport):
    """Keeps when it was called and how; answers as it is told."""

    def __init__(self, clock: Clock) -> None:
        self.calls: list[tuple[float, str, str]] = []
        self.status: int | None = 200
        self._clock = clock
        self._began = clock.now()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        at = round((self._clock.now() - self._began).total_seconds())
        self.calls.append((at, request.method, str(request.url)))
        if self.status is None:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(self.status)


def scene_with(clock: Clock, outside: Outside, url: str = URL) -> Scene:
    scene = Scene(clock)
    scene.transport, scene.outside = outside, url
    return scene


def test_it_is_called_at_once_and_every_minute() -> None:
    async def scenario(clock: Clock) -> None:
        outside = Outside(clock)
        async with scene_with(clock, outside).running():
            await anyio.sleep(185)
        assert outside.calls == [(at, "GET", URL) for at in (0, 60, 120, 180)]

    run_virtual(scenario)


def test_nothing_is_called_where_no_url_is_set() -> None:
    async def scenario(clock: Clock) -> None:
        outside = Outside(clock)
        async with scene_with(clock, outside, "").running():
            await anyio.sleep(185)
        assert outside.calls == []

    run_virtual(scenario)


@pytest.mark.parametrize(
    ("status", "said"),
    [pytest.param(500, "answered 500", id="a refusal"), pytest.param(None, "refused", id="no answer")],
)
def test_one_that_does_not_answer_is_said_and_called_again(
    status: int | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(clock: Clock) -> None:
        outside = Outside(clock)
        outside.status = status
        async with scene_with(clock, outside).running() as scene:
            await anyio.sleep(65)
            assert scene.router.progress()["auditor"] < 60, "the auditor goes on"
            outside.status = 200
            await anyio.sleep(60)
        assert [at for at, *_ in outside.calls] == [0, 60, 120]

    with caplog.at_level(logging.WARNING):
        run_virtual(scenario)
    assert "the outside heartbeat cannot be reached" in caplog.text
    assert said in caplog.text
    assert "ping/abc" not in caplog.text, "whoever has the URL can keep it beating"


class FullStore(InlineStore):
    """A store whose disk is full while `full`."""

    full = False

    async def write(self, transaction: Callable[[], Tx[T]], *, patience: float = 0.0) -> T:
        if self.full:
            raise StoreFull("the disk is full")
        return await super().write(transaction, patience=patience)


def test_it_is_silent_while_the_store_cannot_be_written() -> None:
    async def scenario(clock: Clock) -> None:
        outside = Outside(clock)
        scene = scene_with(clock, outside)
        scene.store = store = FullStore()
        async with scene.running():
            await anyio.sleep(65)
            store.full = True
            await anyio.sleep(120)
            store.full = False
            await anyio.sleep(60)
        assert [at for at, *_ in outside.calls] == [0, 60, 240]

    run_virtual(scenario)
