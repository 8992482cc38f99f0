"""`synthprobe run`: probes once, now, with live progress; a gate for CI and CD."""

import sys

import anyio
import click

from synthprobe import clock
from synthprobe import settings as settings_module
from synthprobe.app.once import Done, Keeping, Parts, parts, run_once
from synthprobe.cli.choosing import chosen_checks, find, pairs, with_variables
from synthprobe.cli.exits import Exit
from synthprobe.cli.live import View
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.cli.reporting import Runs, report_of, write
from synthprobe.core.probes import Check
from synthprobe.core.results import Outcome
from synthprobe.stores.errors import StoreError

OUTCOME_EXITS = {
    Outcome.PASSED: Exit.OK,
    Outcome.DEGRADED: Exit.OK,
    Outcome.FAILED: Exit.FAILED,
    Outcome.ERRORED: Exit.ERRORED,
}
WORST_FIRST = (Exit.NOT_UNDONE, Exit.FAILED, Exit.ERRORED, Exit.OK)
SIGNALLED = 128
"""A shell's exit code for a signal is this and the signal's number."""


@click.command()
@click.argument("wanted", metavar="PROBE...", nargs=-1, required=True)
@click.option("--region", "regions", multiple=True, help="only this region; repeat for more")
@click.option("--matrix", "rows", multiple=True, metavar="KEY=VALUE", help="only rows with this value")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="set a variable of `vars`")
@click.option("--fail-on", type=click.Choice(["degraded"]), help="exit 4 for a degraded run too")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="KIND=FILE",
    help="write junit=FILE, json=FILE or html=FILE; repeat for more",
)
@click.option("--trace", is_flag=True, help="print each run's trace id")
@with_settings("probes", "store", "spool", "grace", "undo_patience")
def run(
    wanted: tuple[str, ...],
    regions: tuple[str, ...],
    rows: tuple[str, ...],
    variables: tuple[str, ...],
    fail_on: str | None,
    reports: tuple[str, ...],
    trace: bool,
    **flags: str | None,
) -> None:
    """Run probes once, now. PROBE is a file, or the name of a probe in the probes folder.

    Exit 0 passed, 1 usage, 2 invalid file, 3 errored (ours), 4 failed (the target's), 5 something could not be undone;
    the first that applies of 1, 2, 5, 4, 3. What steps with `undo` may have made is kept in a ledger beside the store until
    it is taken back: the next run, or the next agent to start, goes on with what is left.
    """
    wanted_reports = [report_of(text) for text in reports]
    settings = settings_from(flags).settings
    probes = [with_variables(find(name, settings.probes), pairs(variables)) for name in wanted]
    chosen = tuple(check for probe in probes for check in chosen_checks(probe, regions, pairs(rows)))
    shared = parts(clock.system(), settings_module.environment(), settings.undo_patience)
    view = View(trace=trace)
    with view:
        done = _run(chosen, shared, view, Keeping(settings.undo_folder, settings.grace))
    view.summarise([found.result for found in done.finished])
    view.owed(done.owed, settings.undo_folder)
    write(wanted_reports, Runs(list(done.finished), fail_on == "degraded", clock.system().now()))
    sys.exit(_exit(done, degraded_fails=fail_on == "degraded"))


def _run(chosen: tuple[Check, ...], shared: Parts, view: View, keeping: Keeping) -> Done:
    try:
        return anyio.run(
            run_once,
            chosen,
            shared,
            view.watch,
            keeping,
            backend_options={"use_uvloop": sys.platform != "win32"},
        )
    except StoreError as error:
        raise click.UsageError(f"the undo ledger cannot be opened: {error}") from error


def _exit(done: Done, *, degraded_fails: bool) -> int:
    results = [found.result for found in done.finished]
    if done.signal and not done.owed:
        return SIGNALLED + done.signal
    exits = {
        Exit.FAILED
        if degraded_fails and result.outcome is Outcome.DEGRADED
        else OUTCOME_EXITS[result.outcome]
        for result in results
    }
    if done.owed:
        exits.add(Exit.NOT_UNDONE)
    return next(code for code in WORST_FIRST if code in exits)
