"""Which addresses may be connected to: judged on the very address, after the look-up, so that no name gets around it.

An IPv4 address within an IPv6 one (mapped, translated, tunnelled) is judged too: it is where the packets end up.
"""

import functools
import ipaddress
import socket
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refusal(StrEnum):
    """Why an address is not connected to; the words end a sentence that begins with the address."""

    METADATA = "is where clouds keep machine credentials: it is never connected to"
    LINK_LOCAL = "is link-local: it is never connected to"
    UNSPECIFIED = "is no host's address: it is never connected to"
    MULTICAST = "is no single host's address: it is never connected to"
    OWN = "is a listener of synthprobe itself: it is never connected to"
    LOOPBACK = "is this machine: only SYNTHPROBE_ALLOW_LOOPBACK=1 lets `serve` and `agent` connect to it"
    PRIVATE = "is in a private range, and its host is not named: write it into the file, or in `safety.hosts`"


class Guard(Struct, frozen=True):
    """What a `Wire` may connect to beside public addresses."""

    loopback: bool = False
    """Whether this machine may be connected to."""
    own: frozenset[tuple[str, int]] = frozenset()
    """Host and port of each of our own listeners."""

    def refusal(self, address: str, port: int, *, named: bool) -> Refusal | None:
        """Why not to connect to an address; `named`: a person wrote its host, so that private ranges are meant."""
        for host, taken in self.own:
            if port == taken and any(_reaches(ip, host) for ip in _places(address)):
                return Refusal.OWN
        for refusal in _refusals(address):
            allowed = (refusal is Refusal.LOOPBACK and self.loopback) or (
                refusal is Refusal.PRIVATE and named
            )
            if not allowed:
                return refusal
        return None


@functools.lru_cache(maxsize=1024)
def numeric(host: str) -> str | None:
    """The address that `host` is in any spelling the system would take (`127.1`, `0x7f000001`), else None.

    For hosts that somebody else resolves: our own look-ups end in plain addresses anyway.
    """
    bare = host.strip("[]").rstrip(".")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if bare.lower() == "localhost" or bare.lower().endswith(".localhost"):
        return "127.0.0.1"
    try:
        return socket.inet_ntoa(socket.inet_aton(bare)) if bare[:1].isdigit() else None
    except OSError:
        return None


@functools.lru_cache(maxsize=4096)
def _refusals(address: str) -> tuple[Refusal, ...]:
    """Every reason against an address, the gravest first."""
    found = {_judged(ip) for ip in _places(address)}
    return tuple(refusal for refusal in Refusal if refusal in found)


def _places(address: str) -> tuple[Ip, ...]:
    """The address and every one that is written inside it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return (ip, *(_embedded(ip) if isinstance(ip, ipaddress.IPv6Address) else ()))


def _embedded(ip: ipaddress.IPv6Address) -> Iterator[Ip]:
    number = int(ip)
    for network, shift in _EMBEDDING:
        if ip in network and number > 1:
            yield ipaddress.IPv4Address(number >> shift & 0xFFFFFFFF)
    if ip.teredo is not None:
        yield from ip.teredo
    if number >> 32 & 0xFDFFFFFF == _ISATAP:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)


_EMBEDDING = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # mapped (RFC 4291)
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # translated (RFC 2765)
    (ipaddress.IPv6Network("::/96"), 0),  # compatible (RFC 4291); `::` and `::1` are themselves
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64 (RFC 6052)
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 of one network (RFC 8215), with a /96 prefix
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4 (RFC 3056)
)
_ISATAP = 0x00005EFE  # RFC 5214


def _judged(ip: Ip) -> Refusal | None:
    for refusal, networks in _NETWORKS.items():
        if any(ip in network for network in networks if network.version == ip.version):
            return refusal
    return None


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_NETWORKS: Mapping[Refusal, tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]] = {
    Refusal.METADATA: _networks(
        "169.254.169.254",  # AWS, Azure, Google Cloud, and those who took after them
        "169.254.170.2",  # AWS containers
        "fd00:ec2::254",  # AWS over IPv6
        "fd20:ce::254",  # Google Cloud over IPv6
        "168.63.129.16",  # Azure's wire server
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
    ),
    Refusal.LINK_LOCAL: _networks("169.254.0.0/16", "fe80::/10"),
    Refusal.UNSPECIFIED: _networks("0.0.0.0/8", "::/128"),
    Refusal.MULTICAST: _networks("224.0.0.0/4", "240.0.0.0/4", "ff00::/8"),
    Refusal.LOOPBACK: _networks("127.0.0.0/8", "::1/128"),
    # What IANA's special-purpose registries do not call globally reachable.
    Refusal.PRIVATE: _networks(
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "fc00::/7",
        "fec0::/10",
    ),
}
"""The first that holds an address says what it is."""


def _reaches(ip: Ip, listener: str) -> bool:
    address = numeric(listener)
    if address is None:
        return False
    heard = ipaddress.ip_address(address)
    return ip == heard or (ip.is_loopback and (heard.is_unspecified or listener.lower() == "localhost"))
