"""`--report kind=FILE` of `synthprobe run`: what the runs found, for a CI server, a program or a person."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from synthprobe.cli.junit import junit
from synthprobe.core.accounts import Skipped
from synthprobe.core.reports import Finished
from synthprobe.core.results import Result


class Report(Struct, frozen=True):
    """One report to write."""

    kind: str
    file: Path


class Runs(Struct, frozen=True):
    """What there is to report."""

    finished: Sequence[Finished]
    skipped: Sequence[Skipped]
    degraded_fails: bool
    at: datetime


class Document(Struct, frozen=True):
    """What a JSON report holds."""

    version: int
    at: datetime
    results: tuple[Result, ...]
    skipped: tuple[Skipped, ...] = ()


def report_of(text: str) -> Report:
    """What `--report` asks for. Raises `UsageError`."""
    kind, separator, file = text.partition("=")
    if not separator or kind not in _KINDS or not file:
        known = ", ".join(f"{name}=FILE" for name in _KINDS)
        raise click.UsageError(f"--report {text!r}: write one of {known}")
    if not Path(file).parent.is_dir():
        raise click.UsageError(f"--report {text!r}: there is no folder {str(Path(file).parent)!r}")
    return Report(kind, Path(file))


def write(reports: Sequence[Report], runs: Runs) -> None:
    """Write each report. Raises `ClickException` for a file that cannot be written."""
    for report in reports:
        try:
            report.file.write_text(_KINDS[report.kind](runs), encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"{report.file} cannot be written: {error.strerror}") from error


def _junit(runs: Runs) -> str:
    results = [each.result for each in runs.finished]
    return junit(results, runs.skipped, degraded_fails=runs.degraded_fails)


def _json(runs: Runs) -> str:
    results = tuple(each.result for each in runs.finished)
    document = Document(1, runs.at, results, tuple(runs.skipped))
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _html(runs: Runs) -> str:
    # The web's own pages draw it; only who asks for HTML waits for the web framework.
    from synthprobe.web.report import report

    return report(runs.finished, runs.at, runs.skipped)


_KINDS: Mapping[str, Callable[[Runs], str]] = {"junit": _junit, "json": _json, "html": _html}
