"""`synthprobe oncall override …`: who stands in for whom, on a running server."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click

from synthprobe.cli.instants import instant
from synthprobe.cli.login import login
from synthprobe.cli.server import delete, get, post, show_json, with_server
from synthprobe.cli.visible import visible
from synthprobe.files.durations import duration

PATH = "/api/v1/overrides"


@click.group()
def override() -> None:
    """Put people on call, or take them off, for a time; the pager asks it at once."""


@override.command("add")
@click.option("--schedule", "-s", "schedules", multiple=True, required=True, help="repeat for several")
@click.option("--add", default=None, metavar="USER", help="who is on call then")
@click.option(
    "--remove", default=None, metavar="USER", help="who is not; with --add only while they would be"
)
@click.option("--start", default=None, metavar="INSTANT", help="RFC 3339; default now")
@click.option("--until", default=None, metavar="INSTANT", help="RFC 3339")
@click.option(
    "--for", "length", default=None, metavar="DURATION", help="how long, instead of --until: 4h, 30m"
)
@click.option("--reason", "-r", default="", help="why")
@click.option("--by", default=None, help="who says so [default: your login]")
@with_server
def add(
    schedules: tuple[str, ...],
    start: str | None,
    until: str | None,
    length: str | None,
    by: str | None,
    url: str | None,
    as_json: bool,
    **said: str | None,
) -> None:
    """Make an override and print its id: `oncall override add -s emea --remove ben --add ana --for 4h`."""
    begins = instant(start)
    body = {
        **said,
        "schedules": schedules,
        "start": begins.isoformat(),
        "end": _end(begins, until, length).isoformat(),
        "by": by or login("--by"),
    }
    made = post(url, PATH, body)
    if as_json:
        show_json(made)
    else:
        click.echo(visible(made["id"]))


@override.command("list")
@with_server
def list_(url: str | None, as_json: bool) -> None:
    """Show the overrides that hold now and those to come, of the routes file too."""
    found = get(url, PATH)
    if as_json:
        show_json(found)
        return
    for each in found:
        click.echo(visible(_line(each)))


@override.command("remove")
@click.argument("override_id", metavar="ID")
@with_server
def remove(override_id: str, url: str | None, as_json: bool) -> None:
    """Take an override back: whoever is on call without it is on call now."""
    gone = delete(url, f"{PATH}/{quote(override_id, safe='')}")
    if as_json:
        show_json(gone)
    else:
        click.echo(visible(f"taken back: {_line(gone)}"))


def _end(start: datetime, until: str | None, length: str | None) -> datetime:
    if (until is None) == (length is None):
        raise click.UsageError("say when it ends: --until INSTANT or --for DURATION")
    if until is not None:
        return instant(until)
    try:
        return start + duration(length or "")
    except (ValueError, OverflowError) as error:
        raise click.UsageError(str(error)) from error


def _line(override: Mapping[str, Any]) -> str:
    swap = [
        f"{word} {name}"
        for word, name in (("without", override["remove"]), ("with", override["add"]))
        if name
    ]
    said = [text for text in (override["reason"], override["by"] and f"by {override['by']}") if text]
    return "  ".join(
        (
            override["id"] or "routes.yaml",
            f"{override['start']} to {override['end']}",
            ",".join(override["schedules"]),
            " ".join(swap),
            *([f"({', '.join(said)})"] if said else []),
        )
    )
