"""Rules of `auth`: the keys each type needs and takes, what can be signed, and keys that must be secrets."""

import re
from collections.abc import Iterator, Mapping

from msgspec import UNSET, UnsetType

from synthprobe.core.spelling import listed, suggestion
from synthprobe.files.auth_shape import Auth
from synthprobe.files.defaults_shape import DefaultRequest, Defaults
from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.egress_values import DIRECT
from synthprobe.files.places import requests
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.shapes import given
from synthprobe.files.values import has_reference

NEEDS: Mapping[str, tuple[str, ...]] = {
    "basic": ("username", "password"),
    "bearer": ("token",),
    "oauth2": ("token_url", "client_id", "client_secret"),
    "hmac": ("key", "sign", "header"),
    "oauth1-rsa": ("consumer_key", "key"),
    "jws-detached": ("key", "kid"),
    "http-signature": ("key", "keyid", "algorithm", "components"),
}
"""Keys that a type cannot be without."""

TAKES: Mapping[str, tuple[str, ...]] = {
    "basic": (),
    "bearer": (),
    "oauth2": ("client_auth", "scope", "params", "margin", "tls", "via"),
    "hmac": ("key_encoding", "algorithm", "separator", "encoding", "prefix", "headers"),
    "oauth1-rsa": (),
    "jws-detached": ("header", "algorithm", "b64", "claims", "headers"),
    "http-signature": (*("key_encoding", "label", "expires", "nonce", "tag", "digest", "alg", "headers"),),
}
"""Keys that a type may have."""

ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "hmac": ("sha256", "sha1", "sha384", "sha512"),
    "jws-detached": ("PS256", "RS256", "ES256"),
    "http-signature": ("rsa-pss-sha512", "rsa-v1_5-sha256", "ecdsa-p256-sha256", "ed25519", "hmac-sha256"),
}
PARTS = ("method", "path", "query", "target", "url", "host", "body", "body_hash")
COMPONENTS = ("@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query")

_SECRET = ("password", "token", "client_secret", "key")
_ONE_REFERENCE = re.compile(r"\$\{\{\s*(?:secrets|steps)\.[A-Za-z0-9_.-]+\s*\}\}").fullmatch
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_QUERY_PARAM = re.compile(r'@query-param;name="[A-Za-z0-9*._%-]+"').fullmatch


def auth_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Everything that is wrong with `auth`, and names of entries that the file does not have."""
    for name, auth in given(file.auth, {}).items():
        path: Path = ("auth", name)
        yield from _key_problems(document, path, auth)
        yield from _secret_problems(document, path, auth)
        yield from _value_problems(document, path, auth)
        yield from _egress_problems(document, path, auth, file)
    yield from _name_problems(document, file)


def _key_problems(document: Document, path: Path, auth: Auth) -> Iterator[Problem]:
    needed, known = NEEDS[auth.type], {*NEEDS[auth.type], *TAKES[auth.type], "type"}
    for key in needed:
        if getattr(auth, key) is UNSET and document.is_whole((*path, key)):
            yield problem_at(
                document.position(path, of_key=True), f"`{key}` is missing, which `{auth.type}` needs"
            )
    for key in Auth.__struct_fields__:
        if key not in known and getattr(auth, key) is not UNSET:
            position = document.position((*path, key), of_key=True)
            yield problem_at(position, f"`{key}` means nothing to `{auth.type}`", "remove it")


def _secret_problems(document: Document, path: Path, auth: Auth) -> Iterator[Problem]:
    """What must be secret may not stand in the file; a private key may stand in a file of its own."""
    for key in _SECRET:
        written = getattr(auth, key)
        shared = auth.type == "hmac" or auth.algorithm == "hmac-sha256"
        if isinstance(written, UnsetType) or (key == "key" and not shared and not has_reference(written)):
            continue
        if key in ("key", "token", "client_secret", "password") and not _ONE_REFERENCE(written):
            hint = "write `${{ secrets.name }}` alone"
            yield problem_at(document.position((*path, key)), f"`{key}` is not a secret", hint)


def _value_problems(document: Document, path: Path, auth: Auth) -> Iterator[Problem]:
    allowed = ALGORITHMS.get(auth.type, ())
    if not isinstance(auth.algorithm, UnsetType) and allowed and auth.algorithm not in allowed:
        position = document.position((*path, "algorithm"))
        message = f"`{auth.algorithm[:40]}` is not spoken by `{auth.type}`"
        yield problem_at(position, message, suggestion(auth.algorithm, allowed) or f"use {listed(allowed)}")
    for index, part in enumerate(given(auth.sign, [])):
        if fault := _part_fault(part):
            yield problem_at(document.position((*path, "sign", index)), *fault)
    for index, name in enumerate(given(auth.components, [])):
        if fault := _component_fault(name):
            yield problem_at(document.position((*path, "components", index)), *fault)
    for key in ("margin", "expires"):
        if isinstance(written := getattr(auth, key), str) and (told := _duration_fault(written)):
            yield problem_at(document.position((*path, key)), told)


def _part_fault(part: str) -> tuple[str, str] | None:
    kind, _, rest = part.partition(".")
    if part in PARTS or (kind == "text" and rest) or (kind == "header" and _HEADER(rest)):
        return None
    known = (*PARTS, "header.<name>", "text.<anything>")
    return f"`{part[:40]}` cannot be signed", suggestion(part, known) or f"use {listed(known)}"


def _component_fault(name: str) -> tuple[str, str] | None:
    if name in COMPONENTS or _QUERY_PARAM(name) or (not name.startswith("@") and _HEADER(name)):
        return None
    known = (*COMPONENTS, '@query-param;name="…"', "a header's name")
    return f"`{name[:40]}` cannot be signed", suggestion(name, known) or f"use {listed(known)}"


def _duration_fault(written: str) -> str | None:
    try:
        duration(written)
    except ValueError as error:
        return str(error)
    return None


def _egress_problems(document: Document, path: Path, auth: Auth, file: ProbeFile) -> Iterator[Problem]:
    for key, known in (
        ("tls", tuple(given(file.tls, {}))),
        ("via", tuple({**given(file.proxies, {}), DIRECT: None})),
    ):
        name = getattr(auth, key)
        if isinstance(name, str) and name not in known:
            where = "`proxies`" if key == "via" else "`tls`"
            hint = suggestion(name, known) or f"the file has no {where}"
            yield problem_at(document.position((*path, key)), f"no `{name}` in {where}", hint)


def _name_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    known = tuple(given(file.auth, {}))
    defaults = given(given(file.defaults, Defaults()).request, DefaultRequest())
    holders: list[tuple[Path, object]] = [(("defaults", "request"), defaults), *requests(file.steps)]
    for path, holder in holders:
        name = getattr(holder, "auth", UNSET)
        if isinstance(name, str) and name not in known and name != NONE:
            hint = suggestion(name, known) or "the file has no `auth`"
            yield problem_at(document.position((*path, "auth")), f"no `{name}` in `auth`", hint)
    if NONE in known:
        position = document.position(("auth", NONE), of_key=True)
        yield problem_at(position, f"`{NONE}` is what `auth` says for none", "choose another name")


NONE = "none"
"""What `auth` says in a request for none, where `defaults` name one."""
