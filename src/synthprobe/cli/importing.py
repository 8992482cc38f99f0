"""`synthprobe import`: a probe made of a curl command or an OpenAPI description, routes of an Alertmanager file."""

import sys
from pathlib import Path

import click

from synthprobe.cli import routes
from synthprobe.cli.exits import Exit
from synthprobe.cli.options import refuse, settings_from, with_settings
from synthprobe.core.routes import Routes
from synthprobe.files.documents import read
from synthprobe.files.import_alertmanager import import_alertmanager
from synthprobe.files.import_curl import import_curl
from synthprobe.files.import_openapi import import_openapi
from synthprobe.files.import_parts import Imported, ImportFault
from synthprobe.files.problems import FileProblems
from synthprobe.files.routes import load_routes
from synthprobe.files.writing import written


class _Target:
    """Where the probe goes, and for whom it is made."""

    def __init__(self, name: str, output: Path | None, routes: Routes | None) -> None:
        self.name, self.output = name, output
        self.regions = tuple(routes.regions) if routes and routes.regions else ("emea",)
        teams = [team for team in routes.teams if team != routes.platform] if routes else []
        self.owner = teams[0] if teams else ""


with_output = click.option(
    "--to", "output", type=click.Path(path_type=Path), help="write it to this file [default: print it]"
)


@click.group("import")
@click.option("--name", default="", help="of the probe [default: made of what is imported]")
@with_output
@with_settings("routes")
@click.pass_context
def import_(context: click.Context, /, name: str, output: Path | None, **flags: str | None) -> None:
    """Make a probe of a curl command or an OpenAPI description, or a routes file of Alertmanager's.

    Credentials of probes become names of secrets.
    """
    context.obj = _Target(name, output, routes.found(settings_from(flags).settings.routes))


@import_.command("curl", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND]…")
@click.pass_obj
def curl(target: _Target, words: tuple[str, ...]) -> None:
    """Import a curl command, given as one text, as words, or on standard input."""
    given = words or (sys.stdin.read(),)
    try:
        imported = import_curl(given, target.name, target.regions, target.owner)
    except ImportFault as error:
        raise click.UsageError(str(error)) from error
    _give(imported, target.output)


@import_.command("openapi")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--operation", "operations", multiple=True, help="by its id, or as `POST /v1/payments`; repeat for more"
)
@with_output
@click.pass_obj
def openapi(target: _Target, file: Path, operations: tuple[str, ...], output: Path | None) -> None:
    """Import an OpenAPI 3 description (JSON or YAML): a step per operation that changes nothing, or as named."""
    try:
        raw = read(file.read_bytes(), str(file)).value
        imported = import_openapi(raw, operations, target.name, target.regions, target.owner)
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error
    except FileProblems as error:
        refuse(error)
        raise
    except ImportFault as error:
        raise click.UsageError(f"{file}: {error}") from error
    _give(imported, output or target.output)


@import_.command("alertmanager")
@click.argument("file", type=click.Path(path_type=Path))
@with_output
@click.pass_obj
def alertmanager(target: _Target, file: Path, output: Path | None) -> None:
    """Import an Alertmanager file as a routes.yaml that loads; what has no place here is said."""
    try:
        imported = import_alertmanager(read(file.read_bytes(), str(file)))
        load_routes(written(imported.document), f"{file} as routes.yaml")
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error
    except FileProblems as error:
        refuse(error)
        raise
    _give(imported, output or target.output)


def _give(imported: Imported, output: Path | None) -> None:
    text = written(imported.document)
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            with output.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except OSError as error:
            click.echo(f"{output} cannot be written: {error.strerror}", err=True)
            sys.exit(Exit.USAGE)
    for note in imported.notes:
        click.echo(f"note: {note}", err=True)
