"""`synthprobe silence …`: hold alerts back for a time, on a running server."""

import getpass
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import click
import httpx

from synthprobe import clock
from synthprobe.cli.exits import Exit
from synthprobe.cli.instants import instant
from synthprobe.core.labels import MatcherError, MatchOp, parse_matchers
from synthprobe.files.durations import duration

URL = "http://127.0.0.1:8080"


@click.group()
@click.option(
    "--url", envvar="SYNTHPROBE_URL", default=URL, show_default=True, help="the server (SYNTHPROBE_URL)"
)
@click.pass_context
def silence(context: click.Context, url: str) -> None:
    """Hold alerts back for a time; they are told the moment it ends."""
    context.obj = url.rstrip("/")


@silence.command("add")
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER…")
@click.option("--for", "length", metavar="DURATION", help="how long: 2h, 30m")
@click.option("--until", metavar="INSTANT", help="RFC 3339, instead of --for")
@click.option("--start", metavar="INSTANT", help="RFC 3339; default now")
@click.option("--comment", "-c", required=True, help="why, with the change it belongs to")
@click.option("--author", "-a", default=None, help="who answers for it [default: your login]")
@click.option("--incident", type=int, help="only for this incident, and while it is no worse than now")
@click.pass_obj
def add(
    url: str,
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
        "createdBy": author or getpass.getuser(),
        "comment": comment,
    }
    asked = {"incident": str(incident)} if incident is not None else {}
    click.echo(_ask("POST", f"{url}/api/v2/silences", body, asked)["silenceID"])


@silence.command("list")
@click.argument("filters", nargs=-1, metavar="[MATCHER]…")
@click.option("--expired", is_flag=True, help="those that are over, too")
@click.option("--json", "as_json", is_flag=True, help="as the API gives them")
@click.pass_obj
def list_(url: str, filters: tuple[str, ...], expired: bool, as_json: bool) -> None:
    """Show silences: the active ones, those to come, and with --expired those that are over."""
    found = _ask("GET", f"{url}/api/v2/silences", None, {"filter": list(filters)})
    shown = [each for each in found if expired or each["status"]["state"] != "expired"]
    if as_json:
        click.echo(httpx.Response(200, json=shown).text)
        return
    for each in shown:
        matchers = ", ".join(map(_shown, each["matchers"]))
        click.echo(f"{each['id']}  {each['status']['state']}  until {each['endsAt']}  {matchers}")
        click.echo(f"  {each['comment']} ({each['createdBy']})")


@silence.command("expire")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def expire(url: str, ids: tuple[str, ...]) -> None:
    """End silences now: what they held back is told at once."""
    for each in ids:
        _ask("DELETE", f"{url}/api/v2/silence/{each}")


@silence.command("extend")
@click.argument("silence_id", metavar="ID")
@click.option("--for", "length", metavar="DURATION", help="from now on: 2h, 30m")
@click.option("--until", metavar="INSTANT", help="RFC 3339, instead of --for")
@click.pass_obj
def extend(url: str, silence_id: str, length: str | None, until: str | None) -> None:
    """Let a silence end at another instant."""
    known = _ask("GET", f"{url}/api/v2/silence/{silence_id}")
    kept = {key: known[key] for key in ("id", "matchers", "startsAt", "createdBy", "comment")}
    end = _text(_end(clock.system().now(), length, until))
    click.echo(_ask("POST", f"{url}/api/v2/silences", {**kept, "endsAt": end})["silenceID"])


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


_PATIENCE = timedelta(seconds=30)


def _ask(method: str, url: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
    """What the server answers; exits 3 when it does not, 2 when it refuses."""
    try:
        answer = httpx.request(
            method, url, json=body, params=params or {}, timeout=_PATIENCE.total_seconds(), trust_env=False
        )
    except httpx.TransportError as error:
        click.echo(f"synthprobe: {url} does not answer ({error}); name the server with --url", err=True)
        sys.exit(Exit.ERRORED)
    if answer.status_code == 404 and not answer.content:
        click.echo("synthprobe: there is no such silence", err=True)
        sys.exit(Exit.INVALID)
    found = answer.json() if answer.content else None
    if answer.is_error:
        said = found.get("message", found) if isinstance(found, dict) else found
        click.echo(f"synthprobe: {said}", err=True)
        sys.exit(Exit.INVALID)
    return found
