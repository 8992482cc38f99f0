"""Where a run's time went: steps, their requests and what backends did, as lines with bars; a pure layout.

Places are thousandths of the run's whole time, so that the template draws without arithmetic.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import floor, log10

import msgspec
from msgspec import Struct

from synthprobe.core.exchanges import Exchange, Phases
from synthprobe.core.results import Result, StepResult
from synthprobe.core.spans import Span

PHASES = ("proxy", "resolve", "connect", "tls", "send", "wait", "receive")
"""In the order they happen."""

WHOLE = 1000.0

OURS = "synthprobe"
"""The service name of our own spans; those of steps and requests are drawn from the result."""

_THINNEST = 2.5


class Bar(Struct, frozen=True):
    """A stretch of time: its place and width in thousandths, what it was spent on, seconds."""

    x: float
    width: float
    word: str
    seconds: float


class Line(Struct, frozen=True):
    """One step, request or backend span."""

    kind: str
    """step, request or backend."""
    depth: int
    label: str
    note: str
    outcome: str
    start: float
    """Seconds after the run began."""
    seconds: float | None
    bars: tuple[Bar, ...]
    step: int
    """Number of the step it belongs to, from one."""


class Tick(Struct, frozen=True):
    """A mark on the time axis."""

    x: float
    seconds: float


class Waterfall(Struct, frozen=True):
    """The whole drawing; `total` in seconds."""

    total: float
    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


class _Scale(Struct, frozen=True):
    origin: datetime
    total: float

    def offset(self, at: datetime) -> float:
        return (at - self.origin).total_seconds()

    def bar(self, start: float, seconds: float, word: str) -> Bar:
        """Clamped to the run, since the wall clock may have been stepped while it ran; never too thin to see."""
        x = min(max(start / self.total, 0.0), 1.0) * WHOLE
        width = max(seconds / self.total * WHOLE, _THINNEST)
        x = min(x, WHOLE - _THINNEST)
        return Bar(round(x, 2), round(min(width, WHOLE - x), 2), word, seconds)


def lay_out(result: Result, spans: Sequence[Span] = ()) -> Waterfall:
    """Lines of a run in the order its steps were begun, each request under its step, backend spans under theirs."""
    scale = _Scale(result.started_at, max(result.duration, _last_end(result), 1e-6))
    children = _children(spans)
    lines = tuple(
        line
        for number, step in enumerate(result.steps, start=1)
        for line in _step_lines(step, number, scale, children)
    )
    return Waterfall(scale.total, _ticks(scale.total), lines)


def phase_items(phases: Phases) -> tuple[tuple[str, float], ...]:
    """The phases that happened, in order, with their seconds."""
    return tuple((name, value) for name, value in msgspec.structs.asdict(phases).items() if value is not None)


def _last_end(result: Result) -> float:
    ends = (
        (step.started_at - result.started_at).total_seconds() + step.duration
        for step in result.steps
        if step.started_at
    )
    return max(ends, default=0.0)


def _step_lines(
    step: StepResult, number: int, scale: _Scale, children: Mapping[str, Sequence[Span]]
) -> Iterator[Line]:
    yield _step_line(step, number, scale)
    for exchange in step.exchanges:
        yield _request_line(exchange, number, scale, step.id.count("/") + 1)
        yield from _backend_lines(exchange.span_id, number, scale, children, step.id.count("/") + 2)


def _step_line(step: StepResult, number: int, scale: _Scale) -> Line:
    depth = step.id.count("/")
    if step.started_at is None:
        note = f"skipped, {step.why}" if step.why else "not reached"
        return Line("step", depth, step.id, note, step.outcome, 0.0, None, (), number)
    start = scale.offset(step.started_at)
    bars = (scale.bar(start, step.duration, "step"),)
    return Line("step", depth, step.id, step.kind, step.outcome, start, step.duration, bars, number)


def _request_line(exchange: Exchange, number: int, scale: _Scale, depth: int) -> Line:
    start = scale.offset(exchange.started_at)
    return Line(
        "request",
        depth,
        f"{exchange.method} {_short(exchange.url_template)}",
        _answer(exchange),
        "failed" if exchange.failure else "passed",
        start,
        exchange.duration,
        tuple(_phase_bars(exchange, start, scale)),
        number,
    )


def _short(template: str) -> str:
    """`{base_url}/v1/payments` without its first reference: the path is what tells requests apart."""
    head, slash, path = template.partition("}/")
    return f"/{path}" if slash and head.startswith("{") and head.count("{") == 1 else template


def _answer(exchange: Exchange) -> str:
    again = f", attempt {exchange.resend_count + 1}" if exchange.resend_count else ""
    if exchange.status is not None:
        return f"{exchange.status}{again}"
    return f"{exchange.failure.kind if exchange.failure else 'no response'}{again}"


def _phase_bars(exchange: Exchange, start: float, scale: _Scale) -> Iterator[Bar]:
    """Phases one after the other, under them the whole: what no phase accounts for stays visible."""
    yield scale.bar(start, exchange.duration, "rest")
    for name, seconds in phase_items(exchange.phases):
        yield scale.bar(start, seconds, name)
        start += seconds


def _children(spans: Sequence[Span]) -> Mapping[str, Sequence[Span]]:
    theirs: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.start):
        if span.service != OURS:
            theirs.setdefault(span.parent_id, []).append(span)
    return theirs


def _backend_lines(
    parent: str, number: int, scale: _Scale, children: Mapping[str, Sequence[Span]], depth: int
) -> Iterator[Line]:
    if not parent or depth > 8:
        return
    for span in children.get(parent, ()):
        start = span.start / 1e9 - scale.origin.timestamp()
        seconds = (span.end - span.start) / 1e9
        bars = (scale.bar(start, seconds, "backend"),)
        outcome = "failed" if span.error else "passed"
        yield Line("backend", depth, span.name, span.service, outcome, start, seconds, bars, number)
        yield from _backend_lines(span.span_id, number, scale, children, depth + 1)


def _ticks(total: float) -> tuple[Tick, ...]:
    """Round times, at most six of them and one at the start."""
    rough = total / 5
    power = 10.0 ** floor(log10(rough))
    apart = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    count = int(total / apart * 1.0001)
    return tuple(Tick(round(index * apart / total * WHOLE, 2), index * apart) for index in range(count + 1))
