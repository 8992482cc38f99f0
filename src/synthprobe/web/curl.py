"""A request as a command to copy; it is made of what is shown, so secrets are as redacted here as there."""

import shlex
from collections.abc import Iterator

from synthprobe.core.exchanges import Exchange

_CURL_SETS = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})


def command(exchange: Exchange) -> str:
    """A curl command, one option a line."""
    return " \\\n  ".join(_parts(exchange))


def _parts(exchange: Exchange) -> Iterator[str]:
    yield f"curl -i -X {shlex.quote(exchange.method)} {shlex.quote(exchange.url)}"
    for name, value in exchange.request_headers:
        if name.lower() not in _CURL_SETS:
            yield f"-H {shlex.quote(f'{name}: {value}')}"
    if exchange.request_body:
        yield f"--data-raw {shlex.quote(exchange.request_body)}"
