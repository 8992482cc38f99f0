"""Asks a running server: over HTTP, for the commands that need one."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import click
import httpx
import msgspec

from synthprobe import settings
from synthprobe.cli.exits import Exit
from synthprobe.cli.visible import visible

URL = "http://127.0.0.1:8080"
"""Where `synthprobe serve` listens unless told otherwise."""

WAITS = 15.0
"""Seconds for an answer."""

Function = TypeVar("Function", bound=Callable[..., object])


def with_server(function: Function) -> Function:
    """Add `--url` and `--json`."""
    function = click.option("--json", "as_json", is_flag=True, help="stable JSON")(function)
    text = f"where the server answers (SYNTHPROBE_URL) [default: {URL}]"
    return click.option("--url", default=None, help=text)(function)


def get(url: str | None, path: str, **query: str) -> Any:
    """What a GET answers with; leaves with one line where it answers with a fault."""
    return _ask(url, "GET", path, params=query)


def post(url: str | None, path: str, body: Mapping[str, Any]) -> Any:
    """What a POST answers with; leaves with one line where it answers with a fault."""
    return _ask(url, "POST", path, json=body)


def delete(url: str | None, path: str) -> Any:
    """What a DELETE answers with; leaves with one line where it answers with a fault."""
    return _ask(url, "DELETE", path)


def show_json(answer: Any) -> None:
    """Print an answer as it came."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def _ask(url: str | None, method: str, path: str, **more: Any) -> Any:
    base = (url or settings.environment().get(settings.SERVER_URL) or URL).rstrip("/")
    try:
        answer = httpx.request(method, f"{base}{path}", timeout=WAITS, trust_env=False, **more)
        body = answer.json()
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        _leave(f"{base} is no URL of a server, such as {URL}; write it with --url")
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        _leave(
            f"no server answers at {base}: {reason}; start it with `synthprobe serve`, or name it with --url"
        )
    except ValueError:
        _leave(f"what answers at {base} is no synthprobe server; name it with --url")
    if answer.is_success or answer.status_code == httpx.codes.CONFLICT:
        return body
    said = body.get("detail") if isinstance(body, dict) else None
    return _leave(visible(str(said or f"answered {answer.status_code}")))


def _leave(why: str) -> NoReturn:
    click.echo(f"synthprobe: {why}", err=True)
    sys.exit(Exit.USAGE)
