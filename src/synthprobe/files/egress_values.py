"""TLS profiles, proxies and hosts as a file writes them → core values; the file has been checked before."""

from collections.abc import Mapping

from msgspec import Struct, UnsetType

from synthprobe.core import egress as core
from synthprobe.core.auth import Auth
from synthprobe.core.templates import Value
from synthprobe.files.auth_values import auths
from synthprobe.files.documents import Document
from synthprobe.files.egress_shape import Proxy, Safety, TlsProfile
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.shapes import given
from synthprobe.files.values import value_of


class Profiles(Struct, frozen=True):
    """What requests may name."""

    tls: Mapping[str, core.TlsProfile] = {}
    proxies: Mapping[str, core.Proxy] = {}
    auth: Mapping[str, Auth] = {}


DIRECT = "direct"
"""What `via` says for no proxy, where `defaults` name one."""


def profiles(file: ProbeFile, document: Document) -> Profiles:
    """The profiles of a file by their names."""
    tls = {name: _tls(profile) for name, profile in given(file.tls, {}).items()}
    proxies = {name: _proxy(proxy) for name, proxy in given(file.proxies, {}).items()}
    return Profiles(tls, proxies, auths(file.auth, document, (tls, proxies)))


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
