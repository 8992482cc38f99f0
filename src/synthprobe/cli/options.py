"""The settings as command-line options, and how their faults are shown."""

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from synthprobe.cli.exits import Exit
from synthprobe.files.problems import FileProblems
from synthprobe.settings.declared import SETTINGS
from synthprobe.settings.loading import Loaded, SettingsError, environment, load

Function = TypeVar("Function", bound=Callable[..., object])


def with_settings(*names: str) -> Callable[[Function], Function]:
    """Add one option for each named setting (all where none is named)."""

    def decorate(function: Function) -> Function:
        for setting in reversed(SETTINGS):
            if not names or setting.name in names:
                shown = f" [default: {setting.default}]" if setting.default else ""
                text = f"{setting.description} ({setting.variable}){shown}"
                option = click.option(setting.flag, setting.name, default=None, help=text)
                function = option(function)
        return function

    return decorate


def settings_from(flags: dict[str, str | None]) -> Loaded:
    """Settings from the options given; exits 1 with every fault in words."""
    try:
        return load(flags, environment())
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"synthprobe: {fault}", err=True)
        sys.exit(Exit.USAGE)


def other_routes(error: OSError) -> str:
    """What to do about a routes file that cannot be read."""
    named = "name another with --routes"
    return (
        f"write one with `synthprobe new routes`, or {named}"
        if isinstance(error, FileNotFoundError)
        else named
    )


def refuse(error: FileProblems) -> None:
    """Print every problem of every file and exit 2."""
    for problem in error.problems:
        click.echo(str(problem), err=True)
    sys.exit(Exit.INVALID)
