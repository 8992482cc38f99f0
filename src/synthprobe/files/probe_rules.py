"""Rules of a probe as a whole: times, names that must differ, labels, alerts, redaction."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import available_timezones

from msgspec import UNSET, UnsetType

from synthprobe.core import crons
from synthprobe.core.durations import duration_text
from synthprobe.core.slo import FEWEST, LONG_BY_SHORT, burns
from synthprobe.core.spelling import suggestion
from synthprobe.files.alert_shape import Alert, FailAfter
from synthprobe.files.defaults_shape import Defaults
from synthprobe.files.documents import Document, Path
from synthprobe.files.durations import duration
from synthprobe.files.expressions import path_fault
from synthprobe.files.places import protocols, requests
from synthprobe.files.probe_shape import ProbeFile, Redact
from synthprobe.files.probe_values import shortest_interval, slo_value
from synthprobe.files.problems import Problem, problem_at
from synthprobe.files.schedule_shape import Schedule
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
    timeout, schedule = file.timeout, file.schedule
    if isinstance(timeout, UnsetType) or _duration_fault(timeout) or any(schedule_faults(schedule)):
        return
    every = shortest_interval(schedule)
    waits = given(schedule.overlap, "skip") == "queue"
    if duration(timeout) > every and not waits:
        written = duration_text(every)
        message = (
            f"a run may take {timeout}, longer than the {written} between two starts: runs would overlap"
        )
        yield problem_at(
            document.position(("timeout",)),
            message,
            f"make it {written} or less, or let starts wait: `overlap: queue`",
        )


def schedule_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Cron expressions and time zones that are none, and extra runs that make no sense."""
    for name, fault, hint in schedule_faults(file.schedule):
        if name != "every":
            yield problem_at(document.position(("schedule", name)), fault, hint)
    extra = file.schedule.while_failing
    if isinstance(extra, UnsetType) or _duration_fault(extra.every) or _duration_fault(extra.lasting):
        return
    if duration(extra.every) > duration(extra.lasting):
        message = f"no extra run would be made: the first comes after {extra.every}, the last within {extra.lasting}"
        yield problem_at(document.position(("schedule", "while_failing", "for")), message, "make it longer")


def schedule_faults(schedule: Schedule) -> Iterator[tuple[str, str, str]]:
    """What keeps a schedule from being one: key, fault and hint."""
    if not isinstance(schedule.every, UnsetType) and (fault := _duration_fault(schedule.every)):
        yield "every", fault, ""
    if not isinstance(schedule.cron, UnsetType) and (fault := crons.fault(schedule.cron)):
        yield (
            "cron",
            f"`{schedule.cron}` is no cron expression: {fault}",
            "write it as `*/5 8-20 * * mon-fri`",
        )
    if isinstance(schedule.timezone, UnsetType):
        return
    if isinstance(schedule.cron, UnsetType):
        yield "timezone", "a time zone says nothing about `every`", "use it with `cron`, or leave it out"
    elif schedule.timezone not in available_timezones():
        hint = suggestion(schedule.timezone, sorted(available_timezones()))
        yield "timezone", f"there is no time zone `{schedule.timezone}`", hint or "write it as `Europe/Oslo`"


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


def slo_problems(document: Document, file: ProbeFile) -> Iterator[Problem]:
    """Objectives that allow nothing to fail, and windows that hold too few samples of this probe."""
    wanted = file.slo
    if isinstance(wanted, UnsetType) or any(schedule_faults(file.schedule)):
        return
    for path, written in (
        (("window",), wanted.window),
        (("latency", "lt"), getattr(wanted.latency, "lt", UNSET)),
    ):
        if isinstance(written, str) and (fault := _duration_fault(written)):
            yield problem_at(document.position(("slo", *path)), fault)
            return
    every, made = shortest_interval(file.schedule), slo_value(wanted)
    if made is not None and not burns(made.window, every):
        text = duration_text(made.window)
        message = f"{text} are too short for a probe every {duration_text(every)}: its windows would hold fewer than {FEWEST} samples"
        hint = (
            f"make `window` {duration_text(FEWEST * LONG_BY_SHORT * every)} or longer, or run it more often"
        )
        yield problem_at(document.position(("slo",), of_key=True), message, hint)


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
    holders += [(("schedule", "while_failing"), file.schedule.while_failing)]
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
    if not isinstance(extra := file.schedule.while_failing, UnsetType):
        yield ("schedule", "while_failing", "for"), extra.lasting


def _duration_fault(written: str, *, may_be_nothing: bool = False) -> str | None:
    try:
        length = duration(written)
    except ValueError as error:
        return str(error)
    return (
        None
        if length > timedelta() or may_be_nothing
        else f"`{written}` is no time at all; it must be longer"
    )
