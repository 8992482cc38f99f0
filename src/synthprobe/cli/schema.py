"""`synthprobe schema`: the JSON Schemas that the files are checked against, for editors."""

import click
import msgspec

from synthprobe.files.fragment_shape import fragment_schema
from synthprobe.files.probe_shape import probe_schema
from synthprobe.files.routes_shape import routes_schema

SCHEMAS = {"probe": probe_schema, "fragment": fragment_schema, "routes": routes_schema}


@click.command()
@click.argument("kind", type=click.Choice(list(SCHEMAS)))
def schema(kind: str) -> None:
    """Print the JSON Schema (draft 2020-12) of probe files, of fragments or of the routes file."""
    click.echo(msgspec.json.format(msgspec.json.encode(SCHEMAS[kind]()), indent=2).decode())
