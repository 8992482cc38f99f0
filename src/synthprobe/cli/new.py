"""`synthprobe new`: a probe to begin with, for the teams and regions that the routes file names; or a routes file."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click
import msgspec

from synthprobe.cli import routes
from synthprobe.cli.exits import Exit
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.core.routes import Routes
from synthprobe.files.probe_shape import probe_schema

_STARTERS = Path(__file__).parent / "starters"

SCHEMA = "probe.schema.json"
"""What editors complete keys from: beside the probe, where its first line says."""


ROUTES = "routes"
"""The template that is no probe."""


def starters() -> Mapping[str, str]:
    """The text of each probe to begin with, by its name."""
    paths = sorted(_STARTERS.glob("*.yaml"))
    return {path.stem: path.read_text("utf-8") for path in paths if path.stem != ROUTES}


@click.command()
@click.argument("template", type=click.Choice(sorted(path.stem for path in _STARTERS.glob("*.yaml"))))
@click.option("--name", default=None, help="of the probe and its file [default: the template's]")
@click.option("--stdout", is_flag=True, help="print it, write nothing")
@with_settings("probes", "routes")
def new(template: str, name: str | None, stdout: bool, **flags: str | None) -> None:
    """Write a probe to begin with into the probes folder, and the schema that editors complete keys from.

    `synthprobe new routes` writes the file that says who is told.
    """
    settings = settings_from(flags).settings
    if template == ROUTES:
        _routes(settings.routes, stdout=stdout)
        return
    named = name or template
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", named):
        raise click.UsageError(f"{named!r} names no probe: use lower-case letters, digits and -")
    text = fitted(starters()[template], named, routes.found(settings.routes))
    if stdout:
        click.echo(text, nl=False)
        return
    folder = settings.probes if settings.probes.suffix not in (".yaml", ".yml") else settings.probes.parent
    file = folder / f"{named}.yaml"
    _write(file, text)
    click.echo(f"{file} is written. Put your API under `regions`, then:")
    click.echo(f"  synthprobe validate {file}")
    click.echo(f"  synthprobe run {file}")


def _routes(file: Path, *, stdout: bool) -> None:
    text = (_STARTERS / f"{ROUTES}.yaml").read_text("utf-8")
    if stdout:
        click.echo(text, nl=False)
        return
    with _new(file, "name another with --routes") as opened:
        opened.write(text)
    click.echo(f"{file} is written. Name your teams and receivers, then:")
    click.echo("  synthprobe routes check")


def fitted(text: str, name: str, routes: Routes | None) -> str:
    """A starter under another name, for the first team and all regions of the routes, where they name any."""
    text = re.sub(r"(?m)^name: .*$", f"name: {name}", text, count=1)
    if routes is None:
        return text
    teams = [team for team in routes.teams if team != routes.platform] or list(routes.teams)
    if teams:
        text = re.sub(r"(?m)^owner: .*$", f"owner: {teams[0]}", text, count=1)
    if routes.regions:
        text = re.sub(r"(?m)^  emea: (.*)\n", lambda line: _regions(line[1], routes), text, count=1)
    return text


def _regions(values: str, routes: Routes) -> str:
    return "".join(f"  {name}: {values}\n" for name in routes.regions)


def _write(file: Path, text: str) -> None:
    with _new(file, "give the new one another --name") as opened:
        opened.write(f"# yaml-language-server: $schema=./{SCHEMA}\n{text}")
        schema = msgspec.json.format(msgspec.json.encode(probe_schema()), indent=2)
        (file.parent / SCHEMA).write_bytes(schema)


@contextmanager
def _new(file: Path, otherwise: str) -> Iterator[TextIO]:
    """A file that was not there, to write; leaves with one line where it was, or cannot be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            yield opened
    except FileExistsError:
        click.echo(f"{file} is there already; {otherwise}", err=True)
        sys.exit(Exit.USAGE)
    except OSError as error:
        click.echo(f"{file} cannot be written: {error.strerror}", err=True)
        sys.exit(Exit.USAGE)
