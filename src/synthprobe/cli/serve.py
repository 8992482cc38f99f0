"""`synthprobe serve` and the agent process it starts."""

import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import click

from synthprobe import clock
from synthprobe.app.agent import run as run_agent
from synthprobe.app.agent_parts import AgentOptions, Known
from synthprobe.app.child import ChildRefused
from synthprobe.app.serve import serve as run_serve
from synthprobe.buses import BusError
from synthprobe.cli import logs
from synthprobe.cli.exits import Exit, leaves
from synthprobe.cli.options import refuse, settings_from, with_settings
from synthprobe.cli.routes import read, read_if_there
from synthprobe.core.routes import Routes
from synthprobe.files.probes import Loaded
from synthprobe.files.problems import FileProblems, errors
from synthprobe.files.routes import load_routes
from synthprobe.files.watching import ProbeFolder
from synthprobe.settings.loading import environment
from synthprobe.settings.texts import listener
from synthprobe.settings.values import Listen, Settings
from synthprobe.stores.errors import StoreError, StoreLocked
from synthprobe.web.server import PortTaken

log = logging.getLogger(__name__)

KNOWN = (StoreError, PortTaken, BusError, OSError)


@click.command()
@with_settings()
def serve(**flags: str | None) -> None:
    """Run probes, keep alerts and incidents, tell people, and show pages, until Ctrl-C."""
    chosen = _with_own_account(settings_from(flags).settings)
    routes = read(chosen.routes)
    logs.start("router")
    _run(lambda: run_serve(chosen, routes, environment(), clock.system()))


@click.command()
@click.option("--bus", required=True, help="where the router listens: a socket path, or tcp:127.0.0.1:PORT")
@click.option("--tied", is_flag=True, help="end when standard input ends, as a child of `serve`")
@click.option("--own", multiple=True, metavar="ADDRESS:PORT", help="a listener of ours, never to be probed")
@click.option("--again", is_flag=True, help="take broken probe files as they were when they were last good")
@with_settings(
    "probes",
    "routes",
    "spool",
    "store",
    "agent",
    "concurrency",
    "grace",
    "undo_patience",
    "allow_loopback",
    "budgets",
    "account",
    "live",
    "halt",
)
def agent(bus: str, tied: bool, own: tuple[str, ...], again: bool, **flags: str | None) -> None:
    """Schedule and run the probes of one agent, and hand what it finds to a router."""
    chosen = _with_own_account(settings_from(flags).settings)
    logs.start("agent")
    known = Known(_routes(chosen.routes, wanted=flags["routes"] is not None, tied=tied))
    folder = ProbeFolder(chosen.probes, chosen.live, known.teams)
    if not again:
        _refuse_broken(folder.loaded(), chosen.probes)
    options = AgentOptions(
        settings=chosen,
        bus=bus,
        tied=tied,
        own=tuple(map(_listener, own)),
        again=again,
    )
    # Its router tries again for a while: the agent of the last one may be ending still.
    locked = Exit.LOCKED if tied else Exit.ERRORED
    _run(lambda: run_agent(options, folder, known, environment(), clock.system()), locked)


def _with_own_account(settings: Settings) -> Settings:
    """The settings, of whoever keeps the account itself."""
    if settings.account_url:
        raise click.UsageError(
            "--account: an agent keeps its account in a file; the URL of a server is for `synthprobe run`"
        )
    return settings


def _refuse_broken(loaded: Loaded, path: Path) -> None:
    if found := errors(loaded.problems):
        refuse(FileProblems(found))
    if not loaded.probes:
        click.echo(f"synthprobe: no probe files in {path}; name a folder with --probes", err=True)
        sys.exit(Exit.INVALID)


def _routes(path: Path, *, wanted: bool, tied: bool) -> Routes | None:
    """The routes; a child does without when the file broke after its router had read it."""
    if not tied or not path.exists():
        return read_if_there(path, wanted=wanted)
    try:
        return load_routes(path.read_bytes(), str(path))
    except (OSError, FileProblems) as error:
        log.warning("no references are asked, and `only` closes nothing: %s", error)
        return None


def _listener(text: str) -> Listen:
    try:
        return listener(text)
    except ValueError as error:
        raise click.UsageError(f"--own: {error}") from error


def _run(start: Callable[[], Awaitable[None]], locked: Exit = Exit.ERRORED) -> None:
    """Run to the end; a known trouble is one line and an exit code."""
    try:
        anyio.run(start, backend_options={"use_uvloop": sys.platform != "win32"})
    except (BaseExceptionGroup, ChildRefused, *KNOWN) as error:
        _end(list(leaves(error)), error, locked)


def _end(found: list[BaseException], raised: BaseException, locked: Exit) -> None:
    refused = [error for error in found if isinstance(error, ChildRefused)]
    if refused:
        click.echo(f"synthprobe: {refused[0]}", err=True)
        sys.exit(refused[0].code)
    known = [error for error in found if isinstance(error, KNOWN)]
    if not known:
        raise raised
    for error in known:
        click.echo(f"synthprobe: {error}", err=True)
    sys.exit(locked if any(isinstance(error, StoreLocked) for error in known) else Exit.ERRORED)
