"""`synthprobe halt`: no new run starts, on any agent that looks at the same file, until it is taken back."""

import click

from synthprobe import clock
from synthprobe.cli.login import login
from synthprobe.cli.options import settings_from, with_settings
from synthprobe.files.halting import Halt, halt_in, remove, write


@click.command()
@click.option("--resume", is_flag=True, help="let runs start again")
@click.option("--reason", default="", help="why, for those who see that nothing runs")
@click.option("--by", default=None, help="who says so [default: your login]")
@with_settings("store", "halt")
def halt(*, resume: bool, reason: str, by: str | None, **flags: str | None) -> None:
    """Stop new runs at once; what runs goes on to its end, and undo goes on. Survives restarts."""
    file = settings_from(flags).settings.halt
    if resume:
        click.echo("runs start again" if remove(file) else "nothing was halted")
        return
    known = halt_in(file)
    if known is None:
        write(file, Halt(by or login("--by"), clock.system().now(), reason))
    click.echo(f"{halt_in(file) or known}; `synthprobe halt --resume` lets runs start again")
