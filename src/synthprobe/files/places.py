"""Where requests and assertions stand in steps, so that each rule of theirs is asked wherever one may be."""

from collections.abc import Iterator, Sequence

from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.documents import Path
from synthprobe.files.poll_shape import Poll
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Step


def requests(steps: Sequence[Step]) -> Iterator[tuple[Path, Request]]:
    """Every request of some steps, with the way to it."""
    for index, step in enumerate(steps):
        if isinstance(step.request, Request):
            yield ("steps", index, "request"), step.request
        if isinstance(step.poll, Poll):
            yield ("steps", index, "poll", "request"), step.poll.request


def assertion_lists(steps: Sequence[Step]) -> Iterator[tuple[Path, list[Assertion]]]:
    """Every list of assertions of some steps, with the way to it."""
    for index, step in enumerate(steps):
        yield ("steps", index, "assert"), given(step.assertions, [])
        if isinstance(step.poll, Poll):
            yield ("steps", index, "poll", "until"), step.poll.until
            yield ("steps", index, "poll", "fail_if"), given(step.poll.fail_if, [])


def own_request(step: Step) -> Request | None:
    """The HTTP request that a step sends itself."""
    if isinstance(step.request, Request):
        return step.request
    return step.poll.request if isinstance(step.poll, Poll) else None
