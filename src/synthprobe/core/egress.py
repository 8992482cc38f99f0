"""How a probe's requests leave: which address family, which certificates, through which proxy, to which hosts."""

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from synthprobe.core.templates import Value


class IpVersion(StrEnum):
    """Which addresses of a name may be used."""

    ANY = "any"
    V4 = "v4"
    V6 = "v6"


class TlsProfile(Struct, frozen=True):
    """Certificates by name of their source: a text is a path relative to the probe file, a template fills to PEM text."""

    ca: Value = None
    client_cert: Value = None
    client_key: Value = None
    min_version: str = "1.2"


class Proxy(Struct, frozen=True):
    """An egress proxy; hosts that a pattern of `no_proxy` matches are reached without it."""

    url: Value
    username: Value = ""
    password: Value = ""
    no_proxy: tuple[str, ...] = ()


class Safety(Struct, frozen=True):
    """What a probe may do beyond what is written in its file."""

    hosts: tuple[str, ...] = ()
    """Patterns of hosts that may be called though a response or a secret named them."""
    max_amount: Mapping[str, str] = {}
    """The most that one step may move, by currency; a currency that is not named may not be moved."""
    max_open_exposure: Mapping[str, str] = {}
    """The most that may be made and not yet taken back, by currency."""
    budget: str = ""
    """The budget of the settings that its requests are drawn from."""


def host_matches(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern fits the host; `*` stands for any text, `*.acme.example` for every host below."""
    name = canonical(host)
    return any(fnmatchcase(name, canonical(pattern)) for pattern in patterns)


def canonical(host: str) -> str:
    """A host as it is compared: small letters, no brackets, no dot at the end."""
    return host.lower().strip("[]").removesuffix(".")
