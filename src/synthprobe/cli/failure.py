"""A failure that reads well: the step, what was expected and what came, the exchange and where its time went."""

from collections.abc import Iterator

from msgspec import structs
from rich.text import Text

from synthprobe.cli.visible import line
from synthprobe.core.exchanges import Exchange, Phases
from synthprobe.core.failures import Failure, Kind
from synthprobe.core.results import AssertionResult, Outcome, Result, StepResult, Verdict

INDENT = "    "


def explain(result: Result) -> Iterator[Text]:
    """What to print about a run that did not simply pass."""
    if result.outcome is Outcome.PASSED:
        return
    for step in result.steps:
        if step.kind == "use" and any(
            each.id.startswith(f"{step.id}/") and each.failure for each in result.steps
        ):
            continue
        if step.failure or any(assertion.verdict is not Verdict.PASS for assertion in step.assertions):
            yield from _step(step)
    if result.failure and result.failure.step is None:
        yield Text()
        yield line(f"{result.failure.kind.value}: {result.failure.message}", style="bold")
        if result.failure.position:
            yield line(f"{INDENT}at {result.failure.position}", style="dim")


def _step(step: StepResult) -> Iterator[Text]:
    yield Text()
    yield line((f"step {step.id}", "bold"), (f"  {step.position}", "dim"))
    for exchange in step.exchanges:
        yield from _exchange(exchange)
    bad = [assertion for assertion in step.assertions if assertion.verdict is not Verdict.PASS]
    if step.failure and (step.failure.kind is not Kind.ASSERTION or not bad):
        yield from _failure(step.failure)
    for assertion in step.assertions:
        yield from _assertion(assertion)
    last = step.exchanges[-1] if step.exchanges else None
    if last and last.response_body:
        yield line(f"{INDENT}answer: {last.response_body}", style="dim")


def _failure(failure: Failure) -> Iterator[Text]:
    """What no assertion tells, or what explains those that do not hold: a decline with its code."""
    yield line(f"{INDENT}{failure.kind.value}: {failure.message}", style="red")
    if failure.kind is not Kind.ASSERTION:
        told = (("expected", failure.expected), ("actual  ", failure.actual))
        yield from (line(f"{INDENT}    {name} {value}") for name, value in told if value is not None)


def _exchange(exchange: Exchange) -> Iterator[Text]:
    answer = (
        f"{exchange.status}"
        if exchange.status
        else exchange.failure.kind.value
        if exchange.failure
        else "answered"
    )
    peer = f" from {exchange.peer}" if exchange.peer else ""
    yield line(
        f"{INDENT}{exchange.method} {exchange.url} → {answer}{peer} in {exchange.duration * 1000:.1f} ms"
    )
    if phases := _phases(exchange.phases):
        yield line(f"{INDENT}{phases}", style="dim")


def _phases(phases: Phases) -> str:
    taken = ((name, seconds) for name, seconds in structs.asdict(phases).items() if seconds is not None)
    return " · ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in taken)


def _assertion(assertion: AssertionResult) -> Iterator[Text]:
    if assertion.verdict is Verdict.PASS:
        yield line(f"{INDENT}✓ {assertion.text}", style="dim")
        return
    mark = "?" if assertion.verdict is Verdict.ERROR else "✗"
    yield line((f"{INDENT}{mark} {assertion.text}", "red"), (f"  {assertion.position}", "dim"))
    yield line(f"{INDENT}    expected {assertion.expected}")
    yield line(f"{INDENT}    actual   {assertion.actual}")
    if assertion.message:
        yield line(f"{INDENT}    {assertion.message}")
