"""Who types: their login on this machine, where it knows any."""

import getpass

import click


def login(option: str) -> str:
    """The name somebody is logged in with; where there is none (a container's bare user id), `option` must say it."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError) as error:
        raise click.UsageError(
            f"this machine knows no name for you: say who you are with {option}"
        ) from error
