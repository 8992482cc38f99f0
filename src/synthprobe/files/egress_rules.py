"""Rules of how requests leave: profiles that are there, certificates with their keys, proxies that can be spoken to."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType

from synthprobe.core.spelling import suggestion
from synthprobe.files.defaults_shape import Defaults
from synthprobe.files.documents import Document, Path
from synthprobe.files.egress_shape import Proxy
from synthprobe.files.egress_values import DIRECT
from synthprobe.files.places import protocols, requests
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.shapes import given
from synthprobe.files.values import has_reference


def profile_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Names of profiles that the file does not have."""
    holders: list[tuple[Path, object]] = [(("defaults", "request"), given(file.defaults, Defaults()).request)]
    holders += [*requests(file.steps), *protocols(file.steps)]
    tls, proxies = tuple(given(file.tls, {})), tuple({**given(file.proxies, {}), DIRECT: None})
    for path, holder in holders:
        yield from _unknown(document, (*path, "tls"), getattr(holder, "tls", UNSET), tls)
        yield from _unknown(document, (*path, "profile"), getattr(holder, "profile", UNSET), tls)
        yield from _unknown(document, (*path, "via"), getattr(holder, "via", UNSET), proxies)


def tls_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Keys without certificates, and sources that are neither a path nor one secret."""
    for name, profile in given(file.tls, {}).items():
        path: Path = ("tls", name)
        if not isinstance(profile.client_key, UnsetType) and isinstance(profile.client_cert, UnsetType):
            position = document.position((*path, "client_key"), of_key=True)
            yield problem_at(position, "`client_key` is of no certificate", "add `client_cert`")
        for key in ("client_cert", "client_key", "ca"):
            written = getattr(profile, key)
            if has_reference(written) and not _ONE_SECRET(written):
                hint = "write a path, or `${{ secrets.name }}` alone"
                yield problem_at(
                    document.position((*path, key)), f"`{key}` is neither a path nor a secret", hint
                )


def proxy_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Proxies that could not be spoken to."""
    for name, proxy in given(file.proxies, {}).items():
        path: Path = ("proxies", name)
        if name == DIRECT:
            position = document.position(path, of_key=True)
            yield problem_at(position, f"`{DIRECT}` is what `via` says for no proxy", "choose another name")
        if fault := _url_fault(proxy):
            yield problem_at(document.position((*path, "url")), fault, "write it as `http://host:3128`")


_ONE_SECRET = re.compile(r"\$\{\{\s*secrets\.[A-Za-z0-9_-]+\s*\}\}").fullmatch


def _unknown(document: Document, path: Path, name: object, known: tuple[str, ...]) -> Iterator[Problem]:
    if not isinstance(name, str) or name in known:
        return
    where = "`proxies`" if path[-1] == "via" else "`tls`"
    hint = suggestion(name, known) or f"the file has no {where}"
    yield problem_at(document.position(path), f"no `{name}` in {where}", hint)


def _url_fault(proxy: Proxy) -> str | None:
    if has_reference(proxy.url):
        return None
    try:
        parts = urlsplit(proxy.url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return "the proxy's URL cannot be read"
    if parts.scheme != "http" or not parts.hostname or not port_fits:
        return "a proxy's URL begins with http:// and names a host"
    if parts.username or parts.password:
        return "a proxy's URL holds no credentials: they stand in `username` and `password`"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "a proxy's URL has no path"
    return None
