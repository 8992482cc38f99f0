"""A step as its file writes it → the step the agent runs; the file has been checked before."""

import posixpath
from collections.abc import Callable, Mapping
from datetime import timedelta

from msgspec import UNSET, UnsetType, structs

from synthprobe.core import steps as core
from synthprobe.core.expectations import Level, Subject
from synthprobe.core.templates import Value
from synthprobe.files.await_shape import Await
from synthprobe.files.await_values import await_value
from synthprobe.files.classify_shape import Classify
from synthprobe.files.condition_shape import Condition, as_assertion
from synthprobe.files.documents import Path
from synthprobe.files.durations import duration
from synthprobe.files.expectation_values import assertions_of, captures_of
from synthprobe.files.fragments import default_inputs
from synthprobe.files.iso8583_shape import Iso8583
from synthprobe.files.making import Making
from synthprobe.files.poll_shape import Poll
from synthprobe.files.protocol_shape import Handshake, Question, Tcp
from synthprobe.files.protocol_values import handshake_value, iso8583_value, question_value, tcp_value
from synthprobe.files.request_shape import Request
from synthprobe.files.request_values import request_value
from synthprobe.files.retries import effective
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Resend, Step, kind_of
from synthprobe.files.undo_values import money_of, undo_of
from synthprobe.files.values import value_of


def steps_value(steps: list[Step], making: Making) -> tuple[core.Step, ...]:
    """The steps of a probe, or of one use of a fragment."""
    return tuple(_step(step, index, making) for index, step in enumerate(steps))


def _step(step: Step, index: int, making: Making) -> core.Step:
    path: Path = ("steps", index)
    return core.Step(
        id=making.prefix + step.id,
        action=_action(step, path, making),
        position=making.document.position(path),
        description=given(step.description, ""),
        condition=_condition(step.condition, making, (*path, "if")),
        assertions=assertions_of(step.assertions, making, (*path, "assert")),
        captures=tuple(captures_of(step.capture, making, (*path, "capture"))),
        classify=None if isinstance(step.classify, UnsetType) else _classify(step.classify),
        money=money_of(step.money),
        undo=undo_of(step.undo, making, (*path, "undo")),
        retry=effective(step, making.defaults),
        timeout=None if isinstance(step.timeout, UnsetType) else duration(step.timeout),
        continue_on_failure=given(step.continue_on_failure, False),
    )


def _action(step: Step, path: Path, making: Making) -> core.Action:
    return ACTIONS[kind_of(step)](step, path, making)


def _request(step: Step, path: Path, making: Making) -> core.Action:
    assert isinstance(step.request, Request)
    return request_value(step.request, making)


def _poll(step: Step, path: Path, making: Making) -> core.Action:
    poll = step.poll
    assert isinstance(poll, Poll)
    every = _length(poll.every, timedelta(seconds=1))
    return core.Poll(
        request=request_value(poll.request, making),
        until=assertions_of(poll.until, making, (*path, "poll", "until")),
        fail_if=assertions_of(poll.fail_if, making, (*path, "poll", "fail_if")),
        every=every,
        max_every=_length(poll.max_every, every),
        timeout=_length(poll.timeout, timedelta(seconds=30)),
    )


def _await(step: Step, path: Path, making: Making) -> core.Action:
    assert isinstance(step.awaited, Await)
    return await_value(step.awaited, making, (*path, "await"))


def _use(step: Step, path: Path, making: Making) -> core.Action:
    name = str(step.use)
    fragment = making.fragments[name]
    shaped = fragment.shaped
    assert shaped is not None
    inside = structs.replace(
        making,
        document=fragment.document,
        fragments=fragment.uses,
        prefix=f"{making.prefix}{step.id}/",
    )
    return core.Use(
        file=posixpath.normpath(name),
        steps=steps_value(shaped.steps, inside),
        inputs=_values({**default_inputs(shaped), **given(step.inputs, {})}),
        outputs=_values(given(shaped.outputs, {})),
    )


def _resend(step: Step, path: Path, making: Making) -> core.Action:
    if isinstance(step.resend, Resend):
        return core.Resend(step.resend.step, exact=given(step.resend.exact, False))
    return core.Resend(str(step.resend))


def _pause(step: Step, path: Path, making: Making) -> core.Action:
    return core.Pause(duration(str(step.pause)))


def _tcp(step: Step, path: Path, making: Making) -> core.Action:
    assert isinstance(step.tcp, Tcp)
    return tcp_value(step.tcp, making)


def _tls(step: Step, path: Path, making: Making) -> core.Action:
    assert isinstance(step.tls, Handshake)
    return handshake_value(step.tls, making)


def _dns(step: Step, path: Path, making: Making) -> core.Action:
    assert isinstance(step.dns, Question)
    return question_value(step.dns)


def _iso8583(step: Step, path: Path, making: Making) -> core.Action:
    assert isinstance(step.iso8583, Iso8583)
    return iso8583_value(step.iso8583, making)


ACTIONS: Mapping[str, Callable[[Step, Path, Making], core.Action]] = {
    "request": _request,
    "poll": _poll,
    "await": _await,
    "use": _use,
    "resend": _resend,
    "tcp": _tcp,
    "tls": _tls,
    "dns": _dns,
    "iso8583": _iso8583,
    "pause": _pause,
}
"""By the key of the kind."""


def _condition(written: Condition | UnsetType, making: Making, path: Path) -> core.Condition | None:
    if isinstance(written, UnsetType):
        return None
    if not isinstance(written.step, UnsetType):
        state = core.StepState(given(written.state, "passed"))
        return core.Condition(written.step, f"{written.step} is {state}", state)
    of = given(written.of, "")
    wanted = assertions_of([as_assertion(written)], making, path)
    text = f"{' and '.join(each.text for each in wanted)} of {of}"
    return core.Condition(of, text, assertions=wanted)


def _classify(written: Classify) -> core.Classify:
    source = next(Subject(key) for key in Classify.EXACTLY_ONE if getattr(written, key) is not UNSET)
    where = getattr(written, source.value)
    return core.Classify(
        source=source,
        path=where if isinstance(where, str) else None,
        declined=frozenset(given(written.declined, [])),
        technical=frozenset(given(written.technical, [])),
        outcome=Level(given(written.outcome, "degraded")),
    )


def _values(written: Mapping[str, object]) -> Mapping[str, Value]:
    return {name: value_of(value) for name, value in written.items()}


def _length(written: str | UnsetType, default: timedelta) -> timedelta:
    return default if isinstance(written, UnsetType) else duration(written)
