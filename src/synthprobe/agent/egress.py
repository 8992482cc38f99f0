"""What the transport is told beside the request: where it may go, by which certificates, through which proxy."""

from collections.abc import Mapping
from pathlib import Path

import httpx
from msgspec import structs

from synthprobe.agent.retries import is_repeatable
from synthprobe.agent.scene import Scene, Unsendable
from synthprobe.core.egress import Proxy, TlsProfile, host_matches
from synthprobe.core.requests import Request
from synthprobe.core.templates import Template, Value, fill
from synthprobe.wire.contexts import Pem, Source, TlsOptions
from synthprobe.wire.proxy import Via


def egress(action: Request, scene: Scene) -> Mapping[str, object]:
    """The extensions that a request's profiles make. Raises `LookupFailed`, `Unsendable`."""
    made: dict[str, object] = {"ip": action.ip.value, "named": True}
    if action.keep:
        made["keeping"], made["repeatable"] = scene.keeping, is_repeatable(action)
    if action.tls is not None:
        made["tls"] = tls_options(action.tls, scene)
    if action.via is not None:
        made["via"] = via_of(action.via, scene)
        made["no_proxy"] = action.via.no_proxy
    return made


def for_host(extensions: Mapping[str, object], host: str) -> dict[str, object]:
    """The extensions as they hold for one host: without the proxy, where it is not for this host."""
    left = dict(extensions)
    patterns = left.pop("no_proxy", ())
    if isinstance(patterns, tuple) and host_matches(host, patterns):
        left.pop("via", None)
    return left


def for_strangers(extensions: Mapping[str, object]) -> dict[str, object]:
    """The extensions for another origin than the probe chose: who we are is not shown there."""
    left = dict(extensions)
    if isinstance(options := left.get("tls"), TlsOptions):
        left["tls"] = structs.replace(options, client_cert=None, client_key=None)
    return left


def refusal(url: httpx.URL, scene: Scene) -> str | None:
    """Why a host must not be called: neither the file nor its `safety.hosts` names it."""
    return host_refusal(url.host, scene) and host_refusal(url.raw_host.decode("ascii"), scene)


def host_refusal(host: str, scene: Scene) -> str | None:
    """As `refusal`, of a host alone."""
    if scene.knows_host(host):
        return None
    return f"{host} was not called: the file does not name this host; allow it in `safety.hosts`"


def tls_options(profile: TlsProfile, scene: Scene) -> TlsOptions:
    """The certificates of a profile. Raises `LookupFailed`."""
    return TlsOptions(
        ca=_source(profile.ca, scene),
        client_cert=_source(profile.client_cert, scene),
        client_key=_source(profile.client_key, scene),
        min_version=profile.min_version,
    )


def _source(written: Value, scene: Scene) -> Source | None:
    """A path beside the probe file, or the text of a secret."""
    if isinstance(written, Template):
        return Pem(str(fill(written, scene.names)))
    return Path(scene.check.probe.position.file).parent / str(written) if written else None


def via_of(proxy: Proxy, scene: Scene) -> Via:
    """A proxy and who we are to it. Raises `LookupFailed`, `Unsendable`."""
    try:
        url = httpx.URL(str(fill(proxy.url, scene.names)))
    except httpx.InvalidURL as error:
        raise Unsendable(f"the proxy's URL is none: {error}") from error
    if url.scheme != "http" or not url.host:
        raise Unsendable("a proxy's URL begins with http:// and names a host")
    return Via(
        host=url.raw_host.decode("ascii"),
        port=url.port or 80,
        username=str(fill(proxy.username, scene.names)),
        password=str(fill(proxy.password, scene.names)),
    )
