"""Rules of a step's request and captures."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from synthprobe.core.spelling import listed
from synthprobe.files.capture_shape import Capture
from synthprobe.files.defaults_shape import Defaults
from synthprobe.files.documents import Document, Path
from synthprobe.files.expressions import path_fault, path_hint, pattern_fault
from synthprobe.files.places import requests
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import given
from synthprobe.files.values import leaves

BODIES = ("json", "form", "raw", "body_file")
_SCHEMES = ("http://", "https://")
_REGION_FIRST = re.compile(r"\$\{\{\s*region\.([\w-]+)\s*\}\}")


def request_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """URLs, bodies and headers that could not be sent."""
    shared = given(file.defaults, Defaults()).request
    yield from _header_problems(document, ("defaults", "request", "headers"), getattr(shared, "headers", {}))
    for path, request in requests(file.steps):
        yield from _url_problems(document, (*path, "url"), request.url)
        yield from _body_problems(document, path, request)
        yield from _header_problems(document, (*path, "headers"), request.headers)
    yield from _base_url_problems(document, file)


def capture_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Captures that say nothing, or in a way that cannot be read."""
    for index, step in enumerate(file.steps):
        for name, capture in given(step.capture, {}).items():
            yield from _source_problems(document, ("steps", index, "capture", name), capture)


def _url_problems(document: Document, path: Path, url: str) -> Iterator[Problem]:
    position = document.position(path)
    if not url.startswith("${{") and not url.lower().startswith(_SCHEMES):
        scheme, found, _ = url.partition("://")
        message = f"`{scheme[:20]}://` is not called" if found else f"the URL `{url[:60]}` has no scheme"
        yield problem_at(position, message, "begin it with https:// or a reference")
    elif url.lower() in _SCHEMES:
        yield problem_at(position, f"the URL `{url}` has no host", "write it out")
    outside = "".join(part.rpartition("}}")[2] for part in url.split("${{"))
    if any(character.isspace() for character in outside):
        yield problem_at(position, "the URL has a space in it", "write %20, or use `query`")


def _base_url_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Values of regions that URLs begin with and that make no URL, each told once."""
    rests: dict[str, str] = {}
    for _, request in requests(file.steps):
        if first := _REGION_FIRST.match(request.url):
            rests.setdefault(first[1], request.url[first.end() :])
    regions = file.regions if isinstance(file.regions, dict) else {}
    for region, values in regions.items():
        for name in values.keys() & rests.keys():
            value = values[name]
            whole = f"{value}{rests[name]}".lower()
            if isinstance(value, str) and "${{" not in value and not whole.startswith(_SCHEMES):
                message = f"URLs begin with `{value[:60]}`, which has no scheme"
                yield problem_at(
                    document.position(("regions", region, name)), message, "begin it with https://"
                )


def _body_problems(document: Document, path: Path, request: Request) -> Iterator[Problem]:
    bodies = [key for key in BODIES if getattr(request, key) is not UNSET]
    if len(bodies) > 1:
        position = document.position((*path, bodies[1]), of_key=True)
        yield problem_at(
            position, f"{listed(bodies)} cannot stand together: a request has one body", "keep one"
        )


def _header_problems(document: Document, path: Path, headers: Any) -> Iterator[Problem]:
    for inner, value in leaves(headers if isinstance(headers, dict) else {}, path):
        if isinstance(value, str) and any(ord(character) < 32 and character != "\t" for character in value):
            yield problem_at(
                document.position(inner), "a header's value cannot hold line breaks", "write it on one line"
            )


def _source_problems(document: Document, path: Path, capture: Capture) -> Iterator[Problem]:
    if isinstance(capture.json, str) and (fault := path_fault(capture.json)):
        position = document.position((*path, "json"))
        yield problem_at(
            position, f"`{capture.json[:60]}` is not a JSONPath: {fault}", path_hint(capture.json, "$.id")
        )
    if isinstance(capture.body, str) and (fault := pattern_fault(capture.body)):
        position = document.position((*path, "body"))
        yield problem_at(position, f"`{capture.body[:60]}` is not an RE2 pattern: {fault}")
    for name in ("status", "url", "duration"):
        if getattr(capture, name) is False:
            yield problem_at(
                document.position((*path, name)), f"`{name}: false` keeps nothing", "write `true`"
            )
