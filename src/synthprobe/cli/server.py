"""Asks a running server: over HTTP, for the commands that need one."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

import click
import httpx
import msgspec

from synthprobe.cli.exits import Exit
from synthprobe.cli.visible import visible
from synthprobe.settings.declared import SERVER_URL
from synthprobe.settings.loading import environment

URL = "http://127.0.0.1:8080"
"""Where `synthprobe serve` listens unless told otherwise."""

WAITS = 15.0
"""Seconds for an answer."""

Function = TypeVar("Function", bound=Callable[..., object])


def with_server(function: Function) -> Function:
    """Add `--url` and `--json`."""
    return with_url(click.option("--json", "as_json", is_flag=True, help="stable JSON")(function))


def with_url(function: Function) -> Function:
    """Add `--url`."""
    text = f"where the server answers (SYNTHPROBE_URL) [default: {URL}]"
    return click.option("--url", default=None, help=text)(function)


def get(url: str | None, path: str, missing: str = "", **query: str | list[str]) -> Any:
    """What a GET answers with; leaves with one line where it answers with a fault, `missing` where with nothing at all."""
    return _ask(url, "GET", path, missing, params=query)


def post(url: str | None, path: str, body: Mapping[str, Any], **query: str) -> Any:
    """What a POST answers with; leaves with one line where it answers with a fault."""
    return _ask(url, "POST", path, json=body, params=query)


def delete(url: str | None, path: str, missing: str = "") -> Any:
    """What a DELETE answers with; leaves with one line where it answers with a fault, `missing` where with nothing at all."""
    return _ask(url, "DELETE", path, missing)


def show_json(answer: Any) -> None:
    """Print an answer as it came."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def _ask(url: str | None, method: str, path: str, missing: str = "", **more: Any) -> Any:
    base = (url or environment().get(SERVER_URL) or URL).rstrip("/")
    try:
        answer = httpx.request(method, f"{base}{path}", timeout=WAITS, trust_env=False, **more)
        body = answer.json() if answer.content else None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        _leave(f"{base} is no URL of a server, such as {URL}; write it with --url")
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        _leave(
            f"no server answers at {base}: {reason}; start it with `synthprobe serve`, or name it with --url",
            Exit.ERRORED,
        )
    except ValueError:
        _leave(f"what answers at {base} is no synthprobe server; name it with --url")
    if answer.is_success or answer.status_code == httpx.codes.CONFLICT:
        return body
    return _leave(visible(_said(body) or missing or f"it answered {answer.status_code}"))


def _said(body: Any) -> str:
    """Why a server refuses: our own API's words, or Alertmanager's, which are bare at times."""
    if isinstance(body, dict):
        body = body.get("detail") or body.get("message")
    return str(body or "")


def _leave(why: str, code: Exit = Exit.USAGE) -> NoReturn:
    click.echo(f"synthprobe: {why}", err=True)
    sys.exit(code)
