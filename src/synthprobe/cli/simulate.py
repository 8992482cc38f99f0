"""`synthprobe routes simulate`: who would hear of what, and when."""

import sys
from pathlib import Path

import click
import msgspec

from synthprobe.app.simulated import Delivered, Simulation
from synthprobe.app.simulation import NotPlayable, play
from synthprobe.cli.exits import Exit
from synthprobe.cli.options import refuse, settings_from, with_settings
from synthprobe.cli.routes import read
from synthprobe.cli.visible import visible
from synthprobe.core.routes import Routes
from synthprobe.core.scenario import Scenario
from synthprobe.files.problems import FileProblems
from synthprobe.files.scenarios import load_scenario


@click.command("simulate")
@click.argument("timeline", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="stable JSON")
@with_settings("routes")
def simulate(timeline: Path, as_json: bool, **flags: str | None) -> None:
    """Play a timeline of alerts and actions on the routes file, in virtual time: who is told what, when, and why."""
    routes = read(settings_from(flags).settings.routes)
    try:
        found = play(_scenario(timeline, routes), routes)
    except NotPlayable as error:
        click.echo(f"{timeline}: {error}", err=True)
        sys.exit(Exit.INVALID)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _print(found)


def _scenario(path: Path, routes: Routes) -> Scenario:
    try:
        return load_scenario(path.read_bytes(), str(path), routes)
    except OSError as error:
        click.echo(f"{path}: cannot be read: {error.strerror}", err=True)
        sys.exit(Exit.INVALID)
    except FileProblems as error:
        refuse(error)
        raise


def _print(found: Simulation) -> None:
    for sent in found.notifications:
        click.echo(
            visible(f"{_at(sent.t)}  {_who(sent)}  {sent.kind} ({sent.reason})  {_about(sent)}".rstrip())
        )
    for incident in found.incidents:
        click.echo()
        holder = f", {incident.holder} has it" if incident.holder else ""
        click.echo(visible(f"#{incident.number} {incident.state}, {incident.scope}{holder}"))
        for entry in incident.timeline:
            by = f" (by {entry.by})" if entry.by else ""
            click.echo(visible(f"  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.text}{by}"))


def _at(t: float) -> str:
    hours, seconds = divmod(t, 3600)
    return f"{int(hours):4d}:{int(seconds // 60):02d}:{seconds % 60:04.1f}"


def _who(sent: Delivered) -> str:
    return f"{sent.person} by {sent.contact}" if sent.person else sent.receiver


def _about(sent: Delivered) -> str:
    incident = f"#{sent.incident} {sent.scope}" if sent.incident else ""
    level = f" level {sent.level}" if sent.level else ""
    return f"{incident}{level}{f' late {sent.late:g} s' if sent.late else ''}"
