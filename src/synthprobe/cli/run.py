"""`synthprobe run`: probes once, now, with live progress; a gate for CI and CD."""

import sys

import anyio
import click

from synthprobe import clock
from synthprobe import settings as settings_module
from synthprobe.app.once import parts, run_once
from synthprobe.cli.choosing import chosen_checks, find, pairs, with_variables
from synthprobe.cli.exits import Exit
from synthprobe.cli.live import View
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.cli.reporting import Runs, report_of, write
from synthprobe.core.results import Outcome, Result

OUTCOME_EXITS = {
    Outcome.PASSED: Exit.OK,
    Outcome.DEGRADED: Exit.OK,
    Outcome.FAILED: Exit.FAILED,
    Outcome.ERRORED: Exit.ERRORED,
}
WORST_FIRST = (Exit.FAILED, Exit.ERRORED, Exit.OK)


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
@with_settings("probes")
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

    Exit 0 passed, 1 usage, 2 invalid file, 3 errored (ours), 4 failed (the target's).
    """
    wanted_reports = [report_of(text) for text in reports]
    folder = settings_from(flags).settings.probes
    probes = [with_variables(find(name, folder), pairs(variables)) for name in wanted]
    chosen = tuple(check for probe in probes for check in chosen_checks(probe, regions, pairs(rows)))
    shared = parts(clock.system(), settings_module.environment())
    view = View(trace=trace)
    with view:
        finished = anyio.run(
            run_once, chosen, shared, view.watch, backend_options={"use_uvloop": sys.platform != "win32"}
        )
    view.summarise([found.result for found in finished])
    write(wanted_reports, Runs(finished, fail_on == "degraded", clock.system().now()))
    sys.exit(_exit([found.result for found in finished], degraded_fails=fail_on == "degraded"))


def _exit(results: list[Result], *, degraded_fails: bool) -> Exit:
    exits = {
        Exit.FAILED
        if degraded_fails and result.outcome is Outcome.DEGRADED
        else OUTCOME_EXITS[result.outcome]
        for result in results
    }
    return next(code for code in WORST_FIRST if code in exits)
