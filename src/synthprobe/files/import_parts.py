"""What imports share: names made of what was there, secrets taken out of what is kept, and the probe around the steps."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from msgspec import Struct

from synthprobe.files.card_rules import real_cards

_SECRET = re.compile(
    r"authorization|api[-_]?key|apikey|token|secret|passw|signature|^cookie$|^x-.*-key$|^key$|cvc|cvv|^pin$",
    re.I,
)
_HOST = re.compile(r"[\w.:-]+")
_SCHEME = re.compile(r"(Bearer|Basic|Token|ApiKey) (.+)", re.I)


class ImportFault(ValueError):
    """What cannot become a probe; the message says what, and what to do."""


class Imported(Struct, frozen=True):
    """A probe as its file will say it, and what its author should know."""

    document: Mapping[str, Any]
    notes: tuple[str, ...] = ()


class Secrets:
    """Takes secret values out of what is imported: the file names a variable of the environment instead."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}
        """The variable of each secret."""
        self._values: dict[str, str] = {}

    def header(self, name: str, value: str) -> str:
        """A header's value, its credentials looked up."""
        if not _SECRET.search(name):
            return escaped(value)
        scheme = _SCHEME.fullmatch(value)
        return f"{scheme[1]} {self.take(name, scheme[2])}" if scheme else self.take(name, value)

    def value(self, name: str, value: Any) -> Any:
        """A value under a name, and all within it."""
        if isinstance(value, dict):
            return {key: self.value(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(name, inner) for inner in value]
        if real_cards(str(value)):
            # A number that was one in JSON is text from now on; that it is no bank's number matters more.
            return self.take(name or "card_number", str(value))
        if not isinstance(value, str):
            return value
        return self.take(name, value) if value and _SECRET.search(name) else escaped(value)

    def take(self, name: str, value: str = "") -> str:
        """A reference in the place of a secret; two values of one name are two secrets."""
        named = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "secret"
        known, number = named, 1
        while self._values.setdefault(known, value) != value:
            number += 1
            known = f"{named}_{number}"
        self.named[known] = known.upper()
        return f"${{{{ secrets.{known} }}}}"


def plain(text: str) -> str:
    """A text that stays as it is. Raises `ImportFault` for one with a card's number, which no probe may hold."""
    if real_cards(text):
        raise ImportFault("the body holds what may be the number of a real card: use a published test card")
    return escaped(text)


def escaped(text: str) -> str:
    """A text that looks nothing up."""
    return text.replace("${{", "$${{")


def sendable(value: Any) -> Any:
    """A value of a query or form: fractions as text, so that they are sent as written, and what has members as JSON."""
    if isinstance(value, list):
        return [each if not isinstance(each, list) else json.dumps(each) for each in map(sendable, value)]
    if isinstance(value, dict) or value is None:
        return json.dumps(value)
    return repr(value) if isinstance(value, float) else value


def mapping(value: Any) -> Mapping[str, Any]:
    """A value that may be a mapping, as one; anything else holds nothing."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """A value that may be a list, as one."""
    return value if isinstance(value, list) else []


def slug(text: str, fallback: str) -> str:
    """A name made of a text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or fallback


def split_url(url: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Origin, path and query of a URL. Raises `ImportFault`."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ImportFault(f"{url[:80]} is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host or not _HOST.fullmatch(host):
        raise ImportFault(f"{url[:80]} is no http:// or https:// URL with a host")
    shown = f"[{host}]" if ":" in host else host
    origin = urlunsplit((parts.scheme, f"{shown}:{port}" if port else shown, "", "", ""))
    return origin, parts.path or "/", parse_qsl(parts.query, keep_blank_values=True)


def probe(
    name: str,
    description: str,
    base_url: str,
    steps: list[dict[str, Any]],
    secrets: Secrets,
    *,
    variables: Mapping[str, str] | None = None,
    regions: tuple[str, ...] = ("emea",),
    owner: str = "",
) -> dict[str, Any]:
    """The probe around some steps; what is empty is left out."""
    _tell_apart(steps)
    parts: dict[str, Any] = {
        "name": name,
        "description": description,
        "owner": owner,
        "schedule": {"every": "5m"},
        "timeout": "60s",
        "regions": {region: {"base_url": base_url} for region in regions},
        "vars": dict(variables or {}),
        "secrets": {name: {"env": variable} for name, variable in secrets.named.items()},
        "steps": steps,
    }
    return {key: value for key, value in parts.items() if value}


def _tell_apart(steps: list[dict[str, Any]]) -> None:
    """Number the steps whose names came out alike."""
    taken: set[str] = set()
    for step in steps:
        named, number = step["id"], 1
        while step["id"] in taken:
            number += 1
            step["id"] = f"{named}-{number}"
        taken.add(step["id"])
