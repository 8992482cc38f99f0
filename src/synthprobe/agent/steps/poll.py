"""The step kind `poll`: asks again and again until a state is reached, can no longer be, or time is over.

Every answer is judged as it comes: one that `fail_if` finds something in ends it badly, one in which all of `until`
holds ends it well. An exchange that fails ends it too, unless `retry` lists that failure.
"""

import anyio
from msgspec import structs

from synthprobe.agent.scene import Acted, Attempt, Scene
from synthprobe.agent.steps.request import exchange, prepare
from synthprobe.agent.veils import veil
from synthprobe.core.assertions import evaluate
from synthprobe.core.classification import classified
from synthprobe.core.expectations import Assertion
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.responses import Response
from synthprobe.core.results import AssertionResult, Verdict
from synthprobe.core.steps import Poll, Step
from synthprobe.telemetry.tracing import OpenSpan


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Ask until it ends, within `seconds`. Raises `LookupFailed`, `Unsendable`."""
    poll = step.action
    assert isinstance(poll, Poll)
    prepared = prepare(poll.request, scene)
    began = scene.watch.elapsed()
    ends = began + min(seconds, poll.timeout.total_seconds())
    attempts: list[Attempt] = []
    repeats = asked = 0
    pause = poll.every.total_seconds()
    while True:
        left = ends - scene.watch.elapsed()
        made = await exchange(step, poll.request, prepared, scene, span, left, earlier=len(attempts))
        attempts += made.attempts
        repeats += made.repeats
        asked += 1
        whole = Acted(tuple(attempts), repeats, made.response, made.failure)
        if made.response is None:
            return whole
        if (ended := _ended(poll, whole, made.response, step, scene)) is not None:
            return ended
        if scene.watch.elapsed() + pause >= ends:
            return _never(poll, whole, made.response, step, scene, asked)
        await anyio.sleep(pause)
        pause = min(pause * 2, max(poll.max_every, poll.every).total_seconds())


def _ended(poll: Poll, acted: Acted, response: Response, step: Step, scene: Scene) -> Acted | None:
    """How this answer ends the poll, if it does."""
    for assertion in poll.fail_if:
        found = _evaluated((assertion,), response, scene)[0]
        if found.verdict is Verdict.PASS:
            failure = _failure(found, f"it can no longer come: {found.text}", step)
            return _failed(acted, failure, (_turned(found),), step, scene)
    held = _evaluated(poll.until, response, scene)
    if all(each.verdict is Verdict.PASS for each in held):
        return _with(acted, None, held)
    return None


def _never(poll: Poll, acted: Acted, response: Response, step: Step, scene: Scene, asked: int) -> Acted:
    held = _evaluated(poll.until, response, scene)
    first = next(each for each in held if each.verdict is not Verdict.PASS)
    times = f"{asked} time{'' if asked == 1 else 's'}"
    waited = poll.timeout.total_seconds()
    told = f"{first.text} did not come to hold within {waited:g} s (asked {times}): actual {first.actual}"
    return _failed(acted, _failure(first, told, step), held, step, scene)


def _evaluated(
    assertions: tuple[Assertion, ...], response: Response, scene: Scene
) -> tuple[AssertionResult, ...]:
    return tuple(evaluate(each, response, scene.names, veil(each, scene)) for each in assertions)


def _failure(found: AssertionResult, message: str, step: Step) -> Failure:
    return Failure(
        Kind.ASSERTION,
        message,
        step.id,
        assertion=found.text,
        expected=found.expected,
        actual=found.actual,
        position=found.position,
    )


def _turned(found: AssertionResult) -> AssertionResult:
    """A `fail_if` that holds, as the expectation it broke."""
    return AssertionResult(
        text=f"not {found.text}",
        verdict=Verdict.FAIL,
        level=found.level,
        expected=f"not {found.expected}",
        actual=found.actual,
        position=found.position,
    )


def _failed(
    acted: Acted, failure: Failure, found: tuple[AssertionResult, ...], step: Step, scene: Scene
) -> Acted:
    """The poll has failed, or was declined, refused or called too often: then that is why."""
    assert acted.response is not None
    bare = structs.replace(step, assertions=())
    told = classified(bare, acted.response, (), passed_before=scene.passed_before)
    if told is None:
        return _with(acted, failure, found)
    return structs.replace(_with(acted, told.failure, found), level=told.level)


def _with(acted: Acted, failure: Failure | None, assertions: tuple[AssertionResult, ...]) -> Acted:
    return Acted(acted.attempts, acted.repeats, acted.response, failure, assertions=assertions)
