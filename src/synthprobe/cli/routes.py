"""`synthprobe routes …`: ask the routes file."""

import sys
from pathlib import Path

import click
import msgspec

from synthprobe.cli.exits import Exit
from synthprobe.cli.instants import instant
from synthprobe.cli.lazy import LazyGroup
from synthprobe.cli.options import other_routes, refuse, settings_from, with_settings
from synthprobe.core.answers import LevelAnswer, routes_test
from synthprobe.core.routes import Routes
from synthprobe.files.problems import FileProblems
from synthprobe.files.routes import load_routes


@click.group(
    cls=LazyGroup,
    commands_at={
        "test": "synthprobe.cli.routes:test",
        "check": "synthprobe.cli.routes_check:check",
        "simulate": "synthprobe.cli.simulate:simulate",
    },
)
def routes() -> None:
    """Ask the routes file who is told."""


@click.command("test")
@click.option(
    "--labels", "-l", multiple=True, metavar="NAME=VALUE", help="a label of the alert; repeat for more"
)
@click.option("--at", "at", default=None, metavar="INSTANT", help="RFC 3339; default now")
@click.option("--json", "as_json", is_flag=True, help="stable JSON")
@click.argument("more", nargs=-1, metavar="[NAME=VALUE]…")
@with_settings("routes")
def test(
    labels: tuple[str, ...], at: str | None, as_json: bool, more: tuple[str, ...], **flags: str | None
) -> None:
    """Show which receivers an alert with these labels reaches, and why others do not."""
    pairs = dict(_label(text) for text in (*labels, *more))
    answer = routes_test(read(settings_from(flags).settings.routes), pairs, instant(at))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
        return
    if own := answer.built_in:
        click.echo(f"team {own.team}  by policy {own.policy}, built in: pages before any route is asked")
        for level in own.levels:
            click.echo(f"  {_level(level)}")
    for match in answer.matches:
        grouped = ", ".join(match.group_by) or "(one group)"
        click.echo(f"{match.receiver}  via {' > '.join(match.path)}")
        for level in match.levels:
            click.echo(f"  {_level(level)}")
        click.echo(
            f"  grouped by {grouped}; wait {match.group_wait}, interval {match.group_interval}, repeat {match.repeat_effective}"
        )
    for rejected in answer.rejected:
        click.echo(f"not {' > '.join(rejected.path)}: {rejected.why}")


def _level(level: LevelAnswer) -> str:
    told = "; ".join(f"{t.kind} {t.name}: {', '.join(t.people) or '-'}" for t in level.targets)
    skipped = f" (passed over: {level.skipped})" if level.skipped else ""
    return f"level {level.level}, then {level.wait}: {told}{skipped}"


def read_if_there(path: Path, *, wanted: bool) -> Routes | None:
    """The routes of a file, which need not be there unless somebody named it; exits 2 with every problem it has."""
    return read(path) if wanted or path.exists() else None


def read(path: Path) -> Routes:
    """The routes file as core values; exits 2 with every problem."""
    try:
        return load_routes(path.read_bytes(), str(path))
    except OSError as error:
        click.echo(f"{path}: cannot be read: {error.strerror}; {other_routes(error)}", err=True)
        sys.exit(Exit.INVALID)
    except FileProblems as error:
        refuse(error)
        raise


def found(path: Path) -> Routes | None:
    """The routes, where there are any that can be read; what is wrong with them `validate` says."""
    try:
        return load_routes(path.read_bytes(), str(path))
    except (OSError, FileProblems):
        return None


def _label(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"{text!r} is not NAME=VALUE")
    return name, value.strip('"')
