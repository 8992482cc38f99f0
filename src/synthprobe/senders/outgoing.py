"""What a sender makes of a notification, and how it reads the answer; all of it pure but for the secrets passed in."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration


class Outgoing(Struct, frozen=True):
    """One HTTP request; its URL may be a secret and is never shown."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Outgoing({self.method} <secret>, {len(self.body)} bytes)"


class LogLine(Struct, frozen=True):
    """One line for the log."""

    text: str


Secrets = Callable[[str], str]
"""Reads the file an option names, such as `url_file`; raises OSError."""

Render = Callable[[Notification, Integration, Secrets], Outgoing | LogLine]


class Sender(Struct, frozen=True):
    """One kind of receiver."""

    render: Render
    refusal: Callable[[int, bytes], str | None]
    """Why an answer (status, body) is no delivery; None when it is one."""


class Unrenderable(Exception):
    """A message could not be made: a secret cannot be read, or an option is missing; the text names it."""


def secret_option(integration: Integration, name: str, secrets: Secrets) -> str:
    """The option `name`, or the content of the file that `name_file` names, read anew each time. Raises `Unrenderable`."""
    value = integration.options.get(name)
    if isinstance(value, str):
        return value
    file = integration.options.get(f"{name}_file")
    if not isinstance(file, str):
        raise Unrenderable(f"{integration.kind}[{integration.index}] has neither {name} nor {name}_file")
    try:
        return secrets(file).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Unrenderable(f"{name}_file {file} cannot be read: {reason}") from error


def http_refusal(status: int, body: bytes) -> str | None:
    """Only 2xx is a delivery; anything else is told with the beginning of the answer."""
    if 200 <= status < 300:
        return None
    said = " ".join(body[:200].decode("utf-8", "replace").split())
    return f"answered {status}: {said}" if said else f"answered {status}"
