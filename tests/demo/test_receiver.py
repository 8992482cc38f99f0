"""The receiver shows what it is told, and never lets it become markup."""

import aiohttp
import pytest

from free_ports import free_ports
from synthprobe.demo.receiver import Delivery, Inbox, lines, page, receiving

BODY = {
    "version": "4",
    "status": "firing",
    "receiver": "duty",
    "notificationReason": "first",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "ProbeFailed", "probe": "card", "region": "emea"},
            "annotations": {"summary": "card fails in emea: step capture: status equals 200, was 503"},
        }
    ],
    "incidents": [{"number": 7, "title": "card", "url": "http://127.0.0.1:8080/incidents/7"}],
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def deliver(*bodies: object, key: str = "k1") -> tuple[Inbox, list[Delivery], list[int], str]:
    told: list[Delivery] = []
    statuses = []
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    async with receiving(port, told.append) as inbox, aiohttp.ClientSession() as sender:
        for body in bodies:
            async with sender.post(f"{url}/duty", json=body, headers={"Idempotency-Key": key}) as response:
                statuses.append(response.status)
        async with sender.get(url) as response:
            shown = await response.text()
    return inbox, told, statuses, shown


@pytest.mark.anyio
async def test_a_delivery_is_told_in_the_words_of_its_page() -> None:
    inbox, told, statuses, shown = await deliver(BODY)
    assert statuses == [200]
    assert told == inbox.deliveries
    assert told[0].incidents == {7}
    assert lines(told[0]) == [
        "PAGE  FIRING  incident #7, reason first",
        "firing: card fails in emea: step capture: status equals 200, was 503",
        "key k1",
        "http://127.0.0.1:8080/incidents/7",
    ]
    assert "step capture" in shown


@pytest.mark.anyio
async def test_a_repeat_is_marked_as_one() -> None:
    _, told, _, _ = await deliver(BODY, BODY)
    assert [delivery.repeated for delivery in told] == [False, True]
    assert "the same message again" in lines(told[1])[0]


@pytest.mark.anyio
async def test_what_is_no_payload_is_refused() -> None:
    inbox, _, statuses, _ = await deliver({"hello": "world"}, ["x"])
    assert statuses == [400, 400]
    assert inbox.deliveries == []


@pytest.mark.anyio
async def test_what_is_delivered_never_becomes_markup() -> None:
    hostile = {**BODY, "notificationReason": "<script>alert(1)</script>"}
    inbox, _, _, shown = await deliver(hostile)
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert page(inbox.deliveries) == shown
