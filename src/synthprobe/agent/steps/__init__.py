"""The step kinds: one file each, and the table by which the runner finds them."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from synthprobe.agent.scene import Acted, Scene
from synthprobe.agent.steps import await_, dns, iso8583, pause, poll, request, resend, tcp, tls, use
from synthprobe.core.awaits import Await
from synthprobe.core.protocols import Handshake, Iso8583, Question, Tcp
from synthprobe.core.requests import Request
from synthprobe.core.steps import Pause, Poll, Resend, Step, Use
from synthprobe.telemetry.tracing import OpenSpan


class StepKind(Struct, frozen=True):
    """How one kind of step acts: `act(step, scene, span, seconds)`, in at most so many seconds."""

    name: str
    act: Callable[[Step, Scene, OpenSpan, float], Awaitable[Acted]]


KINDS: Mapping[type, StepKind] = {
    Request: StepKind("request", request.act),
    Poll: StepKind("poll", poll.act),
    Await: StepKind("await", await_.act),
    Resend: StepKind("resend", resend.act),
    Pause: StepKind("pause", pause.act),
    Use: StepKind("use", use.act),
    Tcp: StepKind("tcp", tcp.act),
    Handshake: StepKind("tls", tls.act),
    Question: StepKind("dns", dns.act),
    Iso8583: StepKind("iso8583", iso8583.act),
}
"""A new kind is a frozen struct in `Action` of `core/steps.py`, a file here and a row in this table."""


def kind_of(step: Step) -> StepKind:
    """The kind of a step's action."""
    return KINDS[type(step.action)]
