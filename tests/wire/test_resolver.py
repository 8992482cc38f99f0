"""Names to addresses: shared, kept for a while, tried in order, and never longer than the deadline."""

import asyncio
import socket
import threading
from collections.abc import Sequence

import anyio
import pytest
from wire_servers import OK, both_loops, request, says, serving, sighting, wire

from synthprobe.clock import Clock, system
from synthprobe.core.egress import IpVersion
from synthprobe.core.failures import Kind
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import WireFailure

pytestmark = pytest.mark.anyio
anyio_backend = both_loops


class Names:
    """A look-up that answers from a table, counts, and can be held back."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        self.free.wait(10)
        if name not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.answers[name]


async def test_look_ups_under_way_are_shared_and_one_that_leaves_takes_nobody_along() -> None:
    names = Names(shop=["127.0.0.1"])
    names.free.clear()
    resolver = Resolver(system(), lookup=names)
    found: list[str] = []

    async def ask() -> None:
        found.extend(address.text for address in await resolver.resolve("shop", IpVersion.ANY))

    async with anyio.create_task_group() as group:
        with anyio.move_on_after(0):
            await ask()
        for _ in range(5):
            group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        names.free.set()
    assert found == ["127.0.0.1"] * 5
    assert len(names.asked) == 1


async def test_an_answer_is_kept_for_its_time_and_a_failure_is_not() -> None:
    names = Names(shop=["127.0.0.1"])
    now = [0.0]
    resolver = Resolver(Clock(now=system().now, monotonic=lambda: now[0]), lookup=names, ttl=5.0)
    for at in (0.0, 4.9, 5.0, 9.9):
        now[0] = at
        await resolver.resolve("shop", IpVersion.ANY)
    assert names.asked == ["shop", "shop"]
    for _ in range(2):
        with pytest.raises(Exception, match="nowhere was not resolved: no such name"):
            await resolver.resolve("nowhere", IpVersion.ANY)
    assert names.asked[2:] == ["nowhere", "nowhere"]


async def test_more_names_than_threads_are_all_answered() -> None:
    names = Names(**{f"host{n}": ["127.0.0.1"] for n in range(20)})
    resolver = Resolver(system(), lookup=names, threads=2)
    answers = await asyncio.gather(*(resolver.resolve(name, IpVersion.ANY) for name in names.answers))
    assert len(answers) == 20


@pytest.mark.parametrize(
    ("version", "addresses"),
    [(IpVersion.ANY, ("::1", "127.0.0.1")), (IpVersion.V4, ("127.0.0.1",)), (IpVersion.V6, ("::1",))],
)
async def test_the_ip_version_is_a_choice(version: IpVersion, addresses: tuple[str, ...]) -> None:
    resolver = Resolver(system(), lookup=Names(shop=["::1", "127.0.0.1"]))
    found = await resolver.resolve("shop", version)
    assert tuple(address.text for address in found) == addresses


async def test_a_name_without_the_wanted_version_is_a_dns_error() -> None:
    failure = await _fail(Resolver(system(), lookup=Names(shop=["127.0.0.1"])), extensions={"ip": "v6"})
    assert (failure.kind, failure.phase) == (Kind.DNS_ERROR, "resolve")
    assert failure.message == "shop has no IPv6 address"


async def test_an_unknown_name_is_a_dns_error_with_the_time_it_took() -> None:
    failure = await _fail(Resolver(system(), lookup=Names()))
    assert (failure.kind, failure.phase) == (Kind.DNS_ERROR, "resolve")
    assert failure.sighting.phases.resolve is not None
    assert failure.sighting.phases.connect is None


async def test_the_system_does_not_know_an_invalid_name() -> None:
    with pytest.raises(WireFailure) as caught:
        await wire().handle_async_request(request("http://no.such.name.invalid/"))
    assert caught.value.kind is Kind.DNS_ERROR


async def test_a_look_up_that_hangs_is_a_timeout() -> None:
    names = Names(shop=["127.0.0.1"])
    names.free.clear()
    failure = await _fail(Resolver(system(), lookup=names), deadline=0.3)
    names.free.set()
    assert (failure.kind, failure.phase) == (Kind.TIMEOUT, "resolve")


async def test_addresses_are_tried_in_order_until_one_answers() -> None:
    resolver = Resolver(system(), lookup=Names(shop=["127.0.0.2", "127.0.0.1"]))
    async with serving(says(OK)) as port:
        seen = sighting(await wire(resolver).handle_async_request(request(f"http://shop:{port}/")))
    assert seen.peer == f"127.0.0.1:{port}"
    assert [(attempt.address, attempt.kind) for attempt in seen.attempts] == [
        ("127.0.0.2", Kind.CONNECT_REFUSED),
        ("127.0.0.1", None),
    ]


async def _fail(resolver: Resolver, **kwargs: object) -> WireFailure:
    with pytest.raises(WireFailure) as caught:
        await wire(resolver).handle_async_request(request("http://shop:1/", **kwargs))  # type: ignore[arg-type]
    return caught.value
