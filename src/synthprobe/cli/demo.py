"""`synthprobe demo`: a real third-party API behind a fault proxy, and the product watching it."""

import sys
from datetime import timedelta
from pathlib import Path

import click

from synthprobe.cli.options import refuse
from synthprobe.demo.play import play
from synthprobe.demo.scene import FAULTS, ROUTES, Options
from synthprobe.files.problems import FileProblems
from synthprobe.settings.loading import environment

FILE = click.Path(path_type=Path)


@click.command()
@click.option("--probes", type=FILE, default=Path("probes"), show_default=True, help="folder of probe files")
@click.option("--faults", type=FILE, default=FAULTS, help="what breaks when (default: the demo's own)")
@click.option("--routes", type=FILE, default=ROUTES, help="who is told (default: the demo's own)")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="of the web pages"
)
@click.option("--receiver-port", default=8423, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--until-resolved", is_flag=True, help="end when the whole story was seen: exit 0, or 1 if it was not"
)
@click.option(
    "--within", default=180.0, show_default=True, help="seconds that --until-resolved waits at most"
)
def demo(
    probes: Path,
    faults: Path,
    routes: Path,
    port: int,
    receiver_port: int,
    until_resolved: bool,
    within: float,
) -> None:
    """Watch a real payment API (localstripe) break and recover, on this machine only; Ctrl-C ends it."""
    options = Options(
        environment(),
        probes=probes,
        faults=faults,
        routes=routes,
        port=port,
        receiver_port=receiver_port,
        until_resolved=until_resolved,
        within=timedelta(seconds=within),
    )
    try:
        sys.exit(play(options, click.echo))
    except FileProblems as error:
        refuse(error)
