"""`synthprobe oncall`: who is on call, by the same function as the pager's; by the routes file, or as a server has it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import click
import msgspec

from synthprobe.cli import server
from synthprobe.cli.instants import instant
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.cli.override import override
from synthprobe.cli.routes import read
from synthprobe.cli.visible import visible
from synthprobe.core.oncall import Gap, Shift
from synthprobe.core.oncall_answers import OnCallAnswer, ShiftsAnswer, at_instant, in_range
from synthprobe.core.routes import Routes
from synthprobe.core.spelling import suggestion
from synthprobe.core.wallclock import zone

WEEK = timedelta(days=7)
LONGEST = timedelta(days=3660)


@click.group(invoke_without_command=True)
@click.option("--schedule", "-s", default=None, help="one schedule of the routes file; default all")
@click.option("--at", "at", default=None, metavar="INSTANT", help="RFC 3339; default now")
@click.option("--since", default=None, metavar="INSTANT", help="every shift from here on")
@click.option("--until", default=None, metavar="INSTANT", help="up to here; default a week later")
@click.option("--json", "as_json", is_flag=True, help="stable JSON; needs --schedule")
@click.option("--url", default=None, help="ask this server, which knows the overrides made there")
@with_settings("routes")
@click.pass_context
def oncall(
    context: click.Context,
    /,
    schedule: str | None,
    at: str | None,
    since: str | None,
    until: str | None,
    as_json: bool,
    url: str | None,
    **flags: str | None,
) -> None:
    """Say who is on call at an instant, or every shift and gap of a range."""
    if context.invoked_subcommand:
        return
    routes = read(settings_from(flags).settings.routes)
    names = _names(routes, schedule, as_json=as_json)
    if since is None and until is not None:
        raise click.UsageError("--until needs --since")
    if since is not None and at is not None:
        raise click.UsageError("--at and --since are two different questions")
    instant_asked = instant(at if since is None else since)
    for name in names:
        answer: OnCallAnswer | ShiftsAnswer
        end = None if since is None else _end(instant_asked, until)
        if url is not None:
            answer = _asked(url, name, instant_asked, end)
        elif end is None:
            answer = at_instant(routes, name, instant_asked)
        else:
            answer = in_range(routes, name, instant_asked, end)
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
        else:
            _print(answer, routes)


oncall.add_command(override)


def _asked(url: str, schedule: str, at: datetime, end: datetime | None) -> OnCallAnswer | ShiftsAnswer:
    """What a server answers, with the overrides that were made there."""
    path = f"/api/v1/oncall/{quote(schedule, safe='')}"
    if end is None:
        return msgspec.convert(server.get(url, path, at=at.isoformat()), OnCallAnswer)
    found = server.get(url, path, since=at.isoformat(), until=end.isoformat())
    return msgspec.convert(found, ShiftsAnswer)


def _names(routes: Routes, schedule: str | None, *, as_json: bool) -> list[str]:
    if not routes.schedules:
        raise click.UsageError("the routes file has no schedules; write `schedules`")
    if schedule is None:
        if as_json:
            raise click.UsageError(f"--json needs --schedule; {suggestion('', routes.schedules)}")
        return list(routes.schedules)
    if schedule not in routes.schedules:
        raise click.UsageError(
            f"no schedule is called {schedule!r}; {suggestion(schedule, routes.schedules)}"
        )
    return [schedule]


def _end(since: datetime, until: str | None) -> datetime:
    end = instant(until) if until is not None else since + WEEK
    if end <= since:
        raise click.UsageError("--until is not later than --since")
    if end - since > LONGEST:
        raise click.UsageError("--since and --until lie more than ten years apart")
    return end


def _print(answer: OnCallAnswer | ShiftsAnswer, routes: Routes) -> None:
    parts: list[Shift | Gap]
    if isinstance(answer, OnCallAnswer):
        click.echo(f"{answer.schedule} at {_utc(answer.at)} UTC")
        parts = list(answer.on_call)
        if not parts:
            click.echo("  nobody is on call")
    else:
        click.echo(answer.schedule)
        parts = sorted((*answer.shifts, *answer.gaps), key=lambda part: part.since or _LONG_AGO)
    rows = [_row(part, answer.schedule, routes) for part in parts]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (visible(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(f"  {'  '.join(cells)}".rstrip())


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _row(part: Shift | Gap, schedule: str, routes: Routes) -> tuple[str, ...]:
    """A person's local times are those of their own zone, a gap's those of the schedule."""
    if isinstance(part, Shift):
        who, why = part.user, part.source.value
        location = routes.users[part.user].location if part.user in routes.users else "UTC"
    else:
        who, why, location = "nobody", "gap", routes.schedules[schedule].location
    since = _utc(part.since) if part.since else "…"
    until = _utc(part.until) if part.until else "…"
    local = " to ".join(_local(end, location) if end else "…" for end in (part.since, part.until))
    return (who, f"{since} to {until} UTC", f"{local} {location}", why)


def _utc(at: datetime) -> str:
    return f"{at:%a %Y-%m-%d %H:%M}" + (f":{at:%S}" if at.second else "")


def _local(at: datetime, location: str) -> str:
    return f"{at.astimezone(zone(location)):%a %H:%M}"
