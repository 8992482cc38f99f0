"""The guard: which addresses are connected to, however they are written and whatever they are wrapped in."""

import pytest
from wire_servers import OK, both_loops, request, says, serving

from synthprobe.clock import system
from synthprobe.core.failures import Kind
from synthprobe.wire.guard import Guard, Refusal, numeric
from synthprobe.wire.resolver import Resolver
from synthprobe.wire.transport import Wire, WireFailure

anyio_backend = both_loops


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        pytest.param("8.8.8.8", None, id="public"),
        pytest.param("2606:4700::1111", None, id="public IPv6"),
        pytest.param("169.254.169.254", Refusal.METADATA, id="metadata"),
        pytest.param("fd00:ec2::254", Refusal.METADATA, id="metadata over IPv6"),
        pytest.param("168.63.129.16", Refusal.METADATA, id="metadata of Azure"),
        pytest.param("169.254.1.1", Refusal.LINK_LOCAL, id="link-local"),
        pytest.param("fe80::1%eth0", Refusal.LINK_LOCAL, id="link-local IPv6 with its scope"),
        pytest.param("0.0.0.0", Refusal.UNSPECIFIED, id="unspecified"),
        pytest.param("::", Refusal.UNSPECIFIED, id="unspecified IPv6"),
        pytest.param("224.0.0.1", Refusal.MULTICAST, id="multicast"),
        pytest.param("ff02::1", Refusal.MULTICAST, id="multicast IPv6"),
        pytest.param("255.255.255.255", Refusal.MULTICAST, id="broadcast"),
        pytest.param("127.0.0.1", Refusal.LOOPBACK, id="loopback"),
        pytest.param("127.9.9.9", Refusal.LOOPBACK, id="all of loopback"),
        pytest.param("::1", Refusal.LOOPBACK, id="loopback IPv6"),
        pytest.param("10.1.2.3", Refusal.PRIVATE, id="private"),
        pytest.param("172.31.0.1", Refusal.PRIVATE, id="private, class B"),
        pytest.param("100.64.0.1", Refusal.PRIVATE, id="carrier NAT"),
        pytest.param("fd12::1", Refusal.PRIVATE, id="private IPv6"),
        pytest.param("::ffff:169.254.169.254", Refusal.METADATA, id="mapped metadata"),
        pytest.param("::ffff:127.0.0.1", Refusal.LOOPBACK, id="mapped loopback"),
        pytest.param("::ffff:0:127.0.0.1", Refusal.LOOPBACK, id="translated loopback"),
        pytest.param("::127.0.0.1", Refusal.LOOPBACK, id="compatible loopback"),
        pytest.param("64:ff9b::a9fe:a9fe", Refusal.METADATA, id="metadata by NAT64"),
        pytest.param("64:ff9b:1::a00:1", Refusal.PRIVATE, id="private by a network's own NAT64"),
        pytest.param("64:ff9b::808:808", None, id="public by NAT64"),
        pytest.param("2002:a9fe:a9fe::1", Refusal.METADATA, id="metadata by 6to4"),
        pytest.param("2002:808:808::1", None, id="public by 6to4"),
        pytest.param("2001:db8::5efe:a9fe:a9fe", Refusal.METADATA, id="metadata by ISATAP"),
        pytest.param("2001:0:a9fe:a9fe::1", Refusal.METADATA, id="a tunnel server that is metadata"),
    ],
)
def test_an_address_is_judged_by_where_its_packets_end(address: str, refusal: Refusal | None) -> None:
    assert Guard().refusal(address, 443, named=False) is refusal


@pytest.mark.parametrize(
    ("address", "guard", "refusal"),
    [
        pytest.param("10.0.0.1", Guard(), None, id="a private address that is named"),
        pytest.param("127.0.0.1", Guard(), Refusal.LOOPBACK, id="loopback needs more than a name"),
        pytest.param("127.0.0.1", Guard(loopback=True), None, id="loopback where it is allowed"),
        pytest.param(
            "169.254.169.254", Guard(loopback=True), Refusal.METADATA, id="metadata, whatever is allowed"
        ),
        pytest.param(
            "127.0.0.1",
            Guard(loopback=True, own=frozenset({("localhost", 443)})),
            Refusal.OWN,
            id="our own listener",
        ),
        pytest.param(
            "::ffff:10.0.0.1",
            Guard(own=frozenset({("10.0.0.1", 443)})),
            Refusal.OWN,
            id="our own listener, mapped",
        ),
        pytest.param(
            "127.0.0.1",
            Guard(loopback=True, own=frozenset({("127.0.0.1", 80)})),
            None,
            id="another port than our listener's",
        ),
    ],
)
def test_what_is_named_or_allowed(address: str, guard: Guard, refusal: Refusal | None) -> None:
    assert guard.refusal(address, 443, named=True) is refusal


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("LOCALHOST.", "127.0.0.1"),
        ("api.localhost", "127.0.0.1"),
        ("api.example", None),
        ("1and1.example", None),
    ],
)
def test_a_number_is_known_in_any_spelling(host: str, address: str | None) -> None:
    assert numeric(host) == address


async def blocked(host: str, guard: Guard, answers: list[str] | None = None) -> WireFailure:
    """The failure of a request to `host`, at a server that would answer; its name has `answers`."""
    clock = system()
    resolver = Resolver(clock, lookup=lambda _name: answers or []) if answers else Resolver(clock)
    async with serving(says(OK)) as port:
        with pytest.raises(WireFailure) as caught:
            await Wire(clock, resolver, guard=guard).handle_async_request(request(f"http://{host}:{port}/"))
    return caught.value


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f000001", "2130706433", "127.1", "localhost"])
async def test_a_refused_host_is_not_connected_to_in_any_spelling(host: str) -> None:
    failure = await blocked(host, Guard())
    assert failure.kind is Kind.BLOCKED
    assert "is this machine" in failure.message
    assert not failure.sighting.attempts
    assert not failure.sighting.bytes_sent


@pytest.mark.anyio
async def test_one_refused_answer_of_a_name_refuses_them_all() -> None:
    failure = await blocked("shop.test", Guard(loopback=True), ["127.0.0.1", "169.254.169.254"])
    assert failure.kind is Kind.BLOCKED
    assert failure.message == (
        "shop.test was not connected to: 169.254.169.254 is where clouds keep machine credentials: "
        "it is never connected to"
    )
    assert failure.phase == "connect"


@pytest.mark.anyio
async def test_the_address_that_was_judged_is_the_one_connected_to() -> None:
    """A name that changes between two look-ups gets one look-up only."""
    asked: list[str] = []

    def lookup(name: str) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    clock = system()
    wire = Wire(clock, Resolver(clock, lookup=lookup, ttl=0), guard=Guard(loopback=True))
    async with serving(says(OK)) as port:
        response = await wire.handle_async_request(request(f"http://shop.test:{port}/"))
    assert response.status_code == 200
    assert len(asked) == 1
