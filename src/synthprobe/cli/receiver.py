"""`synthprobe receiver …`: ask whether a receiver can be reached."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import click

from synthprobe import clock
from synthprobe.app.trying import Tried, try_receiver
from synthprobe.cli.exits import Exit
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.cli.routes import read
from synthprobe.cli.visible import visible
from synthprobe.core.spelling import suggestion
from synthprobe.settings.loading import environment


@click.group()
def receiver() -> None:
    """Ask whether a receiver can be reached."""


@receiver.command("test")
@click.argument("name")
@with_settings("routes", "public_url", "listen", "allow_loopback")
def test(name: str, **flags: str | None) -> None:
    """Send a test message by each way out of a receiver, and that it is over; no server is needed.

    It needs what the router has: the files and variables that hold secrets. Exit 0 when all was taken, 4 when not.
    """
    chosen = settings_from(flags).settings
    known = read(chosen.routes).receivers
    if name not in known:
        hint = suggestion(name, known)
        raise click.UsageError(f"there is no receiver {name!r} in {chosen.routes}; {hint}")
    if not known[name].integrations:
        raise click.UsageError(f"receiver {name!r} has no way out: nobody is told")
    with _quiet():
        tried = anyio.run(
            lambda: try_receiver(
                known[name],
                chosen.routes.parent,
                environment(),
                clock.system(),
                public_url=chosen.public_url,
                loopback=chosen.allow_loopback,
            ),
            backend_options={"use_uvloop": sys.platform != "win32"},
        )
    for each in tried:
        click.echo(_line(each))
    sys.exit(Exit.FAILED if any(each.refused is not None for each in tried) else Exit.OK)


@contextmanager
def _quiet() -> Iterator[None]:
    """What is wrong is printed, and libraries say it less well on the log."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _line(tried: Tried) -> str:
    told = "taken" if tried.refused is None else visible(tried.refused)
    return f"{'✓' if tried.refused is None else '✗'} {tried.way} {tried.kind}: {told}"
