"""`synthprobe config`: what is in force and where it came from."""

import click
from rich.console import Console
from rich.table import Table

from synthprobe.cli.options import settings_from, with_settings
from synthprobe.settings.loading import environment, telemetry_entries


@click.command()
@with_settings()
def config(**flags: str | None) -> None:
    """Print every setting in force, and where it came from; secrets are hidden."""
    loaded = settings_from(flags)
    table = Table("setting", "value", "from", "set it with", box=None, pad_edge=False)
    for entry in loaded.entries:
        table.add_row(entry.name, entry.value or "-", entry.origin.value, f"{entry.flag} or {entry.variable}")
    for name, value in telemetry_entries(environment()):
        table.add_row(name, value, "environment", "OpenTelemetry")
    Console(soft_wrap=True).print(table)
