"""Rules of step kinds: which keys suit which, and the earlier steps they build on."""

from collections.abc import Iterator, Mapping

from msgspec import UNSET, UnsetType

from synthprobe.core.expectations import Subject
from synthprobe.core.spelling import listed, suggestion
from synthprobe.files.assertion_rules import entry_problems
from synthprobe.files.capture_shape import Capture
from synthprobe.files.classify_shape import Classify
from synthprobe.files.condition_shape import Condition, as_assertion
from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.expectations import key_of
from synthprobe.files.expressions import path_fault, pattern_fault
from synthprobe.files.poll_shape import Poll
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.problems import Problem, problem_at, warning_at
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Resend, Step, kind_of

KEYS: Mapping[str, tuple[str, ...]] = {
    "request": ("assert", "capture", "classify", "retry", "money", "undo"),
    "poll": ("assert", "capture", "classify", "retry"),
    "await": ("assert", "capture"),
    "resend": ("assert", "capture", "classify", "retry", "money", "undo"),
    "use": ("with", "money", "undo"),
    "tcp": ("assert", "capture", "retry"),
    "tls": ("assert", "capture", "retry"),
    "dns": ("assert", "capture", "retry"),
    "iso8583": ("assert", "capture", "classify", "retry", "money", "undo"),
    "pause": (),
}
"""What suits a kind beside what suits every step."""

_OF_SOME = tuple(dict.fromkeys(key for keys in KEYS.values() for key in keys))

_HTTP = frozenset(
    {*Subject} - {Subject.URL, Subject.ANSWERS, Subject.FIELD, Subject.DELIVERIES, Subject.DELAY}
)
_TIMES = frozenset({Subject.DURATION, Subject.PHASE})
_CERTIFICATE = frozenset({Subject.CERTIFICATE, Subject.CERTIFICATE_EXPIRES_IN, Subject.TLS_VERSION})
_HOOK = frozenset(
    {
        Subject.DELIVERIES,
        Subject.DELAY,
        Subject.HEADER,
        Subject.JSON,
        Subject.BODY,
        Subject.SIZE,
        Subject.SCHEMA,
    }
)

SUBJECTS: Mapping[str, frozenset[Subject]] = {
    "request": _HTTP,
    "poll": _HTTP,
    "resend": _HTTP,
    "await": _HOOK,
    "tcp": _TIMES | _CERTIFICATE | {Subject.BODY, Subject.SIZE},
    "tls": _TIMES | _CERTIFICATE | {Subject.JSON},
    "dns": _TIMES | {Subject.JSON, Subject.ANSWERS},
    "iso8583": _TIMES | _CERTIFICATE | {Subject.FIELD},
}
"""What assertions and captures of a kind may look at; captures of every kind may keep the URL."""

_ATTRIBUTES = {"assert": "assertions", "with": "inputs", "if": "condition"}


def key_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Keys and subjects that mean nothing to a step of this kind."""
    for index, step in enumerate(file.steps):
        kind = kind_of(step)
        path: Path = ("steps", index)
        for key in _OF_SOME:
            if key not in KEYS[kind] and getattr(step, _ATTRIBUTES.get(key, key)) is not UNSET:
                position = document.position((*path, key), of_key=True)
                yield problem_at(
                    position, f"`{key}` means nothing to `{kind}`", _HINTS.get(kind, "remove it")
                )
        yield from _capture_problems(document, path, step, kind)
        for number, entry in enumerate(given(step.assertions, [])):
            subject = Subject(key_of(entry).partition(".")[0])
            if kind in SUBJECTS and subject not in SUBJECTS[kind]:
                position = document.position((*path, "assert", number, key_of(entry)), of_key=True)
                hint = f"use {listed(each.value for each in Subject if each in SUBJECTS[kind])}"
                yield problem_at(position, f"`{key_of(entry)}` is not of a `{kind}`", hint)


def _capture_problems(document: Document, path: Path, step: Step, kind: str) -> Iterator[Problem]:
    known = SUBJECTS.get(kind, frozenset()) | {Subject.URL}
    for name, capture in given(step.capture, {}).items():
        key = next(key for key in Capture.EXACTLY_ONE if getattr(capture, key) is not UNSET)
        if kind in SUBJECTS and Subject(key) not in known:
            position = document.position((*path, "capture", name, key), of_key=True)
            hint = f"use {listed(each for each in Capture.EXACTLY_ONE if Subject(each) in known)}"
            yield problem_at(position, f"`{key}` is not of a `{kind}`", hint)


_HINTS = {"use": "write it on the fragment's own steps"}


def earlier_step_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Conditions and resends that name no earlier step, or one that cannot do."""
    for index, step in enumerate(file.steps):
        before = {each.id: each for each in file.steps[:index]}
        path: Path = ("steps", index)
        if isinstance(step.condition, Condition):
            yield from _condition_problems(document, (*path, "if"), step.condition, before)
        if not isinstance(step.resend, UnsetType):
            inner = isinstance(step.resend, Resend)
            name = step.resend.step if isinstance(step.resend, Resend) else str(step.resend)
            place: Path = (*path, "resend", "step") if inner else (*path, "resend")
            yield from _resend_problems(document, place, name, before)


