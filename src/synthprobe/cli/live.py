"""The live view of `synthprobe run`: a line per step as it ends, and a failure that reads well."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from synthprobe.agent.progress import Progress, StepFinished, StepStarted
from synthprobe.cli.failure import explain
from synthprobe.cli.visible import line
from synthprobe.core.accounts import Skipped, Waiting
from synthprobe.core.ledger import Entry
from synthprobe.core.probes import Check
from synthprobe.core.reports import Finished
from synthprobe.core.results import Outcome, Result, StepOutcome, StepResult, UndoResult, UndoState

MARKS = {
    StepOutcome.PASSED: ("✓", "green"),
    StepOutcome.DEGRADED: ("!", "yellow"),
    StepOutcome.FAILED: ("✗", "red"),
    StepOutcome.ERRORED: ("?", "magenta"),
    StepOutcome.SKIPPED: ("·", "dim"),
}
UNDO_MARKS = {
    UndoState.DONE: ("↩", "green"),
    UndoState.SPARED: ("·", "dim"),
    UndoState.OWED: ("✗", "bold red"),
    UndoState.SETTLED: ("·", "dim"),
}
STYLES = {
    Outcome.PASSED: "green",
    Outcome.DEGRADED: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.ERRORED: "bold magenta",
}


class View:
    """Prints what a run does while it does it; where the output is no terminal, plain lines."""

    def __init__(self, *, trace: bool) -> None:
        # A wide plain console: lines are wrapped by the terminal, never by us in the middle of a URL.
        self._console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, transient=True, refresh_per_second=12)
        self._trace = trace

    def __enter__(self) -> "View":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.update(Text())
            self._live.stop()

    def watch(self, check: Check, seen: Progress | Finished | Waiting | Skipped | None) -> None:
        """Show that a run is wanted (None), waits or is skipped, a step began or ended, or the run ended."""
        match seen:
            case None:
                row = f" · {check.row.label}={check.row.id}" if check.row else ""
                paused = (
                    f" · paused ({check.probe.paused}), run here all the same" if check.probe.paused else ""
                )
                self._console.print(line((check.probe.name, "bold"), f" · {check.region}{row}{paused}"))
            case Waiting(refusal=refusal):
                self._console.print(line(("  … ", "yellow"), f"waits: {refusal.text}"))
            case Skipped(refusal=refusal):
                self._console.print(line((f"skipped ({refusal.why})", "bold yellow"), f": {refusal.text}"))
                self._console.print()
            case StepStarted(step=step):
                self._live.update(Spinner("dots", line(f" {step.id}")))
            case StepFinished(result=result):
                self._console.print(_line(result))
            case Finished(result=result):
                self._end(result)

    def summarise(self, results: list[Result], skipped: int) -> None:
        """One last line where there were several runs."""
        if len(results) + skipped > 1:
            counts = {str(each): sum(result.outcome is each for result in results) for each in Outcome}
            said = [f"{count} {word}" for word, count in {**counts, "skipped": skipped}.items() if count]
            self._console.print(f"{len(results) + skipped} runs: {', '.join(said)}")

    def interrupted(self, finished: int, wanted: int, *, owes: bool) -> None:
        """Say how far it came until somebody ended it; what it owes is told beside that."""
        left = "" if owes else "; nothing is left to take back"
        self._console.print()
        self._console.print(line(f"interrupted: {finished} of {wanted} runs came to a result{left}"))

    def owed(self, entries: Sequence[Entry], folder: Path) -> None:
        """Say what could not be taken back, and who goes on with it."""
        for entry in entries:
            stake = f" ({entry.stake})" if entry.stake else ""
            why = f": {entry.trouble}" if entry.trouble else ""
            self._console.print(
                line(
                    (
                        f"not taken back: {entry.place.probe} {entry.step}{stake} of run {entry.run_id}{why}",
                        "bold red",
                    )
                )
            )
        if entries:
            text = f"It is kept in {folder}: the next run, or an agent within a minute, goes on with it."
            self._console.print(line(text))

    def _end(self, result: Result) -> None:
        for undo in result.undo:
            self._console.print(_undo_line(undo))
        for block in explain(result):
            self._console.print(block)
        retried = " after a retry" if result.passed_after_retry else ""
        text = f"{result.outcome.value}{retried} in {result.duration * 1000:.0f} ms"
        trace = f"  trace {result.trace_id}" if self._trace else ""
        self._console.print(line((text, STYLES[result.outcome]), trace))
        self._console.print()


def _undo_line(undo: UndoResult) -> Text:
    mark, style = UNDO_MARKS[undo.state]
    stake = f"  {undo.stake}" if undo.stake else ""
    return line((f"  {mark} ", style), f"undo {undo.step:<19} {undo.state}: {undo.why}{stake}")


def _line(result: StepResult) -> Text:
    mark, style = MARKS[result.outcome]
    if result.outcome is StepOutcome.SKIPPED:
        why = f", {result.why}" if result.why else ""
        return line(f"  {mark} {result.id:<24} skipped{why}", style=style)
    last = result.exchanges[-1] if result.exchanges else None
    status = str(last.status) if last and last.status else "-"
    tries = f"  {len(result.exchanges)} {_noun(result)}" if len(result.exchanges) > 1 else ""
    return line(
        (f"  {mark} ", style), f"{result.id:<24} {status:>4} {result.duration * 1000:>8.1f} ms{tries}"
    )


def _noun(result: StepResult) -> str:
    """What a step's exchanges are: deliveries, one request again, or several on the way of one."""
    if result.kind == "await":
        return "deliveries"
    again = result.kind == "poll" or any(each.resend_count for each in result.exchanges)
    return "attempts" if again else "exchanges"
