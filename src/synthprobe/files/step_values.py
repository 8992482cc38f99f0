"""A step as its file writes it → the step the agent runs; the file has been checked before."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from synthprobe.core import probes as core
from synthprobe.core.egress import IpVersion
from synthprobe.core.probes import BodyKind, CaptureType, Cast, Level, Subject
from synthprobe.core.templates import Reference, Template, Value
from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.egress_values import Profiles
from synthprobe.files.expectations import Expectation, expectations, subject_of
from synthprobe.files.probe_shape import DefaultRequest, Defaults
from synthprobe.files.retries import effective
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Capture, Request, Step
from synthprobe.files.values import template_of, value_of


def step_value(
    step: Step, index: int, document: Document, defaults: Defaults, profiles: Profiles
) -> core.Step:
    """The step at `index` as a core value."""
    path: Path = ("steps", index)
    if isinstance(step.request, UnsetType):
        raise TypeError("a step without a request has passed its checks")
    return core.Step(
        id=step.id,
        action=_request(step.request, given(defaults.request, DefaultRequest()), profiles),
        position=document.position(path),
        description=given(step.description, ""),
        assertions=tuple(_assertions(given(step.assertions, []), document, (*path, "assert"))),
        captures=tuple(_captures(given(step.capture, {}), document, (*path, "capture"))),
        retry=effective(step, defaults),
        timeout=None if isinstance(step.timeout, UnsetType) else duration(step.timeout),
        continue_on_failure=given(step.continue_on_failure, False),
    )


def url_template(url: Template) -> str:
    """A URL with each reference as its last name in braces: low in cardinality, and never a secret."""
    return "".join(f"{{{part.path[-1]}}}" if isinstance(part, Reference) else part for part in url.parts)


def _request(request: Request, defaults: DefaultRequest, profiles: Profiles) -> core.Request:
    url = template_of(request.url)
    timeout = given(request.timeout, given(defaults.timeout, ""))
    return core.Request(
        method=given(request.method, "GET"),
        url=url,
        url_template=url_template(url),
        query=_fields(given(request.query, {})),
        headers=_headers(given(defaults.headers, {}), given(request.headers, {})),
        body=_body(request),
        timeout=duration(timeout) if timeout else core.REQUEST_TIMEOUT,
        max_body=given(request.max_body, given(defaults.max_body, core.MAX_BODY)),
        idempotency=None if isinstance(request.idempotency, UnsetType) else request.idempotency,
        follow_redirects=given(request.follow_redirects, given(defaults.follow_redirects, 0)),
        ip=IpVersion(given(request.ip, given(defaults.ip, "any"))),
        tls=profiles.tls.get(given(request.tls, given(defaults.tls, ""))),
        via=profiles.proxies.get(given(request.via, given(defaults.via, ""))),
    )


def _fields(fields: Mapping[str, Any]) -> Mapping[str, Value]:
    return {name: value_of(value) for name, value in fields.items()}


def _headers(shared: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Value]:
    """Shared headers, less those the request sets itself in any case."""
    set_here = {name.lower() for name in own}
    kept = {name: value for name, value in shared.items() if name.lower() not in set_here}
    return _fields({**kept, **own})


def _body(request: Request) -> core.Body | None:
    for kind in BodyKind:
        content = getattr(request, kind.value)
        if content is not UNSET:
            return core.Body(kind, value_of(content))
    return None


def _captures(captures: Mapping[str, Capture], document: Document, path: Path) -> Iterator[core.Capture]:
    for name, capture in captures.items():
        source = next(Subject(key) for key in Capture.EXACTLY_ONE if getattr(capture, key) is not UNSET)
        where = getattr(capture, source.value)
        yield core.Capture(
            name=name,
            source=source,
            position=document.position((*path, name), of_key=True),
            path=where if isinstance(where, str) else None,
            type=CaptureType(given(capture.type, "string")),
            default=None if capture.default is UNSET else value_of(capture.default),
            has_default=capture.default is not UNSET,
            secret=given(capture.secret, False),
        )


def _assertions(entries: list[Assertion], document: Document, path: Path) -> Iterator[core.Assertion]:
    for index, entry in enumerate(entries):
        for expectation in expectations(entry):
            position = document.position((*path, index, *expectation.path), of_key=True)
            yield _assertion(entry, expectation, position)


def _assertion(entry: Assertion, expectation: Expectation, position: core.Position) -> core.Assertion:
    subject = subject_of(entry)
    is_time = subject is Subject.DURATION
    path = getattr(entry, subject.value) if subject in (Subject.JSON, Subject.HEADER) else None
    return core.Assertion(
        subject=subject,
        operator=expectation.operator,
        expected=duration(expectation.operand).total_seconds() if is_time else value_of(expectation.operand),
        text=_text(subject, path, expectation),
        position=position,
        path=path,
        level=Level(given(entry.level, "failed")),
        cast=None if isinstance(entry.cast, UnsetType) else Cast(entry.cast),
    )


def _text(subject: Subject, path: str | None, expectation: Expectation) -> str:
    """As a person reads it, on one line: `json $.status equals AUTHORISED`."""
    operand = expectation.operand
    shown = operand if isinstance(operand, str) else json.dumps(operand, ensure_ascii=False)
    words = (subject.value, path, expectation.operator.value, " ".join(shown.split())[:_LONGEST_OPERAND])
    return " ".join(word for word in words if word)


_LONGEST_OPERAND = 120
