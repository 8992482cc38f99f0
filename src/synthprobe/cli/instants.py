"""Instants on the command line."""

from datetime import UTC, datetime

import click

from synthprobe import clock

_YEARS = range(1900, 2201)


def shown(text: str) -> str:
    """An instant of the server's as people read it: to the second."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def instant(text: str | None) -> datetime:
    """An instant as somebody typed it, in UTC; now where they typed none."""
    if text is None:
        return clock.system().now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"{text!r} is not an RFC 3339 instant such as 2026-07-01T09:00:00Z") from error
    if found.tzinfo is None:
        raise click.UsageError(f"{text!r} names no zone; add Z or an offset")
    if found.year not in _YEARS:
        raise click.UsageError(f"{text!r}: the year is not one of {_YEARS[0]} to {_YEARS[-1]}")
    return found.astimezone(UTC)
