"""`synthprobe run`: probes once, now, with live progress; a gate for CI and CD."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from synthprobe import clock
from synthprobe.app.guest import GuestPurse
from synthprobe.app.jobs import said_of
from synthprobe.app.once import Done, Keeping, Parts, parts, run_once
from synthprobe.app.purses import OwnPurse, Purse
from synthprobe.cli.choosing import chosen_checks, find, pairs, with_variables
from synthprobe.cli.exits import Exit
from synthprobe.cli.live import View
from synthprobe.cli.options import refuse, settings_from, with_settings
from synthprobe.cli.reporting import Runs, report_of, write
from synthprobe.cli.routes import read_if_there
from synthprobe.cli.visible import visible
from synthprobe.core.probes import Check, Probe, wants_hooks
from synthprobe.core.results import Outcome
from synthprobe.files.agreement import barred
from synthprobe.files.live_rules import all_unapproved
from synthprobe.files.problems import FileProblems
from synthprobe.settings.loading import environment
from synthprobe.settings.texts import listener, seconds
from synthprobe.settings.values import Settings
from synthprobe.stores.errors import StoreError

if TYPE_CHECKING:
    from synthprobe.app.own_inbox import OwnInbox

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
@click.option("--hooks-listen", metavar="ADDRESS:PORT", help="where webhooks come in [default: a free port]")
@click.option(
    "--hooks-url", metavar="URL", help="how payment providers reach that, through a tunnel or proxy"
)
@click.option(
    "--hooks-key", type=click.Path(path_type=Path), help="file of the key of webhook URLs, to keep them"
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="KIND=FILE",
    help="write junit=FILE, json=FILE or html=FILE; repeat for more",
)
@click.option("--trace", is_flag=True, help="print each run's trace id")
@click.option(
    "--wait",
    default="60s",
    show_default=True,
    help="how long a run waits for room under its exposure ceiling and in its budget before it is skipped",
)
@with_settings(
    "probes", "routes", "live", "store", "spool", "account", "budgets", "halt", "grace", "undo_patience"
)
def run(
    wanted: tuple[str, ...],
    regions: tuple[str, ...],
    rows: tuple[str, ...],
    variables: tuple[str, ...],
    hooks_listen: str | None,
    hooks_url: str | None,
    hooks_key: Path | None,
    fail_on: str | None,
    reports: tuple[str, ...],
    trace: bool,
    wait: str,
    **flags: str | None,
) -> None:
    """Run probes once, now. PROBE is a file, or the name of a probe in the probes folder.

    Exit 0 passed, 1 usage, 2 invalid file, 3 errored (ours) or not started, 4 failed (the target's), 5 something could
    not be undone; the first that applies of 1, 2, 5, 4, 3. What steps with `undo` may have made is kept in a ledger beside
    the store until it is taken back: the next run, or an agent with the same store, goes on with what is left. Runs draw on
    the exposure ceilings and budgets that agents draw on, and do not start while `synthprobe halt` is in force.
    """
    wanted_reports = [report_of(text) for text in reports]
    settings = settings_from(flags).settings
    named = _allowed(wanted, settings, routes_wanted=flags["routes"] is not None)
    probes = [with_variables(probe, pairs(variables, "--var")) for probe in named]
    chosen = tuple(
        check for probe in probes for check in chosen_checks(probe, regions, pairs(rows, "--matrix"))
    )
    inbox = _inbox(chosen, hooks_listen, hooks_url, hooks_key)
    shared = parts(clock.system(), environment(), settings.undo_patience, inbox)
    keeping = Keeping(settings.undo_folder, _purse(settings), settings.grace, _seconds(wait))
    view = View(trace=trace)
    with view:
        done = _run(chosen, shared, view, keeping)
    view.summarise([found.result for found in done.finished], len(done.skipped))
    if done.signal:
        view.interrupted(len(done.finished), len(chosen), owes=bool(done.owed))
    view.owed(done.owed, settings.undo_folder)
    if done.untold:
        click.echo(f"synthprobe: {visible(done.untold)}", err=True)
    degraded = fail_on == "degraded"
    write(wanted_reports, Runs(list(done.finished), list(done.skipped), degraded, clock.system().now()))
    sys.exit(_exit(done, degraded_fails=degraded))


def _allowed(wanted: Sequence[str], settings: Settings, *, routes_wanted: bool) -> list[Probe]:
    """The probes of these names; leaves where somebody else's word is missing for one of them."""
    named = [find(name, settings.probes) for name in wanted]
    refused = [*all_unapproved(named, settings.live)]
    if any(probe.secrets for probe in named):
        routes = read_if_there(settings.routes, wanted=routes_wanted)
        refused += [problem for probe in named for problem in barred(probe, routes.teams if routes else {})]
    if refused:
        refuse(FileProblems(refused))
    return named


def _purse(settings: Settings) -> Purse:
    if settings.account_url:
        return GuestPurse(settings.account_url, said_of(environment()))
    return OwnPurse(settings, clock.system())


def _seconds(wait: str) -> float:
    try:
        return seconds(wait)
    except ValueError as error:
        raise click.UsageError(f"--wait: {error}") from error


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


def _inbox(
    chosen: tuple[Check, ...], listen: str | None, url: str | None, key: Path | None
) -> "OwnInbox | None":
    """A listener for webhooks, if any of the probes waits for one."""
    if not any(wants_hooks(check.probe) for check in chosen):
        return None
    # It brings a web server along, for which no other run should wait.
    from synthprobe.app.own_inbox import ANY_PORT, HookOptions, OwnInbox
    from synthprobe.web.server import PortTaken

    try:
        where = listener(listen) if listen else ANY_PORT
        return OwnInbox(HookOptions(where, url or "", key), clock.system())
    except (ValueError, OSError, PortTaken) as error:
        raise click.UsageError(f"webhooks: {error}") from error


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
    if done.skipped:
        exits.add(Exit.ERRORED)
    if done.owed:
        exits.add(Exit.NOT_UNDONE)
    return next(code for code in WORST_FIRST if code in exits)
