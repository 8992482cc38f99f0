"""`synthprobe silence …`: hold alerts back for a time, on a running server."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click

from synthprobe import clock
from synthprobe.cli.instants import instant, shown
from synthprobe.cli.login import login
from synthprobe.cli.server import delete, get, post, show_json, with_server, with_url
from synthprobe.cli.visible import visible
from synthprobe.core.labels import MatcherError, MatchOp, parse_matchers
from synthprobe.files.durations import duration

SILENCES, SILENCE = "/api/v2/silences", "/api/v2/silence"
NONE_SUCH = "there is no such silence"


@click.group()
@with_url
@click.pass_context
def silence(context: click.Context, url: str | None) -> None:
    """Hold alerts back for a time; they are told the moment it ends."""
    context.obj = url


@silence.command("add")
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER…")
@click.option("--for", "length", metavar="DURATION", help="how long: 2h, 30m")
@click.option("--until", metavar="INSTANT", help="RFC 3339, instead of --for")
@click.option("--start", metavar="INSTANT", help="RFC 3339; default now")
@click.option("--comment", "-c", required=True, help="why, with the change it belongs to")
@click.option(
    "--author", "--by", "-a", "author", default=None, help="who answers for it [default: your login]"
)
@click.option("--incident", type=int, help="only for this incident, and while it is no worse than now")
@with_url
@click.pass_obj
def add(
    named: str | None,
    url: str | None,
    matchers: tuple[str, ...],
    length: str | None,
    until: str | None,
    start: str | None,
    comment: str,
    author: str | None,
    incident: int | None,
) -> None:
    """Make a silence and print its id: `silence add region=emea 'psp=~"acq-.*"' --for 2h -c CHG1`."""
    starts_at = instant(start)
    body = {
        "matchers": [each for text in matchers for each in _matchers(text)],
        "startsAt": _text(starts_at),
        "endsAt": _text(_end(starts_at, length, until)),
        "createdBy": author or login("--author"),
        "comment": comment,
    }
    asked = {"incident": str(incident)} if incident is not None else {}
    click.echo(visible(post(url or named, SILENCES, body, **asked)["silenceID"]))


@silence.command("list")
@click.argument("filters", nargs=-1, metavar="[MATCHER]…")
@click.option("--expired", is_flag=True, help="those that are over, too")
@with_server
@click.pass_obj
def list_(named: str | None, url: str | None, filters: tuple[str, ...], expired: bool, as_json: bool) -> None:
    """Show silences: the active ones, those to come, and with --expired those that are over."""
    found = get(url or named, SILENCES, filter=list(filters))
    wanted = [each for each in found if expired or each["status"]["state"] != "expired"]
    if as_json:
        show_json(wanted)
        return
    for each in wanted:
        matchers = ", ".join(map(_shown, each["matchers"]))
        click.echo(
            visible(f"{each['id']}  {each['status']['state']}  until {shown(each['endsAt'])}  {matchers}")
        )
        click.echo(visible(f"  {each['comment']} ({each['createdBy']})"))


@silence.command("expire")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@with_url
@click.pass_obj
def expire(named: str | None, url: str | None, ids: tuple[str, ...]) -> None:
    """End silences now: what they held back is told at once."""
    for each in ids:
        delete(url or named, _path(each), NONE_SUCH)


@silence.command("extend")
@click.argument("silence_id", metavar="ID")
@click.option("--for", "length", metavar="DURATION", help="from now on: 2h, 30m")
@click.option("--until", metavar="INSTANT", help="RFC 3339, instead of --for")
@with_url
@click.pass_obj
def extend(
    named: str | None, url: str | None, silence_id: str, length: str | None, until: str | None
) -> None:
    """Let a silence end at another instant."""
    known = get(url or named, _path(silence_id), NONE_SUCH)
    kept = {key: known[key] for key in ("id", "matchers", "startsAt", "createdBy", "comment")}
    end = _text(_end(clock.system().now(), length, until))
    click.echo(visible(post(url or named, SILENCES, {**kept, "endsAt": end})["silenceID"]))


def _path(silence_id: str) -> str:
    return f"{SILENCE}/{quote(silence_id, safe='')}"


def _end(start: datetime, length: str | None, until: str | None) -> datetime:
    if (length is None) == (until is None):
        raise click.UsageError("say how long with --for 2h, or until when with --until 2026-07-01T12:00Z")
    if until is not None:
        return instant(until)
    try:
        return start + duration(length or "")
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _matchers(text: str) -> list[dict[str, Any]]:
    try:
        found = parse_matchers(text)
    except MatcherError as error:
        raise click.UsageError(str(error)) from error
    return [
        {
            "name": each.name,
            "value": each.value,
            "isRegex": each.op in (MatchOp.MATCHES, MatchOp.NOT_MATCHES),
            "isEqual": each.op in (MatchOp.EQUAL, MatchOp.MATCHES),
        }
        for each in found
    ]


def _shown(matcher: Mapping[str, Any]) -> str:
    op = f"{'=' if matcher['isEqual'] else '!'}{'~' if matcher['isRegex'] else '' if matcher['isEqual'] else '='}"
    return f'{matcher["name"]}{op}"{matcher["value"]}"'


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
