"""`synthprobe incident …`, `explain` and `page`: what people do about incidents, from a terminal, against a running server."""

import sys
import time
from collections.abc import Iterable
from typing import Any

import click

from synthprobe.cli.exits import Exit
from synthprobe.cli.instants import instant, shown
from synthprobe.cli.login import login
from synthprobe.cli.server import get, post, show_json, with_server
from synthprobe.cli.visible import visible
from synthprobe.stores.views.explained import REASONS

REFUSALS = {
    "over": "it is over: there is nothing to do about it any more",
    "no_escalation": "none of its routes pages anybody, so there is no next level",
    "fault": "it could not be done for a reason of the server's; its log says more",
}

MOST = 2**53
"""The greatest number of an incident that the server takes."""

LOOKS, PAUSE = 60, 0.5
"""How often `page` asks whether its message arrived, and seconds between."""


@click.group()
def incident() -> None:
    """Look at incidents and act on them."""


@incident.command("list")
@click.option("--all", "every", is_flag=True, help="closed ones, too")
@with_server
def list_(every: bool, url: str | None, as_json: bool) -> None:
    """List open incidents: who has each, and when it escalates next."""
    found = [each for each in get(url, "/api/v1/incidents") if every or each["state"] != "closed"]
    if as_json:
        show_json(found)
        return
    for each in found:
        facts = [each["state"], each["severity"], each["scope"], _holder(each), _next(each)]
        _say(f"#{each['number']} {each['title']}", f"   {', '.join(filter(None, facts))}")
    if not found:
        _say("No incident." if every else "No open incident.")


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@with_server
def show(number: int, url: str | None, as_json: bool) -> None:
    """Show what fails, who has it, and what happened so far."""
    view = get(url, f"/api/v1/incidents/{number}")
    if as_json:
        show_json(view)
        return
    found = view["incident"]
    lease = found.get("lease")
    _say(f"#{number} {found['title']}", f"{found['state']}, {found['severity']}, {found['scope']}")
    _say(f"failing since {shown(found['first_failed_at'])}")
    if lease:
        _say(f"{lease['holder']} has it until {shown(lease['until'])}, unless they act")
    for entry in view.get("timeline", ()):
        by = f" (by {entry['by']})" if entry.get("by") else ""
        _say(f"  {shown(entry['at'])}  {entry['text']}{by}")


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@with_server
def explain(number: int, url: str | None, as_json: bool) -> None:
    """Say who was paged for it, who was not, and why."""
    pages = get(url, f"/api/v1/incidents/{number}").get("pages", [])
    if as_json:
        show_json(pages)
        return
    for page in pages:
        told = (
            "not"
            if not page["sent"]
            else "quietly"
            if page.get("detail", "").startswith("quietly")
            else "paged"
        )
        level = f", level {page['level']}" if page.get("level") else ""
        _say(
            f"{shown(page['at'])}  {told:8}{page['person'] or 'nobody'}: {REASONS.get(page['reason'], page['reason'].replace('_', ' '))}{level}"
        )
    if not pages:
        _say("Nobody was paged for it: none of its routes leads to an escalation policy, or it is muted.")


def _by(function: Any) -> Any:
    return click.option("--by", default=None, help="who you are in routes.yaml [default: your user name]")(
        function
    )


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@click.argument("text", nargs=-1)
@_by
@with_server
def ack(number: int, text: tuple[str, ...], by: str | None, url: str | None, as_json: bool) -> None:
    """Take it: nobody is paged for it while you have it."""
    _act("acknowledge", number, text, by, url, as_json=as_json)


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@click.argument("text", nargs=-1, required=True)
@_by
@with_server
def note(number: int, text: tuple[str, ...], by: str | None, url: str | None, as_json: bool) -> None:
    """Write something on its timeline; renews your acknowledgement."""
    _act("note", number, text, by, url, as_json=as_json)


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@click.argument("text", nargs=-1)
@_by
@with_server
def resolve(number: int, text: tuple[str, ...], by: str | None, url: str | None, as_json: bool) -> None:
    """End it by hand; what still fails is quiet until it passes, or for four hours."""
    _act("resolve", number, text, by, url, as_json=as_json)


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@click.argument("text", nargs=-1)
@_by
@with_server
def escalate(number: int, text: tuple[str, ...], by: str | None, url: str | None, as_json: bool) -> None:
    """Start its next level now."""
    _act("escalate", number, text, by, url, as_json=as_json)


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@click.argument("text", nargs=-1)
@_by
@with_server
def accept(number: int, text: tuple[str, ...], by: str | None, url: str | None, as_json: bool) -> None:
    """Take what you were offered."""
    _act("accept", number, text, by, url, as_json=as_json)


