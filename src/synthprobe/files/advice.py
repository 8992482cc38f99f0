"""What is lawful in a probe and most likely not meant: warnings, which change no exit code."""

import re
from collections.abc import Iterator
from datetime import timedelta

from msgspec import UnsetType

from synthprobe.core.templates import NAMESPACES
from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.places import own_request, requests
from synthprobe.files.poll_shape import Poll
from synthprobe.files.probe_shape import ProbeFile
from synthprobe.files.probe_values import run_timeout, shortest_interval
from synthprobe.files.problems import Problem, warning_at
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Step
from synthprobe.files.values import leaves

_NEARLY = re.compile(
    rf"(?:\$\{{(?!\{{)|(?<![${{])\{{\{{)\s*((?:{'|'.join(NAMESPACES)})\.[A-Za-z0-9_.-]+)\s*\}}{{1,2}}"
)
"""What other tools write for a look-up, of a name that could be one of ours."""


def advice(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Every warning about a probe, or a fragment as its probe uses it."""
    yield from _timeouts(document, file)
    yield from _near_references(document)


def expecting_nothing(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """That no answer could ever fail a probe."""
    if not any(map(_expects, file.steps)):
        message = "no step asserts anything: an alert fires only if the target does not answer at all"
        yield warning_at(document.position(("steps",), of_key=True), message, "add `assert: [{status: 200}]`")


def _expects(step: Step) -> bool:
    """Whether a step may fail by what comes back; what a fragment or another protocol expects is its own affair."""
    has_own = own_request(step) is None or isinstance(step.poll, Poll)
    waits = not isinstance(step.pause, UnsetType) or not isinstance(step.resend, UnsetType)
    return bool(given(step.assertions, []) or given(step.capture, {})) or (has_own and not waits)


def _near_references(document: Document) -> Iterator[Problem]:
    """Texts that look like references and are none: a reference of every run's payments would be one and the same."""
    for path, value in leaves(document.value):
        for found in _NEARLY.finditer(value) if isinstance(value, str) else ():
            message = f"`{found[0]}` is no reference and is sent as it stands"
            yield warning_at(document.position(path), message, f"write `${{{{ {found[1]} }}}}`")


def _timeouts(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Times of parts that are longer than the whole."""
    whole = run_timeout(file, shortest_interval(file.schedule))
    written: list[tuple[Path, str | UnsetType]] = [
        ((*path, "timeout"), request.timeout) for path, request in requests(file.steps)
    ]
    for index, step in enumerate(file.steps):
        written += [(("steps", index, key), getattr(step, key)) for key in ("timeout", "pause")]
        if isinstance(step.poll, Poll):
            written.append((("steps", index, "poll", "timeout"), step.poll.timeout))
    for path, text in written:
        if isinstance(text, str) and duration(text) > whole:
            message = f"{text} is longer than the {_seconds(whole)} that the whole run may take"
            yield warning_at(document.position(path), message, "make it shorter, or `timeout` longer")


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g}s"
