"""TLS profiles, proxies and hosts as a file writes them → core values; the file has been checked before."""

from collections.abc import Mapping

from msgspec import Struct, UnsetType

from synthprobe.core import egress as core
from synthprobe.core.templates import Value
from synthprobe.files.egress_shape import Proxy, Safety, TlsProfile
from synthprobe.files.shapes import given
from synthprobe.files.values import value_of


class Profiles(Struct, frozen=True):
    """What requests may name."""

    tls: Mapping[str, core.TlsProfile] = {}
    proxies: Mapping[str, core.Proxy] = {}


DIRECT = "direct"
"""What `via` says for no proxy, where `defaults` name one."""


def profiles(tls: Mapping[str, TlsProfile] | UnsetType, proxies: Mapping[str, Proxy] | UnsetType) -> Profiles:
    """The profiles of a file by their names."""
    return Profiles(
        tls={name: _tls(profile) for name, profile in given(tls, {}).items()},
        proxies={name: _proxy(proxy) for name, proxy in given(proxies, {}).items()},
    )


def safety(written: Safety | UnsetType) -> core.Safety:
    """What a file allows."""
    shaped = given(written, Safety())
    return core.Safety(
        hosts=tuple(given(shaped.hosts, [])),
        max_amount=given(shaped.max_amount, {}),
        max_open_exposure=given(shaped.max_open_exposure, {}),
        budget=given(shaped.budget, ""),
    )


def _tls(profile: TlsProfile) -> core.TlsProfile:
    return core.TlsProfile(
        ca=_source(profile.ca),
        client_cert=_source(profile.client_cert),
        client_key=_source(profile.client_key),
        min_version=given(profile.min_version, "1.2"),
    )


def _source(written: str | UnsetType) -> Value:
    return None if isinstance(written, UnsetType) else value_of(written)


def _proxy(proxy: Proxy) -> core.Proxy:
    return core.Proxy(
        url=value_of(proxy.url),
        username=value_of(given(proxy.username, "")),
        password=value_of(given(proxy.password, "")),
        no_proxy=tuple(given(proxy.no_proxy, [])),
    )
