"""Where requests and assertions stand in steps, so that each rule of theirs is asked wherever one may be."""

from collections.abc import Iterator, Sequence

from msgspec import UnsetType

from synthprobe.files.assertion_shape import Assertion
from synthprobe.files.await_shape import Await
from synthprobe.files.documents import Path
from synthprobe.files.iso8583_shape import Iso8583
from synthprobe.files.poll_shape import Poll
from synthprobe.files.protocol_shape import Handshake, Question, Tcp
from synthprobe.files.request_shape import Request
from synthprobe.files.shapes import given
from synthprobe.files.step_shape import Step
from synthprobe.files.undo_shape import Look, Undo


def requests(steps: Sequence[Step]) -> Iterator[tuple[Path, Request]]:
    """Every request of some steps, with the way to it."""
    for index, step in enumerate(steps):
        if isinstance(step.request, Request):
            yield ("steps", index, "request"), step.request
        if isinstance(step.poll, Poll):
            yield ("steps", index, "poll", "request"), step.poll.request
        if isinstance(step.undo, Undo):
            yield from undo_requests(step.undo, ("steps", index, "undo"))


def assertion_lists(steps: Sequence[Step]) -> Iterator[tuple[Path, list[Assertion]]]:
    """Every list of assertions of some steps, with the way to it."""
    for index, step in enumerate(steps):
        yield ("steps", index, "assert"), given(step.assertions, [])
        if isinstance(step.poll, Poll):
            yield ("steps", index, "poll", "until"), step.poll.until
            yield ("steps", index, "poll", "fail_if"), given(step.poll.fail_if, [])
        if isinstance(step.awaited, Await):
            yield ("steps", index, "await", "match"), given(step.awaited.match, [])
        if isinstance(step.undo, Undo):
            for number, act in enumerate(step.undo.act):
                yield ("steps", index, "undo", "act", number, "when"), given(act.when, [])
                yield ("steps", index, "undo", "act", number, "verify"), given(act.verify, [])


def undo_requests(undo: Undo, path: Path) -> Iterator[tuple[Path, Request]]:
    """Every request of an undo that stands at `path`."""
    if isinstance(undo.look, Look):
        yield (*path, "look", "request"), undo.look.request
    for number, act in enumerate(undo.act):
        if isinstance(act.request, Request):
            yield (*path, "act", number, "request"), act.request


_PROTOCOLS = ("tcp", "tls", "dns", "iso8583")


def protocols(steps: Sequence[Step]) -> Iterator[tuple[Path, Tcp | Handshake | Question | Iso8583]]:
    """Every step of another protocol than HTTP, with the way to what it says."""
    for index, step in enumerate(steps):
        for kind in _PROTOCOLS:
            written = getattr(step, kind)
            if not isinstance(written, UnsetType):
                yield ("steps", index, kind), written
        if isinstance(step.undo, Undo):
            for number, act in enumerate(step.undo.act):
                if isinstance(act.iso8583, Iso8583):
                    yield ("steps", index, "undo", "act", number, "iso8583"), act.iso8583


def own_request(step: Step) -> Request | None:
    """The HTTP request that a step sends itself."""
    if isinstance(step.request, Request):
        return step.request
    return step.poll.request if isinstance(step.poll, Poll) else None
