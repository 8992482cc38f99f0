"""The proxy forwards, breaks and repeats answers on real sockets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import anyio
import pytest
from aiohttp import web

from free_ports import free_ports
from synthprobe.demo import proxy
from synthprobe.demo.faults import Drip, Fault
from synthprobe.demo.loopback import listen
from synthprobe.demo.proxy import Arrival

pytestmark = pytest.mark.anyio
ANSWER = b'{"id": "pi_1"}'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Scene:
    """An API that counts, a proxy in front of it, and a caller."""

    def __init__(self, url: str, caller: aiohttp.ClientSession) -> None:
        self.url = url
        self.caller = caller
        self.reached: list[str] = []
        self.arrivals: list[Arrival] = []
        self.elapsed: float | None = 0.0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.reached.append(request.path_qs)
        if request.path == "/slow":
            await anyio.sleep(0.2)
        status = 500 if request.path == "/broken" else 200
        return web.Response(
            status=status, body=ANSWER, headers={"X-Api": "1"}, content_type="application/json"
        )

    async def call(
        self, path: str, *, key: str = "", body: bytes = b"a=1"
    ) -> tuple[int, bytes, dict[str, str]]:
        headers = {"Authorization": "Bearer sk_test_1", **({"Idempotency-Key": key} if key else {})}
        async with self.caller.post(self.url + path, data=body, headers=headers) as response:
            return response.status, await response.read(), dict(response.headers)


@asynccontextmanager
async def scene(faults: Sequence[Fault] = ()) -> AsyncIterator[Scene]:
    api, emea = free_ports(2)
    async with aiohttp.ClientSession() as caller:
        here = Scene(f"http://127.0.0.1:{emea}", caller)
        async with (
            listen({api: here.answer}),
            proxy.running(
                f"http://127.0.0.1:{api}",
                {emea: "emea"},
                faults=faults,
                since_start=lambda: here.elapsed,
                note=here.arrivals.append,
            ),
        ):
            yield here


def fault(**what: object) -> Fault:
    return Fault(method="POST", path="/pay", since=timedelta(), **what)  # type: ignore[arg-type]


async def test_without_a_fault_the_api_answers() -> None:
    async with scene() as here:
        status, body, headers = await here.call("/pay?x=1")
        assert (status, body, headers["X-Api"]) == (200, ANSWER, "1")
        assert here.reached == ["/pay?x=1"]


async def test_a_status_fault_answers_in_place_of_the_api() -> None:
    async with scene([fault(status=503)]) as here:
        status, body, _ = await here.call("/pay", key="k")
        assert status == 503
        assert b"api_error" in body
        assert here.reached == []
        here.elapsed = None
        assert (await here.call("/pay", key="k"))[0] == 200, (
            "the key was not noted: the API never saw the request"
        )


async def test_a_wrong_body_comes_with_the_status_of_the_api() -> None:
    async with scene([fault(body="<html>")]) as here:
        assert (await here.call("/pay"))[:2] == (200, b"<html>")


async def test_a_reset_cuts_the_connection_before_the_api() -> None:
    async with scene([fault(reset=True)]) as here:
        with pytest.raises(aiohttp.ClientError):
            await here.call("/pay")
        assert here.reached == []


async def test_a_lost_answer_is_work_done_that_the_key_gives_again() -> None:
    async with scene([fault(lose_answer=True, until=timedelta(seconds=5))]) as here:
        with pytest.raises(aiohttp.ClientError):
            await here.call("/pay", key="k")
        here.elapsed = 6.0
        status, body, headers = await here.call("/pay", key="k")
        assert (status, body, headers["Idempotent-Replayed"]) == (200, ANSWER, "true")
        assert here.reached == ["/pay"], "the API did the work once"


async def test_a_drip_sends_the_whole_answer_in_drops() -> None:
    async with scene([fault(drip=Drip(4, timedelta(milliseconds=1)))]) as here:
        assert (await here.call("/pay"))[:2] == (200, ANSWER)


async def test_a_delay_holds_the_request_back() -> None:
    async with scene([fault(delay=timedelta(seconds=30))]) as here:
        with anyio.move_on_after(0.2) as waited:
            await here.call("/pay")
        assert waited.cancelled_caught
        assert here.reached == []


async def test_a_stored_500_is_given_again() -> None:
    async with scene() as here:
        assert (await here.call("/broken", key="k"))[0] == 500
        status, _, headers = await here.call("/broken", key="k")
        assert (status, headers["Idempotent-Replayed"]) == (500, "true")
        assert here.reached == ["/broken"]


async def test_the_same_key_with_another_body_is_refused() -> None:
    async with scene() as here:
        await here.call("/pay", key="k")
        status, body, _ = await here.call("/pay", key="k", body=b"a=2")
        assert status == 400
        assert b"idempotency_error" in body


async def test_the_same_key_at_the_same_time_is_refused() -> None:
    async with scene() as here:
        found: list[int] = []

        async def pay() -> None:
            found.append((await here.call("/slow", key="k"))[0])

        async with anyio.create_task_group() as both:
            both.start_soon(pay)
            both.start_soon(pay)
        assert sorted(found) == [200, 409]


async def test_an_api_that_is_gone_is_a_bad_gateway() -> None:
    async with scene() as here:
        (nobody,) = free_ports(1)
        (region,) = free_ports(1)
        async with proxy.running(
            f"http://127.0.0.1:{nobody}", {region: "amer"}, faults=(), since_start=lambda: None
        ):
            here.url = f"http://127.0.0.1:{region}"
            assert (await here.call("/pay"))[0] == 502


async def test_the_ledger_says_what_reached_the_api() -> None:
    async with scene([fault(status=503)]) as here:
        await here.call("/pay", key="one")
        await here.call("/refund", key="two")
        assert here.arrivals == [
            Arrival("emea", "POST", "/pay", "one", reached=False, status=503),
            Arrival("emea", "POST", "/refund", "two", reached=True, status=200),
        ]