def poll_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Pauses of a poll that do not fit one another."""
    for index, step in enumerate(file.steps):
        poll = step.poll
        if not isinstance(poll, Poll) or isinstance(poll.max_every, UnsetType):
            continue
        if _longer(given(poll.every, "1s"), poll.max_every):
            position = document.position(("steps", index, "poll", "max_every"))
            yield problem_at(position, "`max_every` is shorter than `every`", "make it longer, or remove it")


def classify_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Classifications that cannot be read, or say nothing."""
    for index, step in enumerate(file.steps):
        if not isinstance(step.classify, Classify):
            continue
        path: Path = ("steps", index, "classify")
        written = step.classify
        if isinstance(written.json, str) and (fault := path_fault(written.json)):
            yield problem_at(document.position((*path, "json")), f"not a JSONPath: {fault}", "as `$.code`")
        if isinstance(written.body, str) and (fault := pattern_fault(written.body)):
            yield problem_at(document.position((*path, "body")), f"not an RE2 pattern: {fault}")
        declined, technical = given(written.declined, []), given(written.technical, [])
        if not declined and not technical:
            yield problem_at(document.position(path), "it lists no code", "add `declined` or `technical`")
        for code in sorted({*declined} & {*technical}):
            position = document.position((*path, "technical", technical.index(code)))
            yield problem_at(position, f"`{code}` is in both lists", "keep it in one")


def _condition_problems(
    document: Document, path: Path, written: Condition, before: Mapping[str, Step]
) -> Iterator[Problem]:
    key = "of" if isinstance(written.step, UnsetType) else "step"
    name = getattr(written, key)
    if isinstance(name, UnsetType):
        yield problem_at(document.position(path), "`of` is missing", "name the earlier step it looks at")
    elif name not in before:
        hint = suggestion(name, before) or "no step stands before this one"
        yield problem_at(document.position((*path, key)), f"no earlier step `{name}`", hint)
    elif key == "of" and "assert" not in KEYS[kind_of(before[name])]:
        position = document.position((*path, key))
        yield problem_at(position, f"the step `{name}` has no response", "use `step` with `is`")
    if key == "of":
        yield from entry_problems(document, path, as_assertion(written))
    elif isinstance(written.state, UnsetType) and document.is_whole(path):
        yield problem_at(document.position(path), "`is` is missing", "as `is: passed`")


def _resend_problems(
    document: Document, place: Path, name: str, before: Mapping[str, Step]
) -> Iterator[Problem]:
    position = document.position(place)
    if name not in before:
        hint = suggestion(name, before) or "no step stands before this one"
        yield problem_at(position, f"no earlier step `{name}`", hint)
        return
    request = before[name].request
    if not isinstance(request, Request):
        yield problem_at(position, f"the step `{name}` is no `request`", "only those can be sent again")
    elif given(request.method, "GET") in ("POST", "PATCH") and isinstance(request.idempotency, UnsetType):
        message = f"`{name}` carries no key: whatever it does, this does it a second time"
        yield warning_at(position, message, "add `idempotency` to its request")


def _longer(one: str, other: str) -> bool:
    try:
        return duration(one) > duration(other)
    except ValueError:
        return False
