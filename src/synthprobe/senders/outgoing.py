"""What a sender makes of a notification, and how it reads the answer; all of it pure but for the secrets passed in."""

from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from synthprobe.core.notifications import Notification
from synthprobe.core.routes import Integration


class Outgoing(Struct, frozen=True):
    """One HTTP request; its URL and headers may hold secrets and are never shown."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    stamped: Callable[[datetime], Mapping[str, str]] | None = None
    """Further headers that depend on when it is sent: a signature."""

    def __repr__(self) -> str:
        return f"Outgoing({self.method} <secret>, {len(self.body)} bytes)"


class LogLine(Struct, frozen=True):
    """One line for the log."""

    text: str


class Letter(Struct, frozen=True):
    """One mail, and the server that takes it."""

    host: str
    port: int
    tls: str
    """starttls, tls (from the first byte) or off."""
    username: str
    password: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    def __repr__(self) -> str:
        return f"Letter({self.host}:{self.port}, {len(self.content)} bytes)"


class Shout(Struct, frozen=True):
    """One message to an Apprise URL, which is a secret."""

    url: str
    title: str
    body: str
    mood: str
    """How grave it is, in Apprise's words: info, success, warning, failure."""

    def __repr__(self) -> str:
        return f"Shout(<secret>, {self.title!r})"


class Answer(Struct, frozen=True):
    """What one attempt brought."""

    status: int | None = None
    body: bytes = b""
    failure: str = ""
    """Why there is no answer, in words."""
    arrived: bool = True
    """False when it is proven that the receiver got nothing."""
    retry_after: timedelta | None = None
    final: bool = False
    """Whether no repeat would change it."""


Talk: TypeAlias = Generator[Outgoing, Answer, str | None]
"""Several requests, each after the answer to the one before; ends with why it is no delivery, None when it is one."""

Made: TypeAlias = Outgoing | LogLine | Letter | Shout | Talk

Secrets = Callable[[str], str]
"""Reads the file that an option names, such as `url_file`, or with `env:` before it a variable; raises OSError."""

Render = Callable[[Notification, Integration, Secrets], Made]


class Sender(Struct, frozen=True):
    """One kind of receiver."""

    render: Render
    refusal: Callable[[int, bytes], str | None]
    """Why an answer (status, body) is no delivery; None when it is one. Of a kind that is no HTTP it is never asked."""
    final: frozenset[int] = frozenset()
    """Statuses that no repeat would change: the message is given up at once, so that somebody else hears of it."""


class Unrenderable(Exception):
    """A message could not be made: a secret cannot be read, or an option is missing; the text names it."""


def secret_option(integration: Integration, name: str, secrets: Secrets) -> str:
    """The option `name`, or what the file of `name_file` or the variable of `name_env` holds. Raises `Unrenderable`.

    Files and variables are read anew each time, so that a secret can be changed under way.
    """
    value = integration.options.get(name)
    if isinstance(value, str):
        return value
    for source, prefix in (("file", ""), ("env", "env:")):
        named = integration.options.get(f"{name}_{source}")
        if isinstance(named, str):
            return read_secret(f"{name}_{source}", prefix + named, secrets)
    raise Unrenderable(f"{integration.name} has neither {name} nor {name}_file")


def read_secret(option: str, named: str, secrets: Secrets) -> str:
    """What a file or variable holds. Raises `Unrenderable`."""
    try:
        return secrets(named).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Unrenderable(f"{option} {named.removeprefix('env:')} cannot be read: {reason}") from error


def text_option(integration: Integration, name: str, default: str = "") -> str:
    """An option that is text."""
    value = integration.options.get(name, default)
    return value if isinstance(value, str) else default


def http_refusal(status: int, body: bytes) -> str | None:
    """Only 2xx is a delivery; anything else is told with the beginning of the answer."""
    if 200 <= status < 300:
        return None
    said = " ".join(body[:200].decode("utf-8", "replace").split())
    return f"answered {status}: {said}" if said else f"answered {status}"
