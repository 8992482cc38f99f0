"""Rules of a probe as a whole: times, names that must differ, labels, alerts, redaction."""

from collections.abc import Iterator
from datetime import timedelta

from msgspec import UnsetType

from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.expressions import path_fault
from synthprobe.files.places import protocols, requests
from synthprobe.files.probe_shape import Alert, Defaults, FailAfter, ProbeFile, Redact
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.shapes import given

RESERVED_LABELS = ("alertname", "probe", "region", "severity", "owner", "scope", "class")
"""Labels that synthprobe sets itself."""

_MAY_BE_NOTHING = frozenset({"backoff"})


def time_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Durations that are nothing, or longer than what they stand in."""
    for path, written in _durations(file):
        fault = _duration_fault(written, may_be_nothing=path[-1] in _MAY_BE_NOTHING)
        if fault:
            yield problem_at(document.position(path), fault)
    every, timeout = file.schedule.every, file.timeout
    if isinstance(timeout, UnsetType) or _duration_fault(every) or _duration_fault(timeout):
        return
    waits = given(file.schedule.overlap, "skip") == "queue"
    if duration(timeout) > duration(every) and not waits:
        message = f"a run may take {timeout}, longer than the {every} between two starts: runs would overlap"
        yield problem_at(
            document.position(("timeout",)),
            message,
            f"make it {every} or less, or let starts wait: `overlap: queue`",
        )


def step_id_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Step ids that are used twice."""
    first: dict[str, int] = {}
    for index, step in enumerate(file.steps):
        if step.id in first:
            line = document.position(("steps", first[step.id], "id")).line
            message = f"the step id `{step.id}` is taken by the step on line {line}"
            yield problem_at(
                document.position(("steps", index, "id")), message, "each step has an id of its own"
            )
        first.setdefault(step.id, index)


def label_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Labels that synthprobe sets itself."""
    for name in given(file.labels, {}):
        if name in RESERVED_LABELS:
            position = document.position(("labels", name), of_key=True)
            yield problem_at(position, f"the label `{name}` is set by synthprobe", "choose another name")


def alert_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Alerts that could never fire."""
    alert = given(file.alert, Alert())
    for name in ("fail_after", "degraded_after"):
        after = getattr(alert, name)
        if isinstance(after, FailAfter) and after.failed > after.of:
            message = f"{after.failed} failed runs among {after.of} can never be: it would never fire"
            yield problem_at(document.position(("alert", name, "failed")), message, "make `of` larger")


def redaction_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Paths to hide that cannot be read."""
    for index, path in enumerate(given(given(file.redact, Redact()).json, [])):
        if fault := path_fault(path):
            position = document.position(("redact", "json", index))
            yield problem_at(position, f"`{path}` is not a JSONPath: {fault}", "write it as `$.card.number`")


def _durations(file: ProbeFile) -> Iterator[tuple[Path, str]]:
    """Every duration of the file but those inside assertions."""
    defaults = given(file.defaults, Defaults())
    holders: list[tuple[Path, object]] = [((), file), (("schedule",), file.schedule)]
    holders += [(("defaults", "request"), defaults.request), (("defaults", "retry"), defaults.retry)]
    for index, step in enumerate(file.steps):
        holders += [
            (("steps", index), step),
            (("steps", index, "retry"), step.retry),
            (("steps", index, "poll"), step.poll),
        ]
    holders += [*requests(file.steps), *protocols(file.steps)]
    for path, holder in holders:
        for name in ("every", "max_every", "timeout", "undo_timeout", "backoff", "pause"):
            if isinstance(written := getattr(holder, name, None), str):
                yield (*path, name), written


def _duration_fault(written: str, *, may_be_nothing: bool = False) -> str | None:
    try:
        length = duration(written)
    except ValueError as error:
        return str(error)
    return None if length > timedelta() or may_be_nothing else "it must be more than nothing"