@incident.command()
@click.argument("number", type=click.IntRange(1, MOST))
@click.argument("to")
@click.argument("text", nargs=-1)
@_by
@with_server
def reassign(
    number: int, to: str, text: tuple[str, ...], by: str | None, url: str | None, as_json: bool
) -> None:
    """Offer it to somebody, who must accept; you have it until then."""
    _act("reassign", number, text, by, url, as_json=as_json, to=to)


@click.command()
@click.option("--user", "-u", required=True, help="whom it is about")
@click.option("--since", default=None, metavar="INSTANT", help="RFC 3339; default a day ago")
@with_server
def explain_user(user: str, since: str | None, url: str | None, as_json: bool) -> None:
    """Say why somebody was, or was not, paged."""
    query = {"since": instant(since).isoformat()} if since else {}
    found = get(url, f"/api/v1/people/{user}/pages", **query)
    if as_json:
        show_json(found)
        return
    for each in found:
        _say(f"{shown(each['at'])}  #{each['incident']} {each['title']}", f"    {each['text']}")
    if not found:
        _say(f"Nobody was paged, so {user} was not either.")


@click.command()
@click.argument("user")
@click.option(
    "--test", "test", is_flag=True, help="must be given: a page for nothing is never sent by mistake"
)
@click.option("--contact", default="", help="which contact, such as call; default the first")
@with_server
def page(user: str, test: bool, contact: str, url: str | None, as_json: bool) -> None:
    """Page somebody to see whether it works; exits 3 when it was not delivered."""
    if not test:
        raise click.UsageError("only test pages can be sent by hand; add --test")
    key = post(url, f"/api/v1/people/{user}/test-page", {"contact": contact})["key"]
    found = _delivered(url, key)
    if as_json:
        show_json(found)
    elif found["state"] == "delivered":
        _say(f"Delivered to {user}, at attempt {found['attempts']}.")
    else:
        _say(f"Not delivered to {user} so far ({found['state']}): {found['last_error'] or 'no answer yet'}")
    if found["state"] != "delivered":
        sys.exit(Exit.ERRORED)


def _delivered(url: str | None, key: str) -> Any:
    found: Any = {}
    for _ in range(LOOKS):
        found = get(url, f"/api/v1/messages/{key}")
        if found["state"] in ("delivered", "dead"):
            break
        time.sleep(PAUSE)
    return found


def _act(
    kind: str,
    number: int,
    text: Iterable[str],
    by: str | None,
    url: str | None,
    *,
    as_json: bool,
    to: str = "",
) -> None:
    body = {"by": by or login("--by"), "text": " ".join(text), "to": to}
    done = post(url, f"/api/v1/incidents/{number}/{kind}", body)
    refusal = done.get("refusal")
    if as_json:
        show_json(done)
    elif refusal:
        _say(f"#{number}: {REFUSALS.get(refusal, refusal)}")
    else:
        when = "" if done["applied"] else "; it is kept, and will be applied in a moment"
        _say(f"#{number}: done ({kind} by {body['by']}){when}")
    if refusal:
        sys.exit(Exit.ERRORED)


def _holder(each: Any) -> str:
    if each.get("holder"):
        return f"{each['holder']} has it"
    return "nobody has it" if each["state"] == "triggered" else ""


def _next(each: Any) -> str:
    return f"escalates at {shown(each['escalates_at'])}" if each.get("escalates_at") else ""


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(visible(line))
