"""What assertions and captures read: one response, and the subject of an expectation found in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from typing import TypeAlias
from urllib.parse import urljoin

import re2
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery
from jsonpath_rfc9535.exceptions import JSONPathError
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

from synthprobe.core.expectations import Subject
from synthprobe.core.json_bodies import loads
from synthprobe.core.templates import Json

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses whose `Location` is where to go on."""


_QUIET = re2.Options()
_QUIET.log_errors = False


class Missing:
    """The subject is not there; `why` says more than that, where there is more."""

    def __init__(self, why: str = "") -> None:
        self.why = why


class Unreadable(Exception):
    """A subject that could not be read at all, such as JSON in a body that is not JSON."""


@dataclass(frozen=True)
class Response:
    """What came back to a step, as expectations see it: unredacted, so it never leaves the run."""

    status: int | None
    """None where the protocol has none."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    duration: float
    """Seconds."""
    url: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    """All else that subjects read, by subject, or subject and path: `tls_version`, `phase.connect`, `field.39`."""

    @cached_property
    def text(self) -> str:
        """The body as text; bytes that are not text become replacement characters."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> "Json | Missing":
        """The body as JSON, parsed once; Missing when it is empty. Raises `Unreadable`."""
        if not self.body.strip():
            return Missing("the body is empty")
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"the body is not JSON ({self._kind()}): {_start(self.text)}") from error

    def header(self, name: str) -> str | None:
        """A header's value, any case; several of one name are joined by commas (RFC 9110 §5.3)."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    def _kind(self) -> str:
        return self.header("content-type") or "no content type"


@dataclass(frozen=True)
class Part(Response):
    """One thing within a response, as expectations of that thing see it: its JSON is the thing, the rest is the whole's."""

    thing: Json = None

    @classmethod
    def of(cls, whole: Response, thing: Json) -> "Part":
        """The part of a response that is this thing."""
        return cls(**{each.name: getattr(whole, each.name) for each in fields(whole)}, thing=thing)

    @cached_property
    def json(self) -> "Json | Missing":
        """The thing."""
        return self.thing


@dataclass(frozen=True)
class Found:
    """A subject's value; `many` marks the list of what a path with wildcards or filters found."""

    value: Json
    many: bool = False


def find(subject: Subject, path: str | None, response: Response) -> Found | Missing:
    """The subject in the response. Raises `Unreadable`."""
    match subject:
        case Subject.STATUS:
            return Missing("there is no status") if response.status is None else Found(response.status)
        case Subject.DURATION:
            return Found(response.duration)
        case Subject.URL:
            return Found(response.url)
        case Subject.BODY:
            return Found(response.text) if path is None else _in_text(path, response.text)
        case Subject.HEADER:
            value = response.header(path or "")
            return Missing() if value is None else Found(value)
        case Subject.JSON:
            return _in_json(path or "$", response)
        case Subject.SIZE:
            return Found(len(response.body))
        case Subject.COOKIE:
            return _cookie(path or "", response)
        case Subject.REDIRECT_TO:
            return _redirect(response)
        case _:
            return _fact(subject.value if path is None else f"{subject.value}.{path}", response)


@lru_cache(maxsize=4096)
def pattern(text: str) -> "re2._Regexp":
    """A compiled RE2 pattern. Raises `Unreadable`: references may have made it one that no loader has seen."""
    try:
        return re2.compile(text, _QUIET)
    except re2.error as error:
        raise Unreadable(f"{text!r} is not an RE2 pattern: {error}") from error


def _in_text(expression: str, text: str) -> Found | Missing:
    found = pattern(expression).search(text)
    if found is None:
        return Missing()
    value = found.group(1) if found.re.groups else found.group(0)
    return Missing() if value is None else Found(value)


def _cookie(name: str, response: Response) -> Found | Missing:
    """The value a response gives a cookie; the last one counts (RFC 6265 §5.3)."""
    value: str | None = None
    for key, header in response.headers:
        if key.lower() == "set-cookie":
            pair = header.partition(";")[0].partition("=")
            value = pair[2].strip() if pair[0].strip() == name else value
    return Missing("the response does not set it") if value is None else Found(value)


def _redirect(response: Response) -> Found | Missing:
    location = response.header("location")
    if location is None or response.status not in REDIRECTS:
        return Missing("the response is no redirect")
    return Found(urljoin(response.url, location))


def _fact(name: str, response: Response) -> Found | Missing:
    return Found(response.facts[name]) if name in response.facts else Missing()


def _in_json(path: str, response: Response) -> Found | Missing:
    document = response.json
    if isinstance(document, Missing):
        return document
    query, way = _query(path)
    if way is not None:
        return _along(way, document)
    try:
        values: list[Json] = [node.value for node in query.find(document)]  # type: ignore[misc]
    except JSONPathError as error:
        raise Unreadable(f"{path} cannot be followed in this body: {error}") from error
    return Found(values, many=True)


_Way: TypeAlias = tuple[str | int, ...]
"""The names and indices of a path that finds one value at most."""


def _along(way: _Way, value: Json) -> Found | Missing:
    """What a library's nodes would find too, at a tenth of the cost: most paths of most probes are like this."""
    for key in way:
        if isinstance(key, str):
            if not isinstance(value, dict) or key not in value:
                return Missing()
            value = value[key]
        else:
            if not isinstance(value, list) or not -len(value) <= key < len(value):
                return Missing()
            value = value[key]
    return Found(value)


_PATHS = JSONPathEnvironment()


@lru_cache(maxsize=4096)
def _query(path: str) -> tuple[JSONPathQuery, _Way | None]:
    query = _PATHS.compile(path)
    if not query.singular_query():
        return query, None
    selectors = [selector for segment in query.segments for selector in segment.selectors]
    return query, tuple(
        each.name if isinstance(each, NameSelector) else each.index
        for each in selectors
        if isinstance(each, NameSelector | IndexSelector)
    )


def _start(text: str) -> str:
    shown = " ".join(text[:200].split())
    return shown if len(shown) <= 60 else shown[:60] + "…"
